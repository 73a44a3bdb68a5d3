"""The step of co_purchases: the best candidates of every item, counted by the engine."""

from alsobought.copurchase.engine import pipeline
from alsobought.copurchase.engine.pipeline import PackedBaskets
from alsobought.copurchase.engine.stages import cost
from alsobought.copurchase.settings import CoPurchases
from alsobought.tables.outcome import Outcome


def co_purchases(packed: PackedBaskets, settings: CoPurchases) -> Outcome:
    """Each item's best candidates under every metric, for every unit, market and relation.

    In:    baskets packed by `settings.baskets`.
    Out:   `co_purchases`; its notes are the pairs of every unit, what was left out, how
           many lines have no unit, the scan, and the plan's cost.
    Cost:  the pairs are counted when the rows are written.
    Raises JobError where the items need more memory than a task may take.
    """
    lists = settings.lists
    plan = pipeline.plan_blocks(packed, lists.min_support, settings.task_memory_mb << 20)
    rows = pipeline.count_co_purchases(plan, lists, settings.candidates)
    costs = pipeline.estimate_costs(plan, settings.candidates * len(lists.metrics))
    caps = [unit.max_items for unit in packed.layout.units]
    warnings = map(cost.cap_warnings, packed.totals, caps)
    notes = [
        *map(cost.pairs_in_words, costs, caps),
        *(f"warning: {warning}" for of_unit in warnings for warning in of_unit),
        *packed.notes,
        *cost.lines_without_a_unit(
            packed.totals, packed.items.lines_of_markets(), packed.is_market
        ),
        f"lines scanned, {len(packed.items):,} items numbered in {packed.scan_seconds:.1f} s",
        cost.cost_in_words(costs, plan.cores, packed.pack_seconds),
    ]
    return Outcome(rows, notes=notes)
