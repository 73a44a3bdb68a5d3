"""How often, and after how long, the customers of an item buy it again."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.recommend.baselines import repeat_purchases as step
from alsobought.recommend.baselines.product_lines import Purchased
from alsobought.recommend.baselines.settings import RepeatPurchases
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import REPEAT_PURCHASES

READS = {"purchases": PURCHASES, "returned": RETURNED_PURCHASES, "items": ITEMS}


def repeat_purchases(params: RepeatPurchases, as_of: date, **tables: DataFrame) -> Outcome:
    """Estimate each item's repeat probability, gaps and rates from customers' days of purchase."""
    return step.repeat_purchases(Purchased(**tables), params, as_of)


JOB = Job(
    repeat_purchases,
    RepeatPurchases,
    READS,
    REPEAT_PURCHASES,
    only_with={"items": ("items.exclude.attributes",)},
)

if __name__ == "__main__":
    main(JOB)
