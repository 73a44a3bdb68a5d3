"""What is known of every item at the cut-offs: buyers, categories, and since when it is known."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.evaluate.customer_facts import PAIR, Windows, was_bought
from alsobought.evaluate.formulas import Ints

NEVER = np.iinfo(np.int64).max
ALWAYS = np.iinfo(np.int64).min


@dataclass(frozen=True)
class ItemFactors:
    """Every item that was bought or is in the catalogue, by the xxhash64 of its id.

    Items are known by their place in `hashes`; two of n items share a hash with probability about
    n**2 / 3.7e19, and are then taken for one.
    """

    hashes: Ints
    """They ascend."""
    known_since: Ints
    """The first purchase, or when the catalogue first saw it: microseconds; ALWAYS: the catalogue
    has it, and does not say since when."""
    categories: Ints
    """Items x levels of the deepest category: the category down to that level, as a hash. An item
    with fewer levels has its last one again; one without a category is its own."""
    markets: tuple[str, ...]
    """Sorted."""
    sold: Ints
    """Where an item was bought: market * items + item, ascending."""
    buyers: Ints
    """Of each of these and cut-off, the customers who bought it before."""
    was_bought: NDArray[np.bool_]
    """Of each of these and cut-off, whether anybody did."""

    def codes(self, hashes: Ints) -> Ints:
        """The items' places; -1 for unknown ones."""
        return places_in(self.hashes, hashes)

    def buyers_of(self, markets: Ints, codes: Ints, cut_off: int) -> Ints:
        """How many of a market's customers had bought each item before the cut-off."""
        rows = places_in(self.sold, np.where(codes >= 0, markets * len(self.hashes) + codes, -1))
        if not len(self.sold):
            return np.zeros(len(codes), np.int64)
        return np.where(rows >= 0, self.buyers[rows, cut_off], 0)

    def bought_items(self, market: int | None, cut_off: int) -> NDArray[np.bool_]:
        """Of every item whether it had been bought before the cut-off, in a market or anywhere."""
        rows = self.was_bought[:, cut_off]
        if market is not None:
            rows = rows & (self.sold // max(len(self.hashes), 1) == market)
        is_bought = np.zeros(len(self.hashes), bool)
        is_bought[self.sold[rows] % max(len(self.hashes), 1)] = True
        return is_bought


def places_in(ascending: Ints, wanted: Ints) -> Ints:
    """The place of each wanted number among ascending ones; -1 where it is not there."""
    if not len(ascending):
        return np.full(len(wanted), -1, np.int64)
    places = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return np.where(ascending[places] == wanted, places, -1)


def item_factors(lines: DataFrame, items: DataFrame, windows: Windows) -> ItemFactors:
    """The factors of all items.

    In:   lines as of `lines_with_returns`, and the catalogue. Guests' purchases count in
          `was_bought`, not in `buyers`.
    Cost: one shuffle of the distinct pairs of customers and items, one of the items; the driver
          holds about 100 bytes for each item and market.
    """
    sales = _sales(lines, windows).toArrow()
    catalogue = _catalogue(items).toArrow()
    sold_items, listed_items = _longs(sales["item"]), _longs(catalogue["item"])
    hashes = np.unique(np.concatenate([sold_items, listed_items]))
    since = np.full(len(hashes), NEVER)
    np.minimum.at(since, np.searchsorted(hashes, sold_items), _longs(sales["first"]))
    seen = _longs(catalogue["first"].fill_null(ALWAYS))
    np.minimum.at(since, np.searchsorted(hashes, listed_items), seen)
    names = sorted(set(sales["market"].to_pylist()))
    market = np.searchsorted(np.array(names, object), np.array(sales["market"].to_pylist(), object))
    sold = market.astype(np.int64) * len(hashes) + np.searchsorted(hashes, sold_items)
    order = np.argsort(sold)
    shape = (len(sold), len(windows.cut_offs))
    return ItemFactors(
        hashes,
        since,
        _padded_categories(hashes, listed_items, catalogue["categories"]),
        tuple(names),
        sold[order],
        _flat(sales["buyers"]).reshape(shape)[order],
        (_flat(sales["was_bought"]).reshape(shape) > 0)[order],
    )


def _sales(lines: DataFrame, windows: Windows) -> DataFrame:
    """Per market and item: first purchase, and at each cut-off buyers and whether it was bought."""
    bought = [
        F.max(was_bought(day)).alias(f"_bought_{n}") for n, day in enumerate(windows.cut_offs)
    ]
    pairs = lines.groupBy(*PAIR).agg(F.min("purchased_at").alias("_first"), *bought)
    is_customer = F.col("customer_id").isNotNull()
    names = [f"_bought_{n}" for n in range(len(bought))]
    return pairs.groupBy("market", "item_id").agg(
        F.xxhash64("item_id").alias("item"),
        F.unix_micros(F.min("_first")).alias("first"),
        F.array(*(F.count_if(F.col(name) & is_customer) for name in names)).alias("buyers"),
        F.array(*(F.count_if(name) for name in names)).alias("was_bought"),
    )


def _catalogue(items: DataFrame) -> DataFrame:
    """Per item: since when the catalogue has it, and its category down to each level, as hashes."""
    down_to = F.transform(
        "category", lambda _, level: F.xxhash64(F.slice("category", 1, level + F.lit(1)))
    )
    return items.select(
        F.xxhash64("item_id").alias("item"),
        F.unix_micros("first_seen_at").alias("first"),
        down_to.alias("categories"),
    )


def _padded_categories(hashes: Ints, listed: Ints, categories: pa.ChunkedArray) -> Ints:
    paths = categories.combine_chunks()
    sizes = _longs(pa.chunked_array([paths.value_lengths().cast(pa.int64())]))
    starts = np.cumsum(sizes) - sizes
    values = np.append(_flat(categories), 0)
    depth = int(sizes.max(initial=0))
    padded = np.repeat(hashes[:, None], depth, axis=1)
    place = np.searchsorted(hashes, listed)
    for level in range(depth):
        last = np.minimum(level, sizes - 1)
        padded[place, level] = np.where(sizes > 0, values[starts + last], listed)
    return padded


def _flat(lists: pa.ChunkedArray) -> Ints:
    return _longs(pa.chunked_array([chunk.flatten() for chunk in lists.chunks], pa.int64()))


def _longs(column: pa.ChunkedArray) -> Ints:
    longs: Ints = column.to_numpy()
    return longs
