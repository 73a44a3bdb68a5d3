"""Packed histograms to `item_statistics`: each item's buyers, share and histogram."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.copurchase.engine.envelopes import (
    HISTOGRAMS,
    PACKED,
    ItemHistograms,
    MarketCounts,
    Row,
    rows_by_key,
)
from alsobought.copurchase.engine.layout import Layout, ranges_of
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.copurchase.engine.sums import sum_histograms
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.outcome import WorkerRows


def statistics_of_items(
    packed: DataFrame, items: Items, totals: Sequence[Totals], layout: Layout
) -> WorkerRows:
    """`item_statistics` of baskets packed with histograms.

    Cost: one shuffle of each part's histograms, 28 bytes for each item and |c|; a task holds those
    of ITEMS_PER_RANGE items. All items, with their ids, are sent to every worker.
    """
    units = [(of_unit.unit, of_unit.markets) for of_unit in totals]
    facts_sent = packed.sparkSession.sparkContext.broadcast((items.without_hashes(), units))
    ranges = ranges_of(len(items))

    def add_up(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows_of_unit: dict[int, list[Row]] = {}
        for part, rows in rows_by_key(batches, "part").items():
            rows_of_unit.setdefault(layout.unit_of(part), []).extend(rows)
        for unit, rows in rows_of_unit.items():
            items, units = facts_sent.value
            yield _as_table(sum_histograms(HISTOGRAMS.read_joined(rows)), items, *units[unit])

    unit = F.floor(F.col("part") / F.lit(layout.parts))
    task = (unit * F.lit(ranges) + F.col("item_range")).cast("int")
    shuffled = PACKED.only(packed, HISTOGRAMS).repartitionById(len(layout.units) * ranges, task)
    return WorkerRows(shuffled, add_up, ITEM_STATISTICS.ddl)


def _as_table(
    histograms: ItemHistograms, items: Items, unit: str, markets: MarketCounts
) -> pa.RecordBatch:
    """Rows of `item_statistics`."""
    codes, starts = np.unique(histograms.codes, return_index=True)
    purchases = np.add.reduceat(histograms.purchases, starts)
    market_of = items.markets[codes]
    bins = pa.StructArray.from_arrays(
        [pa.array(histograms.others), pa.array(histograms.buyers)], ["others", "buyers"]
    )
    offsets = pa.array(np.append(starts, len(histograms.codes)).astype(np.int32))
    columns = {
        "unit": pa.repeat(pa.scalar(unit), len(codes)),
        "market": items.market_names.take(pa.array(market_of)),
        "item_id": items.texts.take(pa.array(codes)),
        "buyers": pa.array(np.add.reduceat(histograms.buyers, starts)),
        "purchases": pa.array(purchases),
        "share": pa.array(purchases / markets.purchases[market_of]),
        "units": pa.array(markets.units[market_of]),
        "other_purchases": pa.ListArray.from_arrays(offsets, bins),
    }
    names = ITEM_STATISTICS.names
    return pa.record_batch([columns[name] for name in names], names=names)
