"""What a plan says before the run: pairs, the caps' effect, blocks, bytes, memory and time."""

from dataclasses import dataclass

import numpy as np

from alsobought.copurchase.engine.pipeline import Planned
from alsobought.copurchase.engine.stages.pack import SIZES
from alsobought.copurchase.engine.stages.plan import Blocks, Relation
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.copurchase.settings import Baskets

# core-seconds, measured on one machine (docs/benchmarks.md): a guide, not a promise
SECONDS_PER_LINE = 1.2e-6
SECONDS_PER_COPY = 3e-8
SECONDS_PER_PAIR = 5e-8
SECONDS_PER_ROW = 2.2e-6
HEAVY_SHARE = 0.5


@dataclass(frozen=True)
class Outlook:
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
    core_seconds: float


def outlooks(plan: Planned, rows_per_item: int) -> list[Outlook]:
    """The outlook of every unit; a list keeps at most `rows_per_item` rows."""
    found = plan.packed
    lines = int(found.items.lines.sum())
    return [
        _outlook(own, blocks, relations, lines, rows_per_item)
        for own, blocks, relations in zip(found.totals, plan.plans, found.relations, strict=True)
    ]


def _outlook(
    own: Totals, blocks: Blocks, relations: list[Relation], lines: int, rows_per_item: int
) -> Outlook:
    timed = any(relation.is_directed for relation in relations)
    units = np.maximum(own.by_size["units"], 1)
    mean = own.by_size["items"] / units
    copies = int((own.by_size["items"] * np.minimum(mean, blocks.blocks)).sum())
    pairs = own.sum("pairs")
    rows = int(np.minimum(rows_per_item, own.others[own.buyers > 0]).sum()) * len(relations)
    seconds = (
        lines * SECONDS_PER_LINE
        + copies * SECONDS_PER_COPY
        + 2 * pairs * len(relations) * SECONDS_PER_PAIR
        + rows * SECONDS_PER_ROW
    )
    return Outlook(
        own.unit,
        own.sum("units"),
        own.sum("sampled_units"),
        pairs,
        own.sum("pairs_before") - pairs,
        blocks.blocks,
        len(blocks.heads),
        lines * (20 if timed else 16) + copies * 8,
        int(blocks.memory.max(initial=0)),
        seconds,
    )


def told(own: Outlook, baskets: Baskets) -> str:
    """The units, the pairs and the effect of the cap, in a sentence."""
    said = f"{own.unit}: {own.units:,} units, {own.pairs:,} pairs"
    if not own.sampled_units:
        return said
    share = own.lost_pairs / (own.pairs + own.lost_pairs)
    return (
        f"{said}; {own.sampled_units:,} units above max_items = "
        f"{baskets.max_items[own.unit]:,} were sampled, "  # type: ignore[index]
        f"which left out {own.lost_pairs:,} pairs ({share:.1%})"
    )


def planned(outlooks: list[Outlook], cores: int) -> str:
    """What all units together are expected to take, in a sentence to compare with the run."""
    tasks = sum(own.blocks for own in outlooks)
    heads = sum(own.heads for own in outlooks)
    return (
        f"plan: {tasks:,} blocks and {heads:,} items on their own, "
        f"{sum(own.shuffle_bytes for own in outlooks) / 1e6:,.0f} MB to shuffle, "
        f"at most {max(own.task_bytes for own in outlooks) / 1e6:,.0f} MB a task, "
        f"about {sum(own.core_seconds for own in outlooks) / cores:,.0f} s on {cores:,} cores"
    )


def by_size(own: Totals) -> list[tuple[str, int, int, int, float]]:
    """Per size class of units: its name, units, pairs before and after the cap, share of pairs."""
    total = max(1, own.sum("pairs"))
    found = own.by_size
    return [
        (
            f"{2**k:,}-{2 ** (k + 1) - 1:,}" if k else "1",
            int(found["units"][k]),
            int(found["pairs_before"][k]),
            int(found["pairs"][k]),
            int(found["pairs"][k]) / total,
        )
        for k in range(SIZES)
        if found["units"][k]
    ]


def warnings(plan: Planned, baskets: Baskets) -> list[str]:
    """What deserves a change of settings before the run, and which."""
    said = []
    for own in plan.packed.totals:
        sampled, pairs = own.sum("sampled_units"), max(1, own.sum("pairs"))
        large = [(k, int(own.by_size["pairs"][k])) for k in range(SIZES)]
        top, most = max(large, key=lambda one: one[1])
        units = int(own.by_size["units"][top])
        if most > HEAVY_SHARE * pairs and units < 0.01 * own.sum("units"):
            said.append(
                f"{own.unit}: {units:,} units ({units / own.sum('units'):.2%}) with {2**top:,} or "
                f"more items make {most / pairs:.0%} of the pairs; "
                f"[baskets.max_items] {own.unit} = {2**top} would leave most of those out."
            )
        lost = own.sum("pairs_before") - own.sum("pairs")
        if lost > HEAVY_SHARE * own.sum("pairs_before"):
            said.append(
                f"{own.unit}: the cap of {baskets.max_items[own.unit]:,} items leaves out "  # type: ignore[index]
                f"{lost / own.sum('pairs_before'):.0%} of the pairs of {sampled:,} units; "
                f"raise [baskets.max_items] {own.unit}."
            )
    return said
