"""The best candidates of every item, with how often they were bought together and were expected."""

from datetime import date

from pydantic import BaseModel, ConfigDict
from pyspark.sql import DataFrame

from alsobought.copurchase import baskets, join
from alsobought.copurchase.settings import Baskets, Count, Lists
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables import CO_PURCHASES, ITEM_STATISTICS, PURCHASES


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    baskets: Baskets
    lists: Lists
    candidates: Count
    """Kept per item and metric; more than top_k, so that delisted items leave no gap."""


def co_purchases(
    purchases: DataFrame, statistics: DataFrame, params: Params, as_of: date
) -> DataFrame:
    """Count the pairs of each basket, and keep each item's best candidates under every metric."""
    held = baskets.all_units(purchases, params.baskets, as_of)
    pairs = join.pair_counts(held, params.lists.min_support)
    evidence = join.with_evidence(pairs, statistics)
    return join.candidates(evidence, params.lists, params.candidates)


JOB = Job(
    co_purchases,
    Params,
    {"purchases": PURCHASES, "statistics": ITEM_STATISTICS},
    CO_PURCHASES,
)

if __name__ == "__main__":
    main(JOB)
