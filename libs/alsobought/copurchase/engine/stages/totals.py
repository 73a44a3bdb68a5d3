"""What all parts together hold: the counts of each item and market, added up where they lie."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.copurchase.engine.stages import pack
from alsobought.copurchase.engine.stages.item_codes import Items

MERGED = "unit int, kind int, a binary, b binary, c binary, d binary"
SIZE_COUNTS = ("units", "items", "sampled_units", "pairs_before", "pairs")


@dataclass(frozen=True)
class Totals:
    """One unit's counts.

    Of each market: units, market_purchases (lines) and holdings (the sum of its items' buyers). Of
    each item: buyers, others (all other items of those) and purchases. by_size, of each size class
    of units (2^k to 2^(k+1) - 1 distinct items): units, their items after the cap, units above the
    cap, unordered pairs before and after the cap.
    """

    unit: str
    units: np.ndarray
    market_purchases: np.ndarray
    holdings: np.ndarray
    buyers: np.ndarray
    others: np.ndarray
    purchases: np.ndarray
    by_size: dict[str, np.ndarray]

    def sum(self, name: str) -> int:
        """One of SIZE_COUNTS over units of every size."""
        return int(self.by_size[name].sum())


def totals(packed: DataFrame, items: Items, spread: pack.Layout) -> list[Totals]:
    """The counts of every unit; item by item only where the baskets were packed without histograms.

    Cost: one shuffle of each part's counts, 20 bytes an item; item-sized arrays on the driver.
    """
    found = [_nothing(unit, len(items.market_names), len(items)) for unit in spread.units]
    for row in _merged(packed.where(F.col("kind") != pack.BASKETS), spread).collect():
        own = found[row["unit"]]
        a, b, c, d = (np.frombuffer(row[name], np.int64) for name in "abcd")
        if row["kind"] == pack.PER_MARKET:
            own.by_size.update(zip(SIZE_COUNTS, a.reshape(-1, pack.SIZES), strict=True))
            own.units[:], own.market_purchases[:], own.holdings[:] = b, c, d
        else:
            own.buyers[a], own.others[a], own.purchases[a] = b, c, d
    return found


def _nothing(unit: str, markets: int, items: int) -> Totals:
    def zeros(n: int) -> np.ndarray:
        return np.zeros(n, np.int64)

    return Totals(
        unit, zeros(markets), zeros(markets), zeros(markets), zeros(items), zeros(items),
        zeros(items), {},
    )  # fmt: skip


def _merged(counts: DataFrame, spread: pack.Layout) -> DataFrame:
    """One row per unit and kind, its arrays added up over the parts; codes become int64."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held: dict[tuple[int, int], list[pa.RecordBatch]] = defaultdict(list)
        for batch in batches:
            for row in range(batch.num_rows):
                one = batch.slice(row, 1)
                unit = spread.unit_of(one["part"][0].as_py())
                held[unit, one["kind"][0].as_py()].append(one)
        for (unit, kind), rows in held.items():
            arrays = _per_market(rows) if kind == pack.PER_MARKET else _per_item(rows)
            yield pack.blob_row({"unit": unit, "kind": kind}, *arrays)

    unit = F.floor(F.col("part") / F.lit(spread.parts))
    task = (unit * F.lit(spread.ranges) + F.greatest("kind", F.lit(0))).cast("int")
    shuffled = counts.repartitionById(len(spread.units) * spread.ranges, task)
    return shuffled.mapInArrow(run, MERGED)


def cells(rows: list[pa.RecordBatch], name: str, kind: type) -> list[np.ndarray]:
    """The binary cells of one-row batches, each as an array."""
    return [np.frombuffer(row[name][0].as_buffer(), kind) for row in rows]


def _per_market(rows: list[pa.RecordBatch]) -> list[np.ndarray]:
    return [np.sum(cells(rows, name, np.int64), axis=0) for name in "abcd"]


def _per_item(rows: list[pa.RecordBatch]) -> list[np.ndarray]:
    codes = np.concatenate(cells(rows, "a", np.int32)).astype(np.int64)
    each, at = np.unique(codes, return_inverse=True)
    sums = [np.zeros(len(each), np.int64) for _ in range(3)]
    for total, name in zip(sums, "bcd", strict=True):
        np.add.at(total, at, np.concatenate(cells(rows, name, np.int64)))
    return [each, *sums]
