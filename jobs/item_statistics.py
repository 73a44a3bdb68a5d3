"""How many units hold each item, and what else those units hold."""

from datetime import date

from alsobought.copurchase import item_statistics as step
from alsobought.copurchase.engine.pipeline import PackedBaskets, pack_purchases
from alsobought.copurchase.settings import Baskets
from alsobought.runtime.job import Job, Prepare
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES, RETURNED_PURCHASES


class Params(Settings):
    baskets: Baskets


def item_statistics(prepared: PackedBaskets, params: Params, as_of: date) -> Outcome:
    """Count the baskets of the look-back window per item, for every unit."""
    return step.item_statistics(prepared)


JOB = Job(
    item_statistics,
    Params,
    {"purchases": PURCHASES, "returned": RETURNED_PURCHASES},
    ITEM_STATISTICS,
    as_files=("purchases", "returned"),
    prepare=Prepare(pack_purchases, ("baskets",)),
)

if __name__ == "__main__":
    main(JOB)
