"""What is known of each item of each market, as arrays by the item's code."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Bools, Floats, Int32s, Int64s
from alsobought.compiled.hashing import hash_columns
from alsobought.copurchase.engine.kernels.item_tables import code_table, codes_of
from alsobought.errors import JobError
from alsobought.recommend.formulas import log_trial_rates
from alsobought.recommend.inputs import Inputs
from alsobought.recommend.kernels.list_arrays import ItemFacts, MarketFacts
from alsobought.recommend.settings import Recommendations, Trials

POPULAR = 1000  # of a market's items, those most bought that need no list to be in one
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


class TrialCounts(NamedTuple):
    """Customers of each market; each item's buyers; those of them who first bought it of late, for
    one number of days after the other."""

    customers: Int64s
    buyers: Int64s
    trials: Int64s


@dataclass(frozen=True)
class KnownItems:
    """The items and what is known of them."""

    codes: ItemCodes
    items: ItemFacts
    markets: MarketFacts


def item_rows(tables: Inputs) -> ItemRows:
    """The items that item_statistics or bestsellers name. Cost: they all come to the driver.

    Raises JobError without bestsellers, which fill lists up.
    """
    if tables.bestsellers is None:
        raise JobError("recommendations needs the table bestsellers: add [jobs.bestsellers].")
    statistics = tables.statistics.select("unit", "market", "item_id", "share").toArrow()
    bestsellers = tables.bestsellers.select("market", "item_id", "rank").toArrow()
    return ItemRows(item_codes(statistics, bestsellers), statistics, bestsellers)


def known_items(
    rows: ItemRows, tables: Inputs, settings: Recommendations, counts: TrialCounts | None
) -> KnownItems:
    """What is known of the items.

    Cost: all items of all markets are on the driver, their ids and about 90 bytes each.
    """
    codes = rows.codes
    catalogue = _catalogue(tables.catalogue, settings)
    in_catalogue = pc.index_in(codes.ids, value_set=catalogue["item_id"].combine_chunks())
    shares = _shares(rows.statistics, codes, [source.unit for source in settings.sources])
    listable = _listable(in_catalogue, catalogue, keep=settings.lists.unknown_items == "keep")
    names = [f"taste_{t}" for t in range(len(settings.tastes))]
    tastes, taste_shares = _tastes(
        [_numbers(in_catalogue, catalogue[name]) for name in names], codes.market_of, shares
    )
    trials, bounds = _chances(shares, codes.market_of, settings.trials, counts)
    with np.errstate(divide="ignore"):
        log_misses = np.log1p(-shares)
    items = ItemFacts(
        listable,
        _repeated(tables.repeats, codes, settings.repeat_probability_min),
        log_misses,
        trials,
        bounds,
        _weights(tables.informativeness, codes),
        _numbers(in_catalogue, catalogue["limited"]),
        tastes,
    )
    best = rows.bestsellers.sort_by([("market", "ascending"), ("rank", "ascending")])
    by_bound = np.lexsort((-bounds, codes.market_of))
    is_popular = (shares[by_bound] > 0) & listable[by_bound]
    markets = MarketFacts(
        *_by_market(codes.of(best), codes),
        *_by_market(by_bound[is_popular].astype(np.int32), codes, POPULAR),
        taste_shares,
        np.array([taste.weight for taste in settings.tastes], np.float64),
    )
    return KnownItems(codes, items, markets)


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


def _catalogue(catalogue: DataFrame, settings: Recommendations) -> pa.Table:
    """item_id, is_available, the part of the category path that is limited, and what items have in
    common by each taste; null where they lack it. Raises JobError for an unknown attribute."""
    limit = settings.max_per_category
    limited = _text(_part("category", limit.level)) if limit else F.lit(None).cast("string")
    columns = {"limited": limited}
    for t, taste in enumerate(settings.tastes):
        columns[f"taste_{t}"] = _text(*(_part(name, taste.level) for name in taste.by))
    named = (column.alias(name) for name, column in columns.items())
    rows: pa.Table = catalogue.select("item_id", "is_available", *named).toArrow()
    for t, taste in enumerate(settings.tastes):
        if rows[f"taste_{t}"].null_count == len(rows):
            raise JobError(
                f"No item of the catalogue has {' and '.join(taste.by)}, which tastes in "
                f"[jobs.recommendations] names."
            )
    return rows


def _part(name: str, level: int | None) -> Column:
    """The brand, the category path down to a level, or an attribute; null where there is none."""
    if name == "category":
        path = F.slice("category", 1, level or 1)
        return F.when(F.size("category") >= F.lit(level), F.to_json(path))
    return F.col(name) if name == "brand" else F.try_element_at("attributes", F.lit(name))


def _text(*parts: Column) -> Column:
    """The parts as one text; null where one is."""
    is_whole = reduce(Column.__and__, [part.isNotNull() for part in parts])
    return F.when(is_whole, F.to_json(F.array(*parts)))


def _listable(in_catalogue: pa.Array, catalogue: pa.Table, *, keep: bool) -> Bools:
    """Which items are available; those that are not in the catalogue are where they are kept."""
    available = catalogue["is_available"].combine_chunks().take(in_catalogue)
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


def _numbers(in_catalogue: pa.Array, texts: pa.ChunkedArray) -> Int32s:
    """A number for each text of the catalogue, by item; NONE where it has none."""
    numbers = texts.combine_chunks().dictionary_encode().indices.take(in_catalogue)
    filled: Int32s = pc.fill_null(numbers, NONE).to_numpy().astype(np.int32)
    return filled


def _tastes(numbers: Sequence[Int32s], market_of: Int32s, shares: Floats) -> tuple[Int32s, Floats]:
    """Each item's group by each taste, numbered on within its market, NONE for none or one that
    nobody bought; and of each group its part of the market's purchases."""
    tastes = np.full((len(shares), len(numbers)), NONE, np.int32)
    all_shares = [np.empty(0)]
    for t, of_taste in enumerate(numbers):
        keys = np.where(of_taste == NONE, NONE, market_of.astype(np.int64) << 32 | of_taste)
        distinct, group_of = np.unique(keys, return_inverse=True)
        of_group = np.bincount(group_of, shares, len(distinct)).astype(np.float64)
        is_none = (keys == NONE) | (of_group[group_of] == 0.0)
        tastes[:, t] = np.where(is_none, NONE, group_of + sum(map(len, all_shares)))
        all_shares.append(of_group)
    return tastes, np.concatenate(all_shares)


def _chances(
    shares: Floats, market_of: Int32s, trials: Sequence[Trials], counts: TrialCounts | None
) -> tuple[Floats, Floats]:
    """What the trial rates add to the log of each item's chance, and that with the chance of one
    purchase; -inf where nobody bought it."""
    added = np.zeros(len(shares))
    if counts is not None:
        customers = counts.customers[market_of].astype(np.float64)
        by_days = counts.trials.reshape(len(trials), -1).astype(np.float64)
        for trial, of_days in zip(trials, by_days, strict=True):
            rates = log_trial_rates(of_days, counts.buyers.astype(np.float64), customers)
            added += trial.weight * rates
    weight = chance_weight(trials)
    with np.errstate(divide="ignore", invalid="ignore"):
        bounds = np.where(shares > 0, weight * np.log(shares) + added, -np.inf)
    return added, bounds


def chance_weight(trials: Sequence[Trials]) -> float:
    """What is left of 1 for the log of the customer's chance."""
    return 1.0 - sum(trial.weight for trial in trials)


def _by_market(items: Int32s, codes: ItemCodes, most: int | None = None) -> tuple[Int64s, Int32s]:
    """Where each market's items start, and the items: of those given, by market, the first."""
    markets = range(len(codes.market_names))
    of_market = [items[codes.market_of[items] == market][:most] for market in markets]
    starts = np.cumsum([0, *map(len, of_market)])
    return starts, np.concatenate([np.empty(0, np.int32), *of_market])
