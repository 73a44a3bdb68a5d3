"""Packed baskets to counting tasks: each basket copied once to every block that it touches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.copurchase.engine.kernels import basket_arrays
from alsobought.copurchase.engine.kernels.pairs import count_head, histogram
from alsobought.copurchase.engine.stages import pack
from alsobought.copurchase.engine.stages.plan import Blocks, Relation

SPLIT = "task int, kind int, a binary, b binary, c binary, d binary, e binary"
BASKETS = (
    -1
)  # kinds >= 0: a part of the counts of head kind // relations, relation kind % relations
ENTRIES_PER_BLOB = 1 << 23


class Tasks:
    """The numbers of the counting tasks: each unit's blocks, then those that add up its heads."""

    def __init__(self, plans: Sequence[Blocks], cores: int) -> None:
        self.block_bases: list[int] = []
        self.head_bases: list[int] = []
        self.adders = [min(cores, len(plan.heads)) for plan in plans]
        count = 0
        for plan, adders in zip(plans, self.adders, strict=True):
            self.block_bases.append(count)
            self.head_bases.append(count + plan.blocks)
            count += plan.blocks + adders
        self.count = count

    def unit_of(self, task: int) -> int:
        """The position of the task's unit."""
        return max(u for u, base in enumerate(self.block_bases) if base <= task)

    def adder(self, unit: int, head: int) -> int:
        """The task that adds up a head's counts."""
        return self.head_bases[unit] + head % self.adders[unit]


def copied(
    packed: DataFrame, layout: pack.Layout, unit: int, block_of: np.ndarray, blocks: int
) -> np.ndarray:
    """How many items of a unit's baskets each block would receive.

    Cost: one pass over the packed baskets; blocks times parts numbers come to the driver.
    """
    sent = packed.sparkSession.sparkContext.broadcast(block_of)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in range(batch.num_rows):
                held = _held(batch, row)
                _, entries = basket_arrays.copies_per_block(
                    held.sizes, held.codes, sent.value, blocks
                )
                yield pack.blob_row({}, entries)

    mine = F.col("part").between(unit * layout.parts, (unit + 1) * layout.parts - 1)
    parts = packed.where((F.col("kind") == pack.BASKETS) & mine).mapInArrow(run, "a binary")
    found = [np.frombuffer(row["a"], np.int64) for row in parts.collect()]
    return np.sum(found, axis=0) if found else np.zeros(blocks, np.int64)


def split(
    packed: DataFrame,
    layout: pack.Layout,
    plans: Sequence[Blocks],
    relations: Sequence[Sequence[Relation]],
    tasks: Tasks,
) -> DataFrame:
    """The baskets of each counting task, and the parts of the heads' counts, as SPLIT rows.

    Cost: a basket of m items is copied to at most min(blocks, m) tasks.
    """
    sent = packed.sparkSession.sparkContext.broadcast([(p.block_of, p.heads) for p in plans])
    counts = [plan.blocks for plan in plans]

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in range(batch.num_rows):
                unit = layout.unit_of(batch["part"][row].as_py())
                held = _held(batch, row)
                block_of, heads = sent.value[unit]
                base = tasks.block_bases[unit]
                yield from _to_blocks(held, block_of, counts[unit], base)
                for h, head in enumerate(heads):
                    for r, relation in enumerate(relations[unit]):
                        found = _part_of_head(head, held, relation, len(block_of))
                        kind = h * len(relations[unit]) + r
                        yield _row(tasks.adder(unit, h), kind, *found)

    return packed.where(F.col("kind") == pack.BASKETS).mapInArrow(run, SPLIT)


@dataclass(frozen=True)
class Held:
    """A part's baskets; times and lines are there in any case, and sent on only where they say
    something."""

    sizes: np.ndarray
    codes: np.ndarray
    times: np.ndarray
    lines: np.ndarray
    timed: bool
    repeated: bool

    def part(self, baskets: slice, entries: slice) -> "Held":
        """Some of the baskets."""
        arrays = (self.codes[entries], self.times[entries], self.lines[entries])
        return Held(self.sizes[baskets], *arrays, self.timed, self.repeated)


def _held(batch: pa.RecordBatch, row: int) -> Held:
    sizes, codes, times, lines = (
        np.frombuffer(batch[name][row].as_buffer(), np.int32).copy() for name in "abcd"
    )
    timed, repeated = len(times) > 0, len(lines) > 0
    times = times if timed else np.zeros(len(codes), np.int32)
    lines = lines if repeated else np.ones(len(codes), np.int32)
    return Held(sizes, codes, times, lines, timed, repeated)


def _to_blocks(
    held: Held, block_of: np.ndarray, blocks: int, base: int
) -> Iterator[pa.RecordBatch]:
    copied = np.cumsum(np.minimum(held.sizes, blocks).astype(np.int64) * held.sizes)
    ends = np.cumsum(held.sizes, dtype=np.int64)
    first = 0
    while first < len(ends):
        before = copied[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(copied, before + ENTRIES_PER_BLOB, "right")))
        start = ends[first - 1] if first else 0
        part = held.part(slice(first, last), slice(start, ends[last - 1]))
        yield from _blobs(part, block_of, blocks, base)
        first = last


def _blobs(held: Held, block_of: np.ndarray, blocks: int, base: int) -> Iterator[pa.RecordBatch]:
    baskets, entries = basket_arrays.copies_per_block(held.sizes, held.codes, block_of, blocks)
    totals, lengths, codes, times, lines = basket_arrays.split(
        held.sizes, held.codes, held.times, held.lines, block_of, baskets, entries
    )
    b = e = 0
    for block in range(blocks):
        to_b, to_e = b + baskets[block], e + entries[block]
        if to_b > b:
            sent_times = times[e:to_e] if held.timed else times[:0]
            sent_lines = lines[e:to_e] if held.repeated else lines[:0]
            cells = (totals[b:to_b], lengths[b:to_b], codes[e:to_e], sent_times, sent_lines)
            yield _row(base + block, BASKETS, *cells)
        b, e = to_b, to_e


def _part_of_head(head: int, held: Held, relation: Relation, items: int) -> tuple[np.ndarray, ...]:
    tally, found = np.zeros(items, np.int32), np.empty(items, np.int32)
    arrays = (held.sizes, held.codes, held.times, held.lines)
    met, counts, others = count_head(head, *arrays, relation.low, relation.high, tally, found)
    sizes, buyers = histogram(others)
    return met, counts, sizes, buyers, sizes[:0]


def _row(task: int, kind: int, *arrays: np.ndarray) -> pa.RecordBatch:
    return pack.blob_row({"task": task, "kind": kind}, *arrays)
