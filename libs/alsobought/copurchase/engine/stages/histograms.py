"""Packed baskets to `item_statistics`: each item's buyers, share and histogram."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Int32s
from alsobought.copurchase.engine.envelopes import (
    BASKETS,
    HISTOGRAMS,
    PACKED,
    SHARED_HISTOGRAMS,
    ItemHistograms,
    MarketCounts,
    key_of,
    rows_by_key,
    rows_of,
)
from alsobought.copurchase.engine.kernels.basket_arrays import lines_per_basket
from alsobought.copurchase.engine.kernels.named_arrays import Baskets
from alsobought.copurchase.engine.layout import Layout
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.copurchase.engine.sums import sum_histograms
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.outcome import Batches, WorkerRows


def statistics_of_items(
    packed: DataFrame, items: Items, totals: Sequence[Totals], layout: Layout
) -> WorkerRows:
    """`item_statistics` of PACKED rows.

    Cost: one pass over the baskets; one shuffle of each part's histograms, 28 bytes for each item
    and |c|. A task has every n-th of the items by popularity, for n parts, so at most about as many
    of these as a part has lines. All items, with their ids, are sent to every worker.
    """
    units = [(of_unit.unit, of_unit.markets) for of_unit in totals]
    facts_sent = packed.sparkSession.sparkContext.broadcast((items.without_hashes(), units))

    def count(batches: Batches) -> Batches:
        for row in rows_of(batches):
            unit = layout.unit_of(key_of(row, "part"))
            for share, counts in _in_shares(_histograms(BASKETS.read(row)), layout.parts):
                yield SHARED_HISTOGRAMS.row(HISTOGRAMS, counts, unit=unit, share=share)

    def add_up(batches: Batches) -> Batches:
        for unit, rows in rows_by_key(batches, "unit").items():
            items, units = facts_sent.value
            yield _as_table(sum_histograms(HISTOGRAMS.read_joined(rows)), items, *units[unit])

    counted = PACKED.only(packed, BASKETS).mapInArrow(count, SHARED_HISTOGRAMS.ddl)
    task = (F.col("unit") * F.lit(layout.parts) + F.col("share")).cast("int")
    shuffled = counted.repartitionById(layout.all_parts, task)
    return WorkerRows(shuffled, add_up, ITEM_STATISTICS.ddl)


def _histograms(baskets: Baskets) -> ItemHistograms:
    """The histograms of a part, each item's in one piece."""
    baskets = BASKETS.of(array.copy() for array in baskets)  # kernels take writable ones
    totals = np.repeat(lines_per_basket(baskets), baskets.sizes)
    lines: Int32s = baskets.lines if len(baskets.lines) else np.ones_like(baskets.codes)
    others = (totals - lines).astype(np.int64)
    buyers = np.ones_like(others)
    return sum_histograms(ItemHistograms(baskets.codes, others, buyers, lines.astype(np.int64)))


def _in_shares(histograms: ItemHistograms, shares: int) -> Iterator[tuple[int, ItemHistograms]]:
    """The histograms of each share of the items. Codes are in the order of popularity: every share
    has popular items, with long histograms, as well as rare ones."""
    share_of = histograms.codes % shares
    rows = np.argsort(share_of, kind="stable")
    ends = np.searchsorted(share_of[rows], np.arange(shares + 1))
    for share in range(shares):
        of_share = rows[ends[share] : ends[share + 1]]
        if len(of_share):
            yield share, HISTOGRAMS.of(column[of_share] for column in histograms)


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
        "item_id": items.ids_of(codes),
        "buyers": pa.array(np.add.reduceat(histograms.buyers, starts)),
        "purchases": pa.array(purchases),
        "share": pa.array(purchases / markets.purchases[market_of]),
        "units": pa.array(markets.units[market_of]),
        "other_purchases": pa.ListArray.from_arrays(offsets, bins),
    }
    names = ITEM_STATISTICS.names
    return pa.record_batch([columns[name] for name in names], names=names)
