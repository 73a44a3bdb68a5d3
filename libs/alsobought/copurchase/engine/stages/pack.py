"""Scattered lines to packed baskets: one shuffle of blobs, and what each part holds in all."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.copurchase.engine.kernels import basket_arrays
from alsobought.copurchase.engine.kernels.hashing import code_table, codes_of
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.settings import Baskets

PACKED = "part int, kind int, a binary, b binary, c binary, d binary"
BASKETS, PER_MARKET = -1, -2  # kinds of packed rows; kinds >= 0 are ranges of items
ITEMS_PER_RANGE = 1 << 16
SIZES = 32  # a unit's size class is the power of two at or below its distinct items


@dataclass(frozen=True)
class Layout:
    """How the rows are spread: unit u's share p lies in part u * parts + p."""

    units: tuple[str, ...]
    caps: tuple[int, ...]
    parts: int
    ranges: int

    def unit_of(self, part: int) -> int:
        """The position of the part's unit."""
        return part // self.parts


def layout(items: Items, baskets: Baskets, parts: int) -> Layout:
    """The layout of lines that were scattered over `parts` parts a unit."""
    ranges = max(1, -(-len(items) // ITEMS_PER_RANGE))
    caps = tuple(baskets.max_items[unit] for unit in baskets.units)
    return Layout(tuple(baskets.units), caps, parts, ranges)


def packed(
    scattered: DataFrame,
    items: Items,
    spread: Layout,
    *,
    timed: bool = False,
    count_repeats: bool,
    histograms: bool = False,
) -> DataFrame:
    """The baskets of every unit, as PACKED rows, from SCATTERED rows.

    kind BASKETS: a sizes, b codes, c times (seconds from the first day, or empty), d lines (or
    empty: all one).
    kind PER_MARKET: a the counts of totals.SIZE_COUNTS by size class of units; b units, c lines
    and d items of each market's units.
    kind r >= 0: the items of range r in this part: a codes, b buyers, c other items of those
    buyers in all, d lines; with `histograms`: a code, b |c|, c buyers with that |c|, d lines.
    Cost: 16 bytes a line and unit are shuffled (20 with times); a task holds one part's lines.
    """
    context = scattered.sparkSession.sparkContext
    known, market_of = context.broadcast(items.hashes), context.broadcast(items.markets)
    markets = len(items.market_names)

    def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        slots = code_table(known.value)
        for part, (units, hashes, times) in _joined(batches).items():
            unit = spread.unit_of(part)
            codes = codes_of(hashes, known.value, slots)
            times = times if timed else np.zeros(len(codes), np.int32)
            sizes, codes, times, lines, before = basket_arrays.packed(
                units, codes, times, spread.caps[unit], known.value, count_repeats
            )
            shown = (times if timed else times[:0], lines if count_repeats else lines[:0])
            yield packed_row(part, BASKETS, sizes, codes, *shown)
            yield _per_market(part, sizes, lines, before, market_of.value[codes], markets)
            per_item = _histograms if histograms else basket_arrays.per_item
            counts = per_item(sizes, codes, lines, len(known.value))
            yield from _per_item(part, counts)

    parts = len(spread.units) * spread.parts
    by_part = scattered.where(F.col("part") < parts).repartitionById(parts, F.col("part"))
    return by_part.mapInArrow(pack, PACKED)


def _joined(batches: Iterator[pa.RecordBatch]) -> dict[int, list[np.ndarray]]:
    """The units' hashes, the items' hashes and the times of each part, one array each."""
    kinds = (np.int64, np.int64, np.int32)
    held: dict[int, list[list[np.ndarray]]] = defaultdict(lambda: [[] for _ in kinds])
    for batch in batches:
        for row in range(batch.num_rows):
            columns = held[batch.column(0)[row].as_py()]
            for i, kind in enumerate(kinds):
                columns[i].append(np.frombuffer(batch.column(i + 1)[row].as_buffer(), kind))
    return {part: [np.concatenate(c) for c in columns] for part, columns in held.items()}


def _per_market(
    part: int,
    sizes: np.ndarray,
    lines: np.ndarray,
    before: np.ndarray,
    market_of: np.ndarray,
    markets: int,
) -> pa.RecordBatch:
    sizes = sizes.astype(np.int64)
    log2 = np.frexp(before)[1] - 1
    columns = (np.ones_like(sizes), sizes, sizes < before, before * (before - 1) // 2)
    sums = [_by(log2, column) for column in (*columns, sizes * (sizes - 1) // 2)]
    first = np.cumsum(sizes) - sizes
    units = np.bincount(market_of[first], minlength=markets)
    bought = np.zeros(markets, np.int64)
    np.add.at(bought, market_of, lines)
    held = np.bincount(market_of, minlength=markets)
    return packed_row(part, PER_MARKET, np.concatenate(sums), units, bought, held)


def _by(log2: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The counts added up per power of two, exactly."""
    total = np.zeros(SIZES, np.int64)
    np.add.at(total, log2, counts)
    return total


def _histograms(
    sizes: np.ndarray, codes: np.ndarray, lines: np.ndarray, items: int
) -> tuple[np.ndarray, ...]:
    """How many baskets with so many other lines hold each item: (code, others, buyers, the item's
    lines in those), sorted by code and others."""
    others = np.repeat(basket_arrays.totals_of(sizes, lines), sizes).astype(np.int64) - lines
    return summed(codes.astype(np.int64) << 32 | others, np.ones_like(others), lines)


def summed(keys: np.ndarray, *columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Rows of the same key (code << 32 | others) added up: (code, others, *columns), sorted."""
    each, at = np.unique(keys, return_inverse=True)
    totals = [np.zeros(len(each), np.int64) for _ in columns]
    for total, column in zip(totals, columns, strict=True):
        np.add.at(total, at, column)
    return (each >> 32).astype(np.int32), each & 0xFFFFFFFF, *totals


def _per_item(part: int, counts: tuple[np.ndarray, ...]) -> Iterator[pa.RecordBatch]:
    ranges = counts[0] // ITEMS_PER_RANGE
    for r in np.unique(ranges):
        here = slice(*np.searchsorted(ranges, [r, r + 1]))
        yield packed_row(part, int(r), *(column[here] for column in counts))


def blobs_of(columns: list[list[bytes]]) -> list[pa.Array]:
    """Columns of binary cells."""
    return [pa.array(column, pa.binary()) for column in columns]


def blob_row(ids: dict[str, int], *arrays: np.ndarray) -> pa.RecordBatch:
    """One row of ints, by name, and of arrays as binary cells called a, b, c, ..."""
    cells = blobs_of([[np.ascontiguousarray(array).tobytes()] for array in arrays])
    columns = [pa.array([value], pa.int32()) for value in ids.values()] + cells
    return pa.record_batch(columns, names=[*ids, *"abcde"[: len(arrays)]])


def packed_row(part: int, kind: int, *arrays: np.ndarray) -> pa.RecordBatch:
    """One PACKED row."""
    return blob_row({"part": part, "kind": kind}, *arrays)
