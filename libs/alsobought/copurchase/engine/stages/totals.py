"""What all parts together hold: the counts of each item and market, added up where they lie."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Floats, Int32s, Int64s
from alsobought.copurchase.engine.envelopes import (
    BASKET_SIZES,
    ITEMS,
    MARKETS,
    PACKED,
    SIZES,
    SUMMED,
    BasketSizes,
    Kind,
    MarketCounts,
    Row,
    SizeCounts,
    key_of,
    rows_by_key,
    rows_of,
)
from alsobought.copurchase.engine.kernels.named_arrays import Activities, ItemCounts
from alsobought.copurchase.engine.layout import Layout, ranges_of
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.pack import SIZE_CLASSES
from alsobought.copurchase.engine.sums import sum_by_key, sum_sizes
from alsobought.copurchase.matched_rates import margins_of, matched_rates


def _no_sizes() -> BasketSizes:
    return BasketSizes(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int64))


@dataclass(frozen=True)
class Totals:
    """One unit's counts: of each market, of each size class of units, and of each item by code.

    buyers: units with the item; others: the sum of their other distinct items; purchases: lines.
    market_of: the market of each item; sizes: the baskets of each market by size, where the unit's
    expectation is matched.
    """

    unit: str
    markets: MarketCounts
    by_size: SizeCounts
    buyers: Int64s
    others: Int64s
    purchases: Int64s
    market_of: Int32s = field(default_factory=lambda: np.empty(0, np.int32))
    sizes: BasketSizes = field(default_factory=_no_sizes)

    @cached_property
    def matched(self) -> tuple[Floats, Activities]:
        """What the matched expectation takes for each item's share, and the markets' activities.

        Cost: `matched_rates` for each market, once.
        """
        markets = len(self.markets.units)
        by_market = np.argsort(self.market_of, kind="stable")
        item_bounds = np.searchsorted(self.market_of[by_market], np.arange(markets + 1))
        size_bounds = np.searchsorted(self.sizes.markets, np.arange(markets + 1))
        shares, tables = np.zeros(len(self.buyers)), [(np.empty(0), np.empty(0))] * markets
        for market in np.flatnonzero(self.markets.units):
            codes = by_market[item_bounds[market] : item_bounds[market + 1]]
            codes = codes[self.buyers[codes] > 0]
            of_market = slice(*size_bounds[market : market + 2])
            sizes, baskets = self.sizes.sizes[of_market], self.sizes.baskets[of_market]
            rates = matched_rates(margins_of(sizes.astype(np.int64), baskets, self.buyers[codes]))
            shares[codes] = rates.shares(self.buyers[codes])
            tables[market] = (rates.activities, rates.slopes)
        values, slopes = map(np.concatenate, zip(*tables, strict=True))
        starts = np.cumsum([0, *(len(table) for table, _ in tables)])[:-1]
        return shares, Activities(values, slopes, starts, self.market_of)


def collect_totals(packed: DataFrame, items: Items, layout: Layout) -> list[Totals]:
    """The counts of every unit of PACKED rows.

    Cost: one shuffle of each part's counts, 28 bytes an item; item-sized arrays on the driver.
    """
    totals = [_zeros(unit.name, items) for unit in layout.units]
    counts = PACKED.only(packed, SIZES, MARKETS, ITEMS, BASKET_SIZES)
    for row in rows_of(_sum_counts(counts, layout, ranges_of(len(items))).toArrow().to_batches()):
        of_unit = totals[key_of(row, "unit")]
        if SIZES.is_in(row):
            _add(of_unit.by_size, SIZES.read(row))
        elif MARKETS.is_in(row):
            _add(of_unit.markets, MARKETS.read(row))
        elif BASKET_SIZES.is_in(row):
            totals[key_of(row, "unit")] = replace(of_unit, sizes=BASKET_SIZES.read(row))
        else:
            codes, *sums = ITEMS.read(row)
            for total, column in zip(
                (of_unit.buyers, of_unit.others, of_unit.purchases), sums, strict=True
            ):
                total[codes] = column
    return totals


def _zeros(unit: str, items: Items) -> Totals:
    def zeros(rows: int, columns: int) -> Iterator[Int64s]:
        return (np.zeros(rows, np.int64) for _ in range(columns))

    by_market = MarketCounts(*zeros(len(items.market_names), 4))
    by_size = SizeCounts(*zeros(SIZE_CLASSES, 5))
    buyers, others, purchases = zeros(len(items), 3)
    return Totals(unit, by_market, by_size, buyers, others, purchases, items.markets)


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


def _sum_sizes(rows: Sequence[Row]) -> BasketSizes:
    return sum_sizes(BASKET_SIZES.read_joined(rows))


SUMS: tuple[tuple[Kind[Any], Callable[[Sequence[Row]], Any]], ...] = (
    (SIZES, SIZES.read_sum),
    (MARKETS, MARKETS.read_sum),
    (ITEMS, _sum_items),
    (BASKET_SIZES, _sum_sizes),
)
