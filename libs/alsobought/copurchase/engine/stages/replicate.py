"""Packed baskets to counting tasks: each basket copied once to every block that it touches."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.copurchase.engine.envelopes import (
    BASKETS,
    COPIES,
    COPY_COUNTS,
    COUNTED_COPIES,
    HEADS,
    PACKED,
    REPLICATED,
    CopyCounts,
    HeadCounts,
    Row,
    key_of,
    rows_of,
)
from alsobought.copurchase.engine.kernels.basket_arrays import copy_to_blocks, count_copies
from alsobought.copurchase.engine.kernels.named_arrays import Baskets, CopiedBaskets, Lags
from alsobought.copurchase.engine.kernels.pairs import count_head
from alsobought.copurchase.engine.layout import Layout
from alsobought.copurchase.engine.stages.plan import BlockPlan
from alsobought.copurchase.relations import Relation

ENTRIES_PER_ROW = 1 << 23


class Tasks:
    """The numbers of the counting tasks: each unit's blocks, then those that add up its heads."""

    def __init__(self, plans: Sequence[BlockPlan], cores: int) -> None:
        self.first_blocks: list[int] = []
        self._first_adders: list[int] = []
        self._adders = [min(cores, len(plan.heads)) for plan in plans]
        count = 0
        for plan, adders in zip(plans, self._adders, strict=True):
            self.first_blocks.append(count)
            self._first_adders.append(count + plan.blocks)
            count += plan.blocks + adders
        self.count = count

    def unit_of(self, task: int) -> int:
        """The position of the task's unit."""
        return max(u for u, first in enumerate(self.first_blocks) if first <= task)

    def adder_of(self, unit: int, head: int) -> int:
        """The task that adds up a head's counts."""
        return self._first_adders[unit] + head % self._adders[unit]


def collect_copy_counts(packed: DataFrame, layout: Layout, unit: int, plan: BlockPlan) -> Int64s:
    """How many items of a unit's baskets each block would receive.

    Cost: one pass over the packed baskets; blocks times parts numbers come to the driver.
    """
    block_of_sent = packed.sparkSession.sparkContext.broadcast(plan.block_of)
    blocks = plan.blocks

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for row in rows_of(batches):
            yield COUNTED_COPIES.row(COPY_COUNTS, _copy_counts(row, block_of_sent.value, blocks))

    first_part = unit * layout.parts
    of_unit = F.col("part").between(first_part, first_part + layout.parts - 1)
    baskets = PACKED.only(packed, BASKETS).where(of_unit)
    counts = list(rows_of(baskets.mapInArrow(count, COUNTED_COPIES.ddl).toArrow().to_batches()))
    return COPY_COUNTS.read_sum(counts).items if counts else np.zeros(blocks, np.int64)


def replicate_baskets(
    packed: DataFrame, layout: Layout, plans: Sequence[BlockPlan], tasks: Tasks
) -> DataFrame:
    """The baskets of each counting task, and the parts of the heads' counts, as REPLICATED rows.

    Cost: a basket of m items is copied to at most min(blocks, m) tasks.
    """
    plans_sent = packed.sparkSession.sparkContext.broadcast(plans)

    def replicate(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for row in rows_of(batches):
            unit = layout.unit_of(key_of(row, "part"))
            baskets, plan = _read_baskets(row), plans_sent.value[unit]
            first_block = tasks.first_blocks[unit]
            for block, copies in _copies(baskets, plan):
                yield REPLICATED.row(COPIES, copies, task=first_block + block)
            for h in range(len(plan.heads)):
                task = tasks.adder_of(unit, h)
                for r, relation in enumerate(layout.units[unit].relations):
                    counts = _count_head(plan, h, baskets, relation)
                    yield REPLICATED.row(HEADS, counts, task=task, head=h, relation=r)

    return PACKED.only(packed, BASKETS).mapInArrow(replicate, REPLICATED.ddl)


def _copy_counts(row: Row, block_of: Int32s, blocks: int) -> CopyCounts:
    return CopyCounts(count_copies(_read_baskets(row), block_of, blocks).entries)


def _read_baskets(row: Row) -> Baskets:
    return BASKETS.of(array.copy() for array in BASKETS.read(row))  # kernels take writable ones


def _copies(part: Baskets, plan: BlockPlan) -> Iterator[tuple[int, CopiedBaskets]]:
    """Pairs of a block and baskets for it, of at most about ENTRIES_PER_ROW items at a time."""
    most_copied = np.minimum(part.sizes, plan.blocks).astype(np.int64) * part.sizes
    copied = np.cumsum(most_copied)
    ends = np.cumsum(part.sizes, dtype=np.int64)
    first = 0
    while first < len(ends):
        before = copied[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(copied, before + ENTRIES_PER_ROW, "right")))
        items = slice(ends[first - 1] if first else 0, ends[last - 1])
        chunk = Baskets(
            part.sizes[first:last], part.codes[items], part.times[items], part.lines[items]
        )
        yield from _copies_of(chunk, plan)
        first = last


def _copies_of(baskets: Baskets, plan: BlockPlan) -> Iterator[tuple[int, CopiedBaskets]]:
    sizes = count_copies(baskets, plan.block_of, plan.blocks)
    copies = copy_to_blocks(baskets, plan.block_of, sizes)
    baskets_end, items_end = np.cumsum(sizes.baskets), np.cumsum(sizes.entries)
    for block in np.flatnonzero(sizes.baskets):
        of_block = slice(baskets_end[block] - sizes.baskets[block], baskets_end[block])
        items = slice(items_end[block] - sizes.entries[block], items_end[block])
        totals, lengths, *entries = copies
        shares = (array[items] for array in entries)  # empty where the array is
        yield int(block), CopiedBaskets(totals[of_block], lengths[of_block], *shares)


def _count_head(plan: BlockPlan, head: int, baskets: Baskets, relation: Relation) -> HeadCounts:
    lags = Lags(relation.low, relation.high)
    x = plan.heads[head]
    candidates, histogram = count_head(x, baskets, lags, len(plan.block_of))
    return HeadCounts(*candidates, *histogram)
