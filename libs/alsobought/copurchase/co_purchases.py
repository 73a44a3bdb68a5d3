"""The step of co_purchases: the best candidates of every item, counted by the engine."""

from alsobought.copurchase.engine import pipeline
from alsobought.copurchase.engine.pipeline import PackedBaskets
from alsobought.copurchase.engine.stages import cost
from alsobought.copurchase.gamma_poisson import in_words
from alsobought.copurchase.prior_fit import FEWEST_PAIRS, MarketPriors
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
    plan = pipeline.with_priors(plan, lists)
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
        *(
            priors_in_words(unit.name, relation, priors)
            for unit, of_unit in zip(packed.layout.units, plan.priors, strict=False)
            for relation, priors in of_unit.items()
        ),
    ]
    return Outcome(rows, notes=notes)


def priors_in_words(unit: str, relation: str, priors: MarketPriors) -> str:
    """The prior of all markets, and what it was fitted to, in a sentence."""
    of_them = f"{priors.pairs:,} pairs of some items"
    if priors.pairs < FEWEST_PAIRS:
        of_them = f"the usual one, for {priors.pairs:,} pairs are too few"
    return f"prior of N/E by {unit}, {relation}: {in_words(priors.overall)}; {of_them}"
