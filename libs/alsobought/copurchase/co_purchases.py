"""The step of co_purchases: the best candidates of every item, counted by the engine."""

from datetime import date

from alsobought.copurchase.engine import pipeline
from alsobought.copurchase.engine.stages import cost
from alsobought.copurchase.settings import CoPurchases
from alsobought.tables.outcome import Outcome
from alsobought.tables.stored import Stored


def co_purchases(purchases: Stored, settings: CoPurchases, as_of: date) -> Outcome:
    """Each item's best candidates under every metric, for every unit, market and relation.

    Out:   `co_purchases`; its notes are the pairs of every unit, the scan, and the plan's cost.
    Cost:  one scan of the window and the packing of its baskets before this returns; the count of
           the pairs when the rows are written.
    Raises JobError for an empty window, and where the items need more memory than a task may take.
    """
    baskets, lists = settings.baskets, settings.lists
    packed = pipeline.pack_purchases(purchases, baskets, as_of)
    plan = pipeline.plan_blocks(packed, lists.min_support, settings.task_memory_mb << 20)
    rows = pipeline.count_co_purchases(plan, lists, settings.candidates)
    costs = pipeline.estimate_costs(plan, settings.candidates * len(lists.metrics))
    caps = [unit.max_items for unit in packed.layout.units]
    notes = [
        *map(cost.pairs_in_words, costs, caps),
        f"lines scanned, {len(packed.items):,} items numbered in {packed.scan_seconds:.1f} s",
        cost.cost_in_words(costs, plan.cores),
    ]
    return Outcome(rows, notes=notes)
