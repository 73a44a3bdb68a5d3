"""What a run is going to take, known from its plan: pairs, blocks, bytes, memory and time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alsobought.compiled.array_types import Bools, Int64s
from alsobought.copurchase.engine.layout import CountedUnit
from alsobought.copurchase.engine.stages.pack import SIZE_CLASSES
from alsobought.copurchase.engine.stages.plan import BlockPlan
from alsobought.copurchase.engine.stages.totals import Totals

# core-seconds, measured on one machine (docs/benchmarks.md): a guide, not a promise
SECONDS_PER_LINE = 1.2e-6
SECONDS_PER_COPY = 3e-8
SECONDS_PER_PAIR = 5e-8
SECONDS_PER_ROW = 2.2e-6
# seconds of a run whatever its data: settings read, stages and workers started, files committed
PACKING_SECONDS = 7.0
COUNTING_SECONDS = 1.5
HEAVY_SHARE = 0.5
RARE_UNITS = 0.01
LOST_SHARE = 0.01  # 1.8% of the pairs, left out of two orders, moved an E by 54%


@dataclass(frozen=True)
class CostEstimate:
    """What one unit is expected to take; bytes, core-seconds, and pairs in any order."""

    unit: str
    units: int
    sampled_units: int
    pairs: int
    lost_pairs: int
    blocks: int
    heads: int
    shuffle_bytes: int
    task_bytes: int
    packing_seconds: float
    counting_seconds: float

    @property
    def core_seconds(self) -> float:
        """All that the cores work on the unit."""
        return self.packing_seconds + self.counting_seconds


def estimate_cost(
    unit: CountedUnit, totals: Totals, plan: BlockPlan, lines: int, rows_per_item: int
) -> CostEstimate:
    """The cost of counting a unit of `lines` lines; a list keeps at most `rows_per_item` rows."""
    by_size, relations = totals.by_size, len(unit.relations)
    mean_items = by_size.items / np.maximum(by_size.units, 1)
    copies = int((by_size.items * np.minimum(mean_items, plan.blocks)).sum())
    pairs = int(by_size.pairs.sum())
    candidates = totals.others[totals.buyers > 0]
    rows = int(np.minimum(rows_per_item, candidates).sum()) * relations
    counting = (
        copies * SECONDS_PER_COPY
        + 2 * pairs * relations * SECONDS_PER_PAIR
        + rows * SECONDS_PER_ROW
    )
    return CostEstimate(
        totals.unit,
        units=int(by_size.units.sum()),
        sampled_units=int(by_size.sampled_units.sum()),
        pairs=pairs,
        lost_pairs=int(by_size.pairs_before.sum()) - pairs,
        blocks=plan.blocks,
        heads=len(plan.heads),
        shuffle_bytes=lines * (20 if unit.is_timed else 16) + copies * 8,
        task_bytes=int(plan.task_bytes.max(initial=0)),
        packing_seconds=lines * SECONDS_PER_LINE,
        counting_seconds=counting,
    )


def pairs_in_words(cost: CostEstimate, cap: int) -> str:
    """The units, the pairs and the effect of the cap of `cap` items, in a sentence."""
    pairs = f"{cost.unit}: {cost.units:,} units, {cost.pairs:,} pairs"
    if not cost.sampled_units:
        return pairs
    share = cost.lost_pairs / (cost.pairs + cost.lost_pairs)
    return (
        f"{pairs}; {cost.sampled_units:,} units above max_items = {cap:,} were sampled, "
        f"which left out {cost.lost_pairs:,} pairs ({share:.1%})"
    )


def lines_without_a_unit(totals: Sequence[Totals], lines: Int64s, is_market: Bools) -> list[str]:
    """For each unit that some lines do not have, how many of all these are, in a sentence.

    `lines` are all of each market; it is a group, and they count elsewhere, unless `is_market`.
    """
    all_lines = int(lines[is_market].sum())
    counted = {of_unit.unit: int(of_unit.markets.lines[is_market].sum()) for of_unit in totals}
    sentences = []
    for unit, of_unit in counted.items():
        others = [other for other in counted if other != unit]
        instead = f"they count by {' and '.join(others)} only" if others else "they are left out"
        if of_unit < all_lines:
            share = f"{all_lines - of_unit:,} of {all_lines:,} lines"
            sentences.append(f"{share} have no {unit}: {instead}")
    return sentences


def run_seconds(costs: Sequence[CostEstimate], cores: int, packed_in: float) -> float:
    """How long a run of co_purchases takes, whose packing has taken `packed_in` seconds here.

    By as much as that was slower than on the machine of the figures above, with nothing else
    running on it, the counting will be.
    """
    packing = PACKING_SECONDS + sum(cost.packing_seconds for cost in costs) / cores
    counting = COUNTING_SECONDS + sum(cost.counting_seconds for cost in costs) / cores
    return packed_in + counting * max(1.0, packed_in / packing)


def cost_in_words(costs: Sequence[CostEstimate], cores: int, packed_in: float) -> str:
    """What all units together are expected to take, in a sentence to compare with the run."""
    return (
        f"plan: {sum(cost.blocks for cost in costs):,} blocks and "
        f"{sum(cost.heads for cost in costs):,} items on their own, "
        f"{sum(cost.shuffle_bytes for cost in costs) / 1e6:,.0f} MB to shuffle, "
        f"at most {max(cost.task_bytes for cost in costs) / 1e6:,.0f} MB a task, "
        f"about {run_seconds(costs, cores, packed_in):,.0f} s on {cores:,} cores"
    )


def pairs_by_size(totals: Totals) -> list[tuple[str, int, int, int, float]]:
    """Per size class of units: its name, units, pairs before and after the cap, share of pairs."""
    by_size = totals.by_size
    all_pairs = max(1, int(by_size.pairs.sum()))
    return [
        (
            f"{2**k:,}-{2 ** (k + 1) - 1:,}" if k else "1",
            int(by_size.units[k]),
            int(by_size.pairs_before[k]),
            int(by_size.pairs[k]),
            int(by_size.pairs[k]) / all_pairs,
        )
        for k in range(SIZE_CLASSES)
        if by_size.units[k]
    ]


def warnings_of(totals: Totals, cap: int) -> list[str]:
    """What deserves another cap of items a unit before the run, and which one."""
    by_size, unit = totals.by_size, totals.unit
    units, pairs = int(by_size.units.sum()), max(1, int(by_size.pairs.sum()))
    heaviest = int(by_size.pairs.argmax())
    most, large_units = int(by_size.pairs[heaviest]), int(by_size.units[heaviest])
    warnings = []
    if most > HEAVY_SHARE * pairs and large_units < RARE_UNITS * units:
        warnings.append(
            f"{unit}: {large_units:,} units ({large_units / units:.2%}) with {2**heaviest:,} or "
            f"more items make {most / pairs:.0%} of the pairs; "
            f"[baskets.max_items] {unit} = {2**heaviest} would leave most of those out."
        )
    return warnings + cap_warnings(totals, cap)


def cap_warnings(totals: Totals, cap: int) -> list[str]:
    """What the cap of `cap` items does to the counts, where it leaves out more than LOST_SHARE."""
    by_size, unit = totals.by_size, totals.unit
    before = int(by_size.pairs_before.sum())
    lost = before - int(by_size.pairs.sum())
    if lost <= LOST_SHARE * before:
        return []
    enough = 2 << int(np.flatnonzero(by_size.sampled_units)[-1])  # above the largest unit's items
    return [
        f"{unit}: max_items = {cap:,} left out {lost / before:.1%} of the pairs, so N and E of "
        f"single pairs can be far from those of whole {unit}s; [baskets.max_items] {unit} = "
        f"{enough} would count all of them, {lost:,} pairs more."
    ]
