"""Lists of items that few have bought yet: their own evidence, blended with that of their likes."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.recommend.item_lists import cold_start_items as step
from alsobought.recommend.item_lists.settings import ColdStartItems
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS
from alsobought.tables.recommend import COLD_START_ITEMS
from alsobought.tables.related import RELATED_ITEMS


def cold_start_items(
    lists: DataFrame,
    statistics: DataFrame,
    catalogue: DataFrame,
    params: ColdStartItems,
    as_of: date,
) -> Outcome:
    """Borrow evidence from items of the same brand and category until purchases speak."""
    return step.cold_start_items(lists, statistics, catalogue, params)


JOB = Job(
    cold_start_items,
    ColdStartItems,
    {"lists": RELATED_ITEMS, "statistics": ITEM_STATISTICS, "catalogue": ITEMS},
    COLD_START_ITEMS,
)

if __name__ == "__main__":
    main(JOB)
