"""The best candidates of every item, with how often they were bought together and were expected."""

from datetime import date

from alsobought.copurchase.engine import pipeline as engine
from alsobought.copurchase.engine.stages import cost
from alsobought.copurchase.settings import Baskets, Lists
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Count, Settings
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.stored import Stored


class Params(Settings):
    baskets: Baskets
    lists: Lists
    candidates: Count
    """Kept per item and metric; more than top_k, so that delisted items leave no gap."""
    task_memory_mb: Count
    """What the arrays of one counting task may take."""


def co_purchases(purchases: Stored, params: Params, as_of: date) -> Outcome:
    """Count the pairs of each basket, and keep each item's best candidates under every metric."""
    packed = engine.packed(purchases, params.baskets, as_of)
    plan = engine.planned(packed, params.lists.min_support, params.task_memory_mb << 20)
    rows = engine.co_purchases(plan, params.lists, params.candidates)
    looks = cost.outlooks(plan, params.candidates * len(params.lists.metrics))
    notes = [cost.told(own, params.baskets) for own in looks]
    numbered = f"lines scanned, {len(packed.items):,} items numbered in {packed.scan_seconds:.1f} s"
    return Outcome(rows, notes=[*notes, numbered, cost.planned(looks, plan.cores)])


JOB = Job(co_purchases, Params, {"purchases": PURCHASES}, CO_PURCHASES, as_files=("purchases",))

if __name__ == "__main__":
    main(JOB)
