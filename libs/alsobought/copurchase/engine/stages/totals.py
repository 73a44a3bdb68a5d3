"""What all parts together hold: the counts of each item and market, added up where they lie."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Int64s
from alsobought.copurchase.engine.envelopes import (
    ITEMS,
    MARKETS,
    PACKED,
    SIZES,
    SUMMED,
    Kind,
    MarketCounts,
    Row,
    SizeCounts,
    key_of,
    rows_by_key,
    rows_of,
)
from alsobought.copurchase.engine.kernels.named_arrays import ItemCounts
from alsobought.copurchase.engine.layout import Layout, ranges_of
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.pack import SIZE_CLASSES
from alsobought.copurchase.engine.sums import sum_by_key


@dataclass(frozen=True)
class Totals:
    """One unit's counts: of each market, of each size class of units, and of each item by code.

    buyers: units with the item; others: the sum of their other distinct items; purchases: lines.
    """

    unit: str
    markets: MarketCounts
    by_size: SizeCounts
    buyers: Int64s
    others: Int64s
    purchases: Int64s


def collect_totals(packed: DataFrame, items: Items, layout: Layout) -> list[Totals]:
    """The counts of every unit of PACKED rows.

    Cost: one shuffle of each part's counts, 28 bytes an item; item-sized arrays on the driver.
    """
    totals = [_zeros(unit.name, len(items.market_names), len(items)) for unit in layout.units]
    counts = PACKED.only(packed, SIZES, MARKETS, ITEMS)
    for row in rows_of(_sum_counts(counts, layout, ranges_of(len(items))).toArrow().to_batches()):
        of_unit = totals[key_of(row, "unit")]
        if SIZES.is_in(row):
            _add(of_unit.by_size, SIZES.read(row))
        elif MARKETS.is_in(row):
            _add(of_unit.markets, MARKETS.read(row))
        else:
            codes, *sums = ITEMS.read(row)
            for total, column in zip(
                (of_unit.buyers, of_unit.others, of_unit.purchases), sums, strict=True
            ):
                total[codes] = column
    return totals


def _zeros(unit: str, markets: int, items: int) -> Totals:
    def zeros(rows: int, columns: int) -> Iterator[Int64s]:
        return (np.zeros(rows, np.int64) for _ in range(columns))

    by_market, by_size = MarketCounts(*zeros(markets, 4)), SizeCounts(*zeros(SIZE_CLASSES, 5))
    return Totals(unit, by_market, by_size, *zeros(items, 3))


def _add(totals: MarketCounts | SizeCounts, counts: MarketCounts | SizeCounts) -> None:
    for total, column in zip(totals, counts, strict=True):
        total += column


def _sum_counts(counts: DataFrame, layout: Layout, ranges: int) -> DataFrame:
    """SUMMED rows: one per unit and kind, those of items one per unit and range of items."""

    def add_up(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows_of_unit: dict[int, list[Row]] = {}
        for part, rows in rows_by_key(batches, "part").items():
            rows_of_unit.setdefault(layout.unit_of(part), []).extend(rows)
        for unit, rows in rows_of_unit.items():
            for kind, add in SUMS:
                of_kind = [row for row in rows if kind.is_in(row)]
                if of_kind:
                    yield SUMMED.row(kind, add(of_kind), unit=unit)

    unit = F.floor(F.col("part") / F.lit(layout.parts))
    item_range = F.coalesce("item_range", F.lit(0))
    task = (unit * F.lit(ranges) + item_range).cast("int")
    return counts.repartitionById(len(layout.units) * ranges, task).mapInArrow(add_up, SUMMED.ddl)


def _sum_items(rows: Sequence[Row]) -> ItemCounts:
    codes, *columns = ITEMS.read_joined(rows)
    return ItemCounts(*sum_by_key(codes, *columns))


SUMS: tuple[tuple[Kind[Any], Callable[[Sequence[Row]], Any]], ...] = (
    (SIZES, SIZES.read_sum),
    (MARKETS, MARKETS.read_sum),
    (ITEMS, _sum_items),
)
