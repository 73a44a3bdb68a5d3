"""How many units hold each item, and what else those units hold."""

from datetime import date

from alsobought.copurchase import item_statistics as step
from alsobought.copurchase.counted_purchases import counted_purchases
from alsobought.copurchase.engine.pipeline import PackedBaskets
from alsobought.copurchase.settings import Counted
from alsobought.runtime.job import Job, Prepare
from alsobought.runtime.run import main
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES


def item_statistics(prepared: PackedBaskets, params: Counted, as_of: date) -> Outcome:
    """Count the baskets of the look-back window per item, for every unit."""
    return step.item_statistics(prepared)


JOB = Job(
    item_statistics,
    Counted,
    {"purchases": PURCHASES, "returned": RETURNED_PURCHASES, "catalogue": ITEMS},
    ITEM_STATISTICS,
    as_files=("purchases", "returned"),
    only_with={"catalogue": ("items.exclude.attributes",)},
    prepare=Prepare(counted_purchases, Counted),
)

if __name__ == "__main__":
    main(JOB)
