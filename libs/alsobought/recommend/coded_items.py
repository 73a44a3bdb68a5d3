"""The items of all markets, each with a code."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.compiled.hashing import hash_columns
from alsobought.copurchase.engine.kernels.item_tables import code_table, codes_of
from alsobought.errors import JobError
from alsobought.recommend.first_places import FirstPlaces
from alsobought.recommend.inputs import Inputs

NONE = -1


@dataclass(frozen=True)
class ItemCodes:
    """Every item of every market: its code is its position, by market, then by item_id as text.

    Item i is ids[i] in market_names[market_of[i]]; hashes: Spark's xxhash64(market, item_id);
    slots: `code_table` of them.
    """

    ids: pa.Array
    market_names: pa.Array
    market_of: Int32s
    hashes: Int64s
    slots: Int32s

    def __len__(self) -> int:
        return len(self.hashes)

    def of_hashes(self, hashes: Int64s) -> Int32s:
        """The codes of items by their hash; -1 for others."""
        codes: Int32s = codes_of(hashes, self.hashes, self.slots)
        return codes

    def of(self, rows: pa.Table) -> Int32s:
        """The codes of rows with market and item_id; -1 for other items."""
        columns = [rows[name].combine_chunks() for name in ("market", "item_id")]
        return self.of_hashes(hash_columns(columns)) if len(rows) else np.empty(0, np.int32)


@dataclass(frozen=True)
class ItemRows:
    """The items, and the rows of item_statistics and bestsellers that name them."""

    codes: ItemCodes
    statistics: pa.Table
    bestsellers: pa.Table


def item_rows(tables: Inputs, first: FirstPlaces | None) -> ItemRows:
    """The products: the items that item_statistics or bestsellers name, or with which lists begin.

    Cost: they all come to the driver. Raises JobError without bestsellers, which fill lists up.
    """
    if tables.bestsellers is None:
        raise JobError("recommendations needs the table bestsellers: add [jobs.bestsellers].")
    statistics = tables.statistics.select("unit", "market", "item_id", "share").toArrow()
    bestsellers = tables.bestsellers.select("market", "item_id", "rank").toArrow()
    also = [] if first is None else [first.items]
    return ItemRows(item_codes(statistics, bestsellers, *also), statistics, bestsellers)


def item_codes(*tables: pa.Table) -> ItemCodes:
    """The distinct items of tables with market and item_id. Raises JobError where two share a
    64-bit hash, with odds of n^2 / 3.7e19 for n items."""
    rows = pa.concat_tables([table.select(["market", "item_id"]) for table in tables])
    distinct = (
        rows.group_by(["market", "item_id"])
        .aggregate([])
        .sort_by([("market", "ascending"), ("item_id", "ascending")])
    )
    markets, ids = (distinct[name].combine_chunks() for name in ("market", "item_id"))
    hashes = hash_columns([markets, ids]) if len(ids) else np.empty(0, np.int64)
    if len(np.unique(hashes)) < len(hashes):
        raise JobError("Two items have ids of one 64-bit hash: call one of them otherwise.")
    names = pc.unique(markets)
    market_of = pc.index_in(markets, value_set=names).to_numpy().astype(np.int32)
    return ItemCodes(ids, names, market_of, hashes, code_table(hashes))
