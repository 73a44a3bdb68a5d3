"""How many units hold each item, and what else those units hold."""

from datetime import date

from pydantic import BaseModel, ConfigDict
from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row

from alsobought.copurchase import baskets
from alsobought.copurchase.settings import Baskets
from alsobought.copurchase.statistics import item_statistics as statistics_of
from alsobought.runtime.job import Job, Outcome
from alsobought.runtime.run import main
from alsobought.tables import ITEM_STATISTICS, PURCHASES


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    baskets: Baskets


def item_statistics(purchases: DataFrame, params: Params, as_of: date) -> Outcome:
    """Count the baskets of the look-back window per item, for every unit."""
    held = baskets.all_units(purchases, params.baskets, as_of)
    held.persist(StorageLevel.DISK_ONLY)  # read twice: for the account, then for the statistics

    def judge(row: Row) -> list[str]:
        return baskets.told(row, params.baskets, as_of)

    return Outcome(statistics_of(held), baskets.account(held), judge)


JOB = Job(item_statistics, Params, {"purchases": PURCHASES}, ITEM_STATISTICS)

if __name__ == "__main__":
    main(JOB)
