"""Lines by part to packed baskets: one shuffle, and what each part holds in all."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.copurchase.engine.envelopes import (
    BASKET_SIZES,
    BASKETS,
    ITEMS,
    LINES,
    MARKETS,
    PACKED,
    PARTITIONED,
    SIZES,
    Arrays,
    BasketSizes,
    HashedLines,
    Kind,
    MarketCounts,
    SizeCounts,
    key_of,
    rows_of,
)
from alsobought.copurchase.engine.kernels.basket_arrays import (
    count_per_item,
    group_by_unit,
    make_baskets,
)
from alsobought.copurchase.engine.kernels.item_tables import code_table, codes_of
from alsobought.copurchase.engine.kernels.named_arrays import Baskets, PurchaseLines
from alsobought.copurchase.engine.layout import ITEMS_PER_RANGE, Layout
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.sums import sum_sizes

MOST_LINES = 1 << 23  # of a part as they come; it has about partition.ROWS_PER_PART
SIZE_CLASSES = 32  # a unit's size class is the power of two at or below its distinct items


def pack_baskets(partitioned: DataFrame, items: Items, layout: Layout) -> DataFrame:
    """The baskets of every unit and their counts, as PACKED rows, from PARTITIONED rows.

    Counts are of size classes, of markets, and of items.
    Cost: 16 bytes a line and unit are shuffled (20 with times); a task holds one part's lines, of
          a unit with very many one for each item.
    """
    facts = _ItemFacts(items.hashes, items.markets, len(items.market_names), items.are_all)
    facts_sent = partitioned.sparkSession.sparkContext.broadcast(facts)

    def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return _pack_parts(batches, facts_sent.value, layout)

    lines = PARTITIONED.only(partitioned, LINES)
    by_part = lines.repartitionById(layout.all_parts, F.col("part"))
    return by_part.mapInArrow(pack, PACKED.ddl)


@dataclass(frozen=True)
class _ItemFacts:
    """What packing knows of the items, by code: hashes, positions of markets; and all markets.

    `are_all`: no line is of an item that is not among them.
    """

    hashes: Int64s
    market_of: Int32s
    markets: int
    are_all: bool


def _pack_parts(
    batches: Iterator[pa.RecordBatch], items: _ItemFacts, layout: Layout
) -> Iterator[pa.RecordBatch]:
    slots = code_table(items.hashes)
    of_parts: dict[int, _PartLines] = {}
    for row in rows_of(batches):
        lines = _with_codes(LINES.read(row), items, slots)
        of_parts.setdefault(key_of(row, "part"), _PartLines(items.hashes)).add(lines)
    for part, of_part in of_parts.items():
        lines = of_part.joined()
        unit = layout.units[layout.unit_of(part)]
        baskets, before = make_baskets(lines, unit.max_items, items.hashes, unit.count_repeats)
        yield PACKED.row(BASKETS, baskets, part=part)
        yield PACKED.row(SIZES, _size_counts(baskets.sizes, before), part=part)
        yield PACKED.row(MARKETS, _market_counts(baskets, lines, items), part=part)
        for r, counts in by_item_range(ITEMS, count_per_item(baskets, len(items.hashes))):
            yield PACKED.row(ITEMS, counts, part=part, item_range=r)
        if unit.is_matched:
            sizes = _basket_sizes(baskets, items.market_of)
            yield PACKED.row(BASKET_SIZES, sizes, part=part)


def _with_codes(lines: HashedLines, items: _ItemFacts, slots: Int32s) -> PurchaseLines:
    """The lines of these items; others are left out."""
    codes, single = codes_of(lines.item_hashes, items.hashes, slots), np.empty(0, np.int32)
    if items.are_all:
        return PurchaseLines(lines.unit_hashes, codes, lines.times, single)
    is_kept = codes >= 0
    times = lines.times[is_kept] if len(lines.times) else lines.times
    return PurchaseLines(lines.unit_hashes[is_kept], codes[is_kept], times, single)


class _PartLines:
    """The lines of a part as they come. Where these are very many, because one unit has them, those
    of one unit and item become one: memory is bounded by MOST_LINES, or by twice what is left."""

    def __init__(self, item_hashes: Int64s) -> None:
        self._item_hashes = item_hashes
        self._shares: list[PurchaseLines] = []
        self._lines, self._most = 0, MOST_LINES

    def add(self, lines: PurchaseLines) -> None:
        """Take some more lines."""
        self._shares.append(lines)
        self._lines += len(lines.codes)
        if self._lines > self._most:
            combined = self._combined()
            self._shares, self._lines = [combined], len(combined.codes)
            self._most = max(MOST_LINES, 2 * self._lines)

    def joined(self) -> PurchaseLines:
        """All lines, in arrays of their own."""
        shares = self._shares
        if any(len(share.counts) for share in shares):
            shares = [
                share if len(share.counts) else share._replace(counts=np.ones_like(share.codes))
                for share in shares
            ]
        return PurchaseLines._make(map(np.concatenate, zip(*shares, strict=True)))

    def _combined(self) -> PurchaseLines:
        lines = self.joined()
        units, _, _ = group_by_unit(lines.units)
        whole = len(self._item_hashes)  # a cap that none is above
        baskets, _ = make_baskets(lines, whole, self._item_hashes, count_repeats=True)
        units_of_lines = np.repeat(units, baskets.sizes)
        return PurchaseLines(units_of_lines, baskets.codes, baskets.times, baskets.lines)


def _size_counts(sizes: Int32s, before: Int64s) -> SizeCounts:
    after = sizes.astype(np.int64)
    size_class = np.frexp(before)[1] - 1

    def per_class(counts: np.ndarray) -> Int64s:
        total = np.zeros(SIZE_CLASSES, np.int64)  # bincount would add up doubles
        np.add.at(total, size_class, counts)
        return total

    return SizeCounts(
        units=per_class(np.ones_like(after)),
        items=per_class(after),
        sampled_units=per_class(after < before),
        pairs_before=per_class(before * (before - 1) // 2),
        pairs=per_class(after * (after - 1) // 2),
    )


def _market_counts(baskets: Baskets, lines: PurchaseLines, items: _ItemFacts) -> MarketCounts:
    """The counts of a part's baskets, which are made of these lines."""
    market_of = items.market_of[baskets.codes]
    holdings = np.bincount(market_of, minlength=items.markets)
    purchases = np.zeros(items.markets, np.int64) if len(baskets.lines) else holdings
    if len(baskets.lines):
        np.add.at(purchases, market_of, baskets.lines)  # bincount would add up doubles
    units = np.bincount(market_of[_first_items(baskets)], minlength=items.markets)
    market_of_lines = items.market_of[lines.codes]
    all_lines = np.bincount(market_of_lines, minlength=items.markets)
    if len(lines.counts):
        all_lines = np.zeros(items.markets, np.int64)
        np.add.at(all_lines, market_of_lines, lines.counts)
    return MarketCounts(units, purchases, holdings, all_lines)


def _basket_sizes(baskets: Baskets, market_of: Int32s) -> BasketSizes:
    """How many of a part's baskets each market has of each size."""
    markets = market_of[baskets.codes[_first_items(baskets)]]
    return sum_sizes(BasketSizes(markets, baskets.sizes, np.ones(len(markets), np.int64)))


def _first_items(baskets: Baskets) -> Int64s:
    """Where each basket starts."""
    starts: Int64s = np.cumsum(baskets.sizes, dtype=np.int64) - baskets.sizes
    return starts


def by_item_range(kind: Kind[Arrays], counts: Arrays) -> Iterator[tuple[int, Arrays]]:
    """Counts sorted by code, which comes first, cut into ranges of codes."""
    ranges = counts[0] // ITEMS_PER_RANGE
    for r in np.unique(ranges):
        inside = slice(*np.searchsorted(ranges, [r, r + 1]))
        yield int(r), kind.of(column[inside] for column in counts)
