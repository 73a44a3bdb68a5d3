"""What is known of each item of each market, as arrays by the item's code."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Bools, Floats, Int32s, Int64s
from alsobought.compiled.hashing import hash_columns
from alsobought.copurchase.engine.kernels.item_tables import code_table, codes_of
from alsobought.errors import JobError
from alsobought.recommend.inputs import Inputs
from alsobought.recommend.kernels.list_arrays import ItemFacts, MarketFacts
from alsobought.recommend.settings import Recommendations

POPULAR = 1000  # of a market's items, those most bought that need no list to be in one
NONE = -1


@dataclass(frozen=True)
class ItemCodes:
    """Every item of every market: its code is its position, by market, then by item_id as text.

    hashes: Spark's xxhash64(market, item_id); slots: `code_table` of them.
    """

    markets: pa.Array
    ids: pa.Array
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
class KnownItems:
    """The items and what is known of them; `market_names` are in the order of the codes."""

    codes: ItemCodes
    market_names: pa.Array
    items: ItemFacts
    markets: MarketFacts


def known_items(tables: Inputs, settings: Recommendations) -> KnownItems:
    """What is known of the items that item_statistics or bestsellers name.

    Cost: all items of all markets are on the driver, their ids and about 60 bytes each.
    """
    statistics = tables.statistics.select("unit", "market", "item_id", "share").toArrow()
    bestsellers = tables.bestsellers.select("market", "item_id", "rank").toArrow()
    codes = item_codes(statistics, bestsellers)
    names = pc.unique(codes.markets)
    market_of = pc.index_in(codes.markets, value_set=names).to_numpy().astype(np.int32)
    catalogue = _catalogue(tables.catalogue, settings)
    rows = pc.index_in(codes.ids, value_set=catalogue["item_id"].combine_chunks())
    shares = _shares(statistics, codes, [source.unit for source in settings.sources])
    brands, brand_shares = _brands(rows, catalogue, market_of, shares)
    with np.errstate(divide="ignore"):
        log_misses = np.log1p(-shares)
    listable = _listable(rows, catalogue, keep=settings.lists.unknown_items == "keep")
    items = ItemFacts(
        listable,
        _repeated(tables.repeats, codes, settings.repeat_probability_min),
        log_misses,
        _weights(tables.informativeness, codes),
        _numbers(rows, catalogue["category"]),
        brands,
    )
    best = bestsellers.sort_by([("market", "ascending"), ("rank", "ascending")])
    by_share = np.lexsort((-shares, market_of))
    is_popular = (shares[by_share] > 0) & listable[by_share]
    popular = by_share[is_popular].astype(np.int32)
    markets = MarketFacts(
        *_by_market(codes.of(best), market_of, len(names)),
        *_by_market(popular, market_of, len(names), POPULAR),
        brand_shares,
    )
    return KnownItems(codes, names, items, markets)


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
    return ItemCodes(markets, ids, hashes, code_table(hashes))


def _catalogue(catalogue: DataFrame, settings: Recommendations) -> pa.Table:
    """item_id, is_available, brand, and as `category` the part of the path that has a limit."""
    limit, path = settings.max_per_category, F.lit(None).cast("string")
    if limit is not None:
        level = limit.level
        is_deep = F.size("category") >= level
        path = F.when(is_deep, F.to_json(F.slice("category", 1, level)))
    return catalogue.select("item_id", "is_available", "brand", path.alias("category")).toArrow()


def _listable(rows: pa.Array, catalogue: pa.Table, *, keep: bool) -> Bools:
    """Which items are available; those that are not in the catalogue are where they are kept."""
    available = catalogue["is_available"].combine_chunks().take(rows)
    listable: Bools = pc.fill_null(available, keep).to_numpy(zero_copy_only=False)
    return listable


def _shares(statistics: pa.Table, codes: ItemCodes, units: Sequence[str]) -> Floats:
    """Each item's share of its market's purchases by the first unit that has one; 0: none has."""
    shares = np.zeros(len(codes))
    for unit in dict.fromkeys(units):
        of_unit = statistics.filter(pc.equal(statistics["unit"], unit))
        items = codes.of(of_unit)
        is_new = shares[items] == 0.0
        shares[items[is_new]] = of_unit["share"].to_numpy()[is_new]
    return shares


def _repeated(repeats: DataFrame | None, codes: ItemCodes, least: float | None) -> Bools:
    """Which items are bought again often enough to be shown to those who have them."""
    is_repeated = np.zeros(len(codes), bool)
    if repeats is not None and least is not None:
        often = repeats.where(F.col("repeat_probability") >= least).select("market", "item_id")
        items = codes.of(often.toArrow())
        is_repeated[items[items != NONE]] = True
    return is_repeated


def _weights(informativeness: DataFrame | None, codes: ItemCodes) -> Floats:
    """What each item weighs as a trigger; 1 where nothing is known."""
    weights = np.ones(len(codes))
    if informativeness is not None:
        rows = informativeness.select("market", "item_id", "informativeness").toArrow()
        items = codes.of(rows)
        is_code = items != NONE
        weights[items[is_code]] = rows["informativeness"].to_numpy()[is_code]
    return weights


def _numbers(rows: pa.Array, texts: pa.ChunkedArray) -> Int32s:
    """A number for each text of the catalogue, by item; NONE where it has none."""
    numbers = texts.combine_chunks().dictionary_encode().indices.take(rows)
    filled: Int32s = pc.fill_null(numbers, NONE).to_numpy().astype(np.int32)
    return filled


def _brands(
    rows: pa.Array, catalogue: pa.Table, market_of: Int32s, shares: Floats
) -> tuple[Int32s, Floats]:
    """Each item's brand, numbered within its market, NONE for none or one that nobody bought; and
    of each brand its part of the market's purchases."""
    numbers = _numbers(rows, catalogue["brand"]).astype(np.int64)
    keys = np.where(numbers == NONE, NONE, market_of.astype(np.int64) << 32 | numbers)
    distinct, brand_of = np.unique(keys, return_inverse=True)
    brand_shares: Floats = np.bincount(brand_of, shares, len(distinct)).astype(np.float64)
    brands = np.where((keys == NONE) | (brand_shares[brand_of] == 0.0), NONE, brand_of)
    return brands.astype(np.int32), brand_shares


def _by_market(
    items: Int32s, market_of: Int32s, markets: int, most: int | None = None
) -> tuple[Int64s, Int32s]:
    """Where each market's items start, and the items: of those given, by market, the first."""
    of_market = [items[market_of[items] == market][:most] for market in range(markets)]
    starts = np.cumsum([0, *map(len, of_market)])
    return starts, np.concatenate([np.empty(0, np.int32), *of_market])
