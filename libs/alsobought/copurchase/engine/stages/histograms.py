"""Packed baskets to `item_statistics`: each item's buyers, share and histogram."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.copurchase.engine.stages import pack
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.totals import Totals, cells
from alsobought.tables.copurchase import ITEM_STATISTICS


def statistics(
    packed: DataFrame, items: Items, totals: list[Totals], spread: pack.Layout
) -> DataFrame:
    """`item_statistics` of baskets packed with histograms.

    Cost: one shuffle of each part's histograms, 20 bytes for each item and |c|; a task holds those
    of pack.ITEMS_PER_RANGE items.
    """
    known = [(own.unit, own.units, own.market_purchases) for own in totals]
    sent = packed.sparkSession.sparkContext.broadcast((items, known))

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held: dict[int, list[pa.RecordBatch]] = defaultdict(list)
        for batch in batches:
            for row in range(batch.num_rows):
                one = batch.slice(row, 1)
                held[spread.unit_of(one["part"][0].as_py())].append(one)
        for unit, rows in held.items():
            yield _rows(_merged(rows), sent.value[0], *sent.value[1][unit])

    histograms = packed.where(F.col("kind") >= 0)
    unit = F.floor(F.col("part") / F.lit(spread.parts))
    task = (unit * F.lit(spread.ranges) + F.col("kind")).cast("int")
    shuffled = histograms.repartitionById(len(spread.units) * spread.ranges, task)
    schema = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in ITEM_STATISTICS.columns)
    return shuffled.mapInArrow(run, schema)


def _merged(rows: list[pa.RecordBatch]) -> tuple[np.ndarray, ...]:
    codes = np.concatenate(cells(rows, "a", np.int32)).astype(np.int64)
    others, buyers, lines = (np.concatenate(cells(rows, name, np.int64)) for name in "bcd")
    return pack.summed(codes << 32 | others, buyers, lines)


def _rows(
    merged: tuple[np.ndarray, ...],
    items: Items,
    unit: str,
    units: np.ndarray,
    purchases: np.ndarray,
) -> pa.RecordBatch:
    codes, others, buyers, lines = merged
    each, starts = np.unique(codes, return_index=True)
    held, bought = np.add.reduceat(buyers, starts), np.add.reduceat(lines, starts)
    markets = items.markets[each]
    bins = pa.StructArray.from_arrays([pa.array(others), pa.array(buyers)], ["others", "buyers"])
    offsets = pa.array(np.append(starts, len(codes)).astype(np.int32))
    columns = [
        pa.repeat(pa.scalar(unit), len(each)),
        items.market_names.take(pa.array(markets)),
        items.texts.take(pa.array(each)),
        pa.array(held),
        pa.array(bought),
        pa.array(bought / purchases[markets]),
        pa.array(units[markets]),
        pa.ListArray.from_arrays(offsets, bins),
    ]
    return pa.record_batch(columns, names=list(ITEM_STATISTICS.names))
