"""What most customers of a market bought in the last days: what any other list must beat."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.recommend.baselines import bestsellers as step
from alsobought.recommend.baselines.product_lines import Purchased
from alsobought.recommend.baselines.settings import Bestsellers
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import BESTSELLERS

READS = {"purchases": PURCHASES, "returned": RETURNED_PURCHASES, "items": ITEMS}


def bestsellers(params: Bestsellers, as_of: date, **tables: DataFrame) -> Outcome:
    """Rank each market's available items by the customers who bought them in the last days."""
    return step.bestsellers(Purchased(**tables), params, as_of)


JOB = Job(bestsellers, Bestsellers, READS, BESTSELLERS)

if __name__ == "__main__":
    main(JOB)
