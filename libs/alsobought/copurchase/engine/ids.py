"""Text ids to dense integers: one distributed pass for the items, 64-bit hashes for the units."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.errors import JobError

SALTS = 8


def unit_hash(unit_id: str) -> Column:
    """The 64-bit hash that stands for a unit of its market.

    Two of n units share a hash with odds of about n^2 / 3.7e19: 1 in 3,700 for 100 million.
    """
    return F.xxhash64("market", unit_id)


def item_hash(salt: int = 0) -> Column:
    """The 64-bit hash that stands for an item of its market; salts other than 0 for collisions."""
    parts = ["market", "item_id"] if salt == 0 else [F.lit(salt), "market", "item_id"]
    return F.xxhash64(*parts)


@dataclass(frozen=True)
class Items:
    """Every item of every market: its code is its position, the most bought first.

    hashes int64, markets int32 (positions in market_names), lines int64 (purchase lines), ties
    int32 (rank of the text id, so that equal scores are ordered by it), texts: the ids.
    """

    hashes: np.ndarray
    markets: np.ndarray
    lines: np.ndarray
    ties: np.ndarray
    texts: pa.Array
    market_names: pa.Array
    salt: int

    def __len__(self) -> int:
        return len(self.hashes)


def dictionary(window: DataFrame) -> Items:
    """The items of the purchases, with codes that depend on nothing but the purchases.

    Cost: one shuffle of the distinct items; all of them come to the driver, about 60 bytes each.
    Raises JobError for more items than 32 bits number, or hashes that collide under every salt.
    """
    counted = window.groupBy("market", "item_id").agg(F.count(F.lit(1)).alias("lines"))
    salted = [item_hash(salt).alias(f"hash_{salt}") for salt in range(SALTS)]
    table = counted.select("*", *salted[:1]).toArrow()
    for salt in range(SALTS):
        if salt:
            table = counted.select("*", salted[salt]).toArrow()
        hashes = table[f"hash_{salt}"].to_numpy()
        if len(np.unique(hashes)) == len(hashes):
            return _ordered(table, hashes, salt)
    raise JobError(f"{len(table):,} items share 64-bit hashes under {SALTS} salts: report this.")


def _ordered(table: pa.Table, hashes: np.ndarray, salt: int) -> Items:
    if len(hashes) >= 2**31:
        raise JobError(f"{len(hashes):,} items are more than the engine can number (2^31).")
    texts = table["item_id"].combine_chunks()
    markets = pc.dictionary_encode(table["market"].combine_chunks())
    by_text = pc.array_sort_indices(texts).to_numpy()
    ties = np.empty(len(hashes), np.int32)
    ties[by_text] = np.arange(len(hashes), dtype=np.int32)
    lines = table["lines"].to_numpy()
    order = np.lexsort((hashes, -lines))
    names = markets.dictionary
    return Items(
        hashes[order],
        markets.indices.to_numpy().astype(np.int32)[order],
        lines[order],
        ties[order],
        texts.take(pa.array(order)),
        names,
        salt,
    )
