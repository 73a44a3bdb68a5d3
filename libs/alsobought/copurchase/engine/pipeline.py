"""The engine from purchases to `item_statistics` and `co_purchases`, stage by stage.

Stages know nothing of each other's order: it is here, and so is what is kept between them.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from alsobought.compiled.array_types import Bools
from alsobought.copurchase.cell_bins import summed
from alsobought.copurchase.engine.layout import Layout, Scope, layout_of
from alsobought.copurchase.engine.stages import (
    cost,
    count,
    histograms,
    item_codes,
    lines,
    pack,
    partition,
    plan,
    prior_cells,
    replicate,
    totals,
)
from alsobought.copurchase.prior_fit import MarketPriors, fit_priors
from alsobought.copurchase.scores import SHRUNKEN
from alsobought.copurchase.settings import Baskets, Lists
from alsobought.days import days_before
from alsobought.errors import JobError
from alsobought.tables.outcome import WorkerRows
from alsobought.tables.stored import Stored

EVERYTHING = Scope()
NO_CELLS = summed([])


@dataclass(frozen=True)
class PackedBaskets:
    """The baskets of a window, packed and persisted, and what they hold in all.

    rows: as envelopes.PACKED has them; totals: of each unit, in the layout's order.
    """

    rows: DataFrame
    items: item_codes.Items
    layout: Layout
    totals: list[totals.Totals]
    scan_seconds: float
    pack_seconds: float
    """The scan included."""
    notes: list[str]
    """What was left out and what was counted together, in sentences."""

    @property
    def is_market(self) -> Bools:
        """Of each of the items' markets, whether it is one, and no group of markets."""
        return self.items.are_markets(self.layout.groups)

    def release(self) -> None:
        """Give back the memory and the disk that the baskets take."""
        self.rows.unpersist()


@dataclass(frozen=True)
class Plan:
    """Packed baskets, and for every unit which task is to count which items."""

    packed: PackedBaskets
    of_units: list[plan.BlockPlan]
    tasks: replicate.Tasks
    cores: int
    priors: Sequence[Mapping[str, MarketPriors]] = ()
    """Of each unit, by the name of the relation; none where no score asks for them."""


def pack_purchases(
    purchases: Stored,
    baskets: Baskets,
    as_of: date,
    returned: Stored | None = None,
    scope: Scope = EVERYTHING,
) -> PackedBaskets:
    """The baskets of the look-back window; they stay persisted until they are released.

    In:   `purchases`, and `returned_purchases` of the day where returns are told apart.
    Cost: one scan of the window; the lines are shuffled once as packed integers.
    Raises JobError for an empty window, where no line has a unit's id, and for a scope that does
    not fit the purchases.
    """
    cores = purchases.rows.sparkSession.sparkContext.defaultParallelism
    first = days_before(as_of, baskets.look_back_days)
    began = time.monotonic()
    window = lines.lines_of(purchases, returned, as_of, baskets.look_back_days)
    parts = partition.parts_for(window.at_most * (1 + len(scope.groups)), cores)
    layout = layout_of(baskets, parts, scope.groups)
    partitioned, bought = _partitioned(window, layout, first)
    scan_seconds = time.monotonic() - began
    if not len(bought):
        raise JobError(
            f"purchases has none in the {baskets.look_back_days:,} days before {as_of} ([baskets] "
            f"look_back_days): {_from_when_to_when(purchases)}."
        )
    items, notes = item_codes.in_scope(bought, scope)
    packed = _kept(pack.pack_baskets(partitioned, items, layout))
    totals_of_units = totals.collect_totals(packed, items, layout)
    partitioned.unpersist()
    without = [of_unit.unit for of_unit in totals_of_units if not of_unit.markets.lines.any()]
    if without:
        packed.unpersist()
        raise JobError(
            f"No purchase in the look-back window names its {without[0]}: take {without[0]} out of "
            f"units in [baskets], or map {without[0]}_id in [sources.purchases.columns]."
        )
    pack_seconds = time.monotonic() - began
    return PackedBaskets(packed, items, layout, totals_of_units, scan_seconds, pack_seconds, notes)


def plan_blocks(packed: PackedBaskets, support: int, task_bytes: int) -> Plan:
    """Which task counts what, each within `task_bytes`. Raises JobError where that cannot be.

    Cost: a pass over the packed baskets for every draft whose memory is worth an exact count.
    """
    cores = packed.rows.sparkSession.sparkContext.defaultParallelism
    items = packed.items
    item_bytes = plan.item_bytes(len(items), len(packed.totals), items.texts.nbytes)
    item_bytes += sum(map(plan.activity_bytes, packed.totals))
    limits = plan.Limits(support, cores, task_bytes, item_bytes)
    of_units = [_plan_unit(packed, unit, limits) for unit in range(len(packed.totals))]
    return Plan(packed, of_units, replicate.Tasks(of_units, cores), cores)


def count_co_purchases(planned: Plan, lists: Lists, per_item: int) -> WorkerRows:
    """Each item's best candidates under every metric, for every unit, market and relation.

    Out:  `co_purchases`, equal to the reference join's.
    Cost: baskets and their copies are shuffled as packed integers, pairs never. As `with_priors`,
    too, where the plan has none and a score takes them.
    """
    planned = with_priors(planned, lists)
    packed, tasks = planned.packed, planned.tasks
    replicated = replicate.replicate_baskets(packed.rows, packed.layout, planned.of_units, tasks)
    selection = count.selection_of(lists, per_item)
    return count.count_pairs(replicated, _facts(planned), packed.items, tasks, selection)


def with_priors(planned: Plan, lists: Lists) -> Plan:
    """The plan with the priors that the lists' scores take, where any does.

    Cost: a sample of the items (prior_cells.SHARE of the work) is counted beforehand: one more pass
    over the packed baskets. A fit of about a second for each unit and relation.
    """
    if planned.priors or not set(lists.metrics) & set(SHRUNKEN):
        return planned
    packed, support = planned.packed, lists.min_support
    units = zip(planned.of_units, packed.totals, strict=True)
    plans = [prior_cells.sampled(*of_unit, packed.items) for of_unit in units]
    sample = replace(planned, of_units=plans, tasks=replicate.Tasks(plans, planned.cores))
    replicated = replicate.replicate_baskets(packed.rows, packed.layout, plans, sample.tasks)
    cells = prior_cells.collect_cells(
        replicated, _facts(sample), packed.items, sample.tasks, support
    )
    markets = len(packed.items.market_names)
    priors = [
        {
            relation.name: fit_priors(cells.get((u, r), NO_CELLS), markets, support)
            for r, relation in enumerate(unit.relations)
        }
        for u, unit in enumerate(packed.layout.units)
    ]
    return replace(planned, priors=priors)


def _facts(planned: Plan) -> list[count.UnitFacts]:
    """What the counting tasks know of each unit."""
    packed, first_blocks = planned.packed, planned.tasks.first_blocks
    units = zip(packed.layout.units, packed.totals, planned.of_units, first_blocks, strict=True)
    facts = [count.facts_of(*of_unit, packed.items) for of_unit in units]
    if not planned.priors:
        return facts
    of_units = (
        {relation: priors.of_markets for relation, priors in of_unit.items()}
        for of_unit in planned.priors
    )
    return [replace(unit, priors=priors) for unit, priors in zip(facts, of_units, strict=True)]


def count_item_statistics(packed: PackedBaskets) -> WorkerRows:
    """`item_statistics`, equal to the reference's."""
    return histograms.statistics_of_items(packed.rows, packed.items, packed.totals, packed.layout)


def estimate_costs(planned: Plan, rows_per_item: int) -> list[cost.CostEstimate]:
    """The cost estimate of every unit; a list keeps at most `rows_per_item` rows."""
    packed = planned.packed
    all_lines = int(packed.items.lines.sum())
    units = zip(packed.layout.units, packed.totals, planned.of_units, strict=True)
    return [cost.estimate_cost(*of_unit, all_lines, rows_per_item) for of_unit in units]


def _from_when_to_when(purchases: Stored) -> str:
    """The days of all purchases, in a phrase. Cost: one scan of the times."""
    times = purchases.rows.selectExpr("date(min(purchased_at))", "date(max(purchased_at))")
    least, greatest = times.collect()[0]
    return f"it has them from {least} to {greatest}; choose a later or an earlier as-of day"


def _partitioned(
    window: lines.Lines, layout: Layout, first: date
) -> tuple[DataFrame, item_codes.Items]:
    """The window's lines by part, persisted, and their items, by the first salt that fits.

    Raises JobError for hashes of items that collide under every salt.
    """
    for salt in range(item_codes.SALTS):
        partitioned = _kept(partition.partition_lines(window, layout, first, salt))
        try:
            return partitioned, partition.collect_items(partitioned, layout, salt)
        except item_codes.Collision:
            partitioned.unpersist()
    raise JobError(f"Items share 64-bit hashes under {item_codes.SALTS} salts: report this.")


def _plan_unit(packed: PackedBaskets, unit: int, limits: plan.Limits) -> plan.BlockPlan:
    planner = plan.Planner(packed.totals[unit], packed.layout.units[unit], limits)
    draft = planner.first_draft()
    while True:
        if planner.should_count_copies(draft):
            copies = replicate.collect_copy_counts(packed.rows, packed.layout, unit, draft)
            draft = planner.with_copies(draft, copies)
        if planner.is_final(draft):
            return draft
        draft = planner.next_draft(draft)


def _kept(rows: DataFrame) -> DataFrame:
    """The rows, persisted: two stages read them. On disk, as a heap would fill up with them."""
    return rows.persist(StorageLevel.DISK_ONLY)
