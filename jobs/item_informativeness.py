"""How much better than bestsellers an item's list has predicted what its buyers bought later."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame

from alsobought.recommend.item_lists import item_informativeness as step
from alsobought.recommend.item_lists.settings import ItemInformativeness
from alsobought.runtime.job import EarlierDays, Job
from alsobought.runtime.run import main
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import ITEM_INFORMATIVENESS
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import DatedRows


def item_informativeness(
    purchases: DataFrame,
    returned: DataFrame | None,
    lists: DatedRows,
    params: ItemInformativeness,
    as_of: date,
) -> Outcome:
    """Compare the lists of an earlier day with bestsellers by what customers bought since."""
    return step.item_informativeness(purchases, returned, lists.rows, params, as_of)


def days_of_lists(params: ItemInformativeness, as_of: date) -> Sequence[date]:
    """The one day whose lists are read."""
    return [step.lists_day(params, as_of)]


JOB = Job(
    item_informativeness,
    ItemInformativeness,
    {"purchases": PURCHASES, "returned": RETURNED_PURCHASES, "lists": RELATED_ITEMS},
    ITEM_INFORMATIVENESS,
    earlier=EarlierDays(("lists",), days_of_lists),
)

if __name__ == "__main__":
    main(JOB)
