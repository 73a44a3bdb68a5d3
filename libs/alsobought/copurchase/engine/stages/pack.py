"""Lines by part to packed baskets: one shuffle, and what each part holds in all."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.copurchase.engine.envelopes import (
    BASKETS,
    ITEMS,
    LINES,
    MARKETS,
    PACKED,
    PARTITIONED,
    SIZES,
    Arrays,
    HashedLines,
    Kind,
    MarketCounts,
    SizeCounts,
    rows_by_key,
)
from alsobought.copurchase.engine.kernels.basket_arrays import (
    count_per_item,
    make_baskets,
)
from alsobought.copurchase.engine.kernels.item_tables import code_table, codes_of
from alsobought.copurchase.engine.kernels.named_arrays import Baskets, PurchaseLines
from alsobought.copurchase.engine.layout import ITEMS_PER_RANGE, Layout
from alsobought.copurchase.engine.stages.item_codes import Items

SIZE_CLASSES = 32  # a unit's size class is the power of two at or below its distinct items


def pack_baskets(partitioned: DataFrame, items: Items, layout: Layout) -> DataFrame:
    """The baskets of every unit and their counts, as PACKED rows, from PARTITIONED rows.

    Counts are of size classes, of markets, and of items.
    Cost: 16 bytes a line and unit are shuffled (20 with times); a task holds one part's lines.
    """
    facts = _ItemFacts(items.hashes, items.markets, len(items.market_names))
    facts_sent = partitioned.sparkSession.sparkContext.broadcast(facts)

    def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return _pack_parts(batches, facts_sent.value, layout)

    lines = PARTITIONED.only(partitioned, LINES)
    by_part = lines.repartitionById(layout.all_parts, F.col("part"))
    return by_part.mapInArrow(pack, PACKED.ddl)


@dataclass(frozen=True)
class _ItemFacts:
    """What packing knows of the items, by code: hashes, positions of markets; and all markets."""

    hashes: Int64s
    market_of: Int32s
    markets: int


def _pack_parts(
    batches: Iterator[pa.RecordBatch], items: _ItemFacts, layout: Layout
) -> Iterator[pa.RecordBatch]:
    slots = code_table(items.hashes)
    for part, rows in rows_by_key(batches, "part").items():
        lines = _with_codes(LINES.read_joined(rows), items.hashes, slots)
        unit = layout.units[layout.unit_of(part)]
        baskets, before = make_baskets(lines, unit.max_items, items.hashes, unit.count_repeats)
        yield PACKED.row(BASKETS, baskets, part=part)
        yield PACKED.row(SIZES, _size_counts(baskets.sizes, before), part=part)
        yield PACKED.row(MARKETS, _market_counts(baskets, lines.codes, items), part=part)
        for r, counts in by_item_range(ITEMS, count_per_item(baskets, len(items.hashes))):
            yield PACKED.row(ITEMS, counts, part=part, item_range=r)


def _with_codes(lines: HashedLines, hashes: Int64s, slots: Int32s) -> PurchaseLines:
    codes = codes_of(lines.item_hashes, hashes, slots)
    return PurchaseLines(lines.unit_hashes, codes, lines.times)


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


def _market_counts(baskets: Baskets, codes: Int32s, items: _ItemFacts) -> MarketCounts:
    """The counts of a part's baskets, made of lines of items `codes`."""
    market_of = items.market_of[baskets.codes]
    first_item = np.cumsum(baskets.sizes, dtype=np.int64) - baskets.sizes
    holdings = np.bincount(market_of, minlength=items.markets)
    purchases = np.zeros(items.markets, np.int64) if len(baskets.lines) else holdings
    if len(baskets.lines):
        np.add.at(purchases, market_of, baskets.lines)  # bincount would add up doubles
    units = np.bincount(market_of[first_item], minlength=items.markets)
    lines = np.bincount(items.market_of[codes], minlength=items.markets)
    return MarketCounts(units, purchases, holdings, lines)


def by_item_range(kind: Kind[Arrays], counts: Arrays) -> Iterator[tuple[int, Arrays]]:
    """Counts sorted by code, which comes first, cut into ranges of codes."""
    ranges = counts[0] // ITEMS_PER_RANGE
    for r in np.unique(ranges):
        inside = slice(*np.searchsorted(ranges, [r, r + 1]))
        yield int(r), kind.of(column[inside] for column in counts)
