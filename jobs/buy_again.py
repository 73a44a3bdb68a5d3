"""What each customer is likely to buy again, by each model of the time of the next purchase."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.recommend.baselines import buy_again as step
from alsobought.recommend.baselines.product_lines import Purchased
from alsobought.recommend.baselines.settings import BuyAgain
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import BUY_AGAIN, REPEAT_PURCHASES

READS = {
    "purchases": PURCHASES,
    "returned": RETURNED_PURCHASES,
    "items": ITEMS,
    "repeats": REPEAT_PURCHASES,
}


def buy_again(params: BuyAgain, as_of: date, **tables: DataFrame) -> Outcome:
    """Score what each customer has bought by each model; keep the best available items."""
    repeats = tables.pop("repeats")
    return step.buy_again(Purchased(**tables), repeats, params, as_of)


JOB = Job(buy_again, BuyAgain, READS, BUY_AGAIN)

if __name__ == "__main__":
    main(JOB)
