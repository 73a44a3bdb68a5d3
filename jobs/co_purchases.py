"""The best candidates of every item, with how often they were bought together and were expected."""

from datetime import date

from alsobought.copurchase import co_purchases as step
from alsobought.copurchase.counted_purchases import counted_purchases
from alsobought.copurchase.engine.pipeline import PackedBaskets
from alsobought.copurchase.settings import CoPurchases, Counted
from alsobought.runtime.job import Job, Prepare
from alsobought.runtime.run import main
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES


def co_purchases(prepared: PackedBaskets, params: CoPurchases, as_of: date) -> Outcome:
    """Count the pairs of each basket, and keep each item's best candidates under every metric."""
    return step.co_purchases(prepared, params)


JOB = Job(
    co_purchases,
    CoPurchases,
    {"purchases": PURCHASES, "returned": RETURNED_PURCHASES, "catalogue": ITEMS},
    CO_PURCHASES,
    as_files=("purchases", "returned"),
    only_with={"catalogue": ("items.exclude.attributes",)},
    prepare=Prepare(counted_purchases, Counted),
)

if __name__ == "__main__":
    main(JOB)
