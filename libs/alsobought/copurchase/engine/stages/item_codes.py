"""Text ids to dense integers: the items that the scan met, hashed to 64 bits and numbered."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.compiled.hashing import SPARK_SEED, hash_texts, offsets_and_bytes
from alsobought.copurchase.engine.kernels.item_tables import EMPTY, add_lines, insert_hashes
from alsobought.copurchase.engine.kernels.named_arrays import ItemTable
from alsobought.errors import JobError

SALTS = 8
CHECK = np.uint64(0x5851F42D4C957F2D)  # another seed: two items with both hashes alike are one
LEAST_ROOM = 1 << 10
SCHEMA = pa.schema(
    {
        "hash": pa.int64(),
        "check": pa.int64(),
        "lines": pa.int64(),
        "market": pa.string(),
        "item_id": pa.string(),
    }
)


class Collision(Exception):
    """Two items share a 64-bit hash under this salt."""


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
        return len(self.ties)

    def without_hashes(self) -> "Items":
        """The items as tasks need them that only show ids: without hashes and lines."""
        empty = np.empty(0, np.int64)
        return replace(self, hashes=empty, lines=empty)


def seeds_of(markets: pa.Array, seed: np.uint64) -> np.ndarray:
    """A seed for the ids of each market: the hash of its name (uint64)."""
    zeros = np.zeros(len(markets), np.int32)
    hashes: np.ndarray = hash_texts(np.array([seed]), zeros, *offsets_and_bytes(markets))
    return hashes.view(np.uint64)


@dataclass
class ItemsMet:
    """The items that a task has met, each with a hash, a check, its lines, market and id.

    Memory: 28 bytes an item, and its texts; a table of twice the items and the rows of a chunk.
    """

    salt: int
    count: int = 0
    hashes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    checks: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    lines: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    slots: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    texts: list[pa.Array] = field(default_factory=list)
    markets: list[pa.Array] = field(default_factory=list)

    def add(self, names: pa.Array, market_of: np.ndarray, items: pa.Array) -> np.ndarray:
        """Count a chunk's lines, row i of item items[i] in market names[market_of[i]].

        Returns the hash of each row's item; it is Spark's xxhash64(market, item_id) with salt 0.
        """
        seed = np.uint64(int(SPARK_SEED) + self.salt)
        texts = offsets_and_bytes(items)
        hashes: np.ndarray = hash_texts(seeds_of(names, seed), market_of, *texts)
        checks = hash_texts(seeds_of(names, CHECK), market_of, *texts)
        self._reserve(len(hashes))
        table = ItemTable(self.slots, self.hashes, self.checks, self.lines)
        new_rows = add_lines(hashes, checks, table, self.count)
        self.count += len(new_rows)
        self.texts.append(items.take(pa.array(new_rows)))
        self.markets.append(names.take(pa.array(market_of[new_rows])))
        return hashes

    def _reserve(self, rows: int) -> None:
        """Make room for `rows` more items."""
        needed = self.count + rows
        if needed > len(self.hashes):
            room = max(LEAST_ROOM, 2 * len(self.hashes), needed)
            for name in ("hashes", "checks", "lines"):
                grown = np.empty(room, np.int64)
                grown[: self.count] = getattr(self, name)[: self.count]
                setattr(self, name, grown)
        if 2 * needed > len(self.slots):
            self.slots = np.full(1 << (2 * needed - 1).bit_length(), EMPTY, np.int32)
            insert_hashes(self.hashes[: self.count], self.slots)

    def by_range(self, ranges: int) -> Iterator[tuple[int, pa.Table]]:
        """The items by the range that their hash falls into."""
        counts = [array[: self.count] for array in (self.hashes, self.checks, self.lines)]
        texts = [pa.chunked_array(chunks, pa.string()) for chunks in (self.markets, self.texts)]
        table = pa.table([*counts, *texts], schema=SCHEMA)
        range_of = counts[0].view(np.uint64) % np.uint64(ranges)
        for r in np.unique(range_of):
            yield int(r), table.take(pa.array(np.flatnonzero(range_of == r)))


def merge_tables(tables: list[pa.Table]) -> pa.Table:
    """The items of several tasks, those of the same hash and check as one, their lines added up."""
    table = pa.concat_tables(tables).combine_chunks()
    hashes, checks = table["hash"].to_numpy(), table["check"].to_numpy()
    order = np.lexsort((checks, hashes))
    is_first = np.ones(len(order), bool)
    is_first[1:] = (np.diff(hashes[order]) != 0) | (np.diff(checks[order]) != 0)
    firsts = np.flatnonzero(is_first)
    lines = np.add.reduceat(table["lines"].to_numpy()[order], firsts)
    return table.take(pa.array(order[firsts])).set_column(2, "lines", pa.array(lines))


def number_items(tables: list[pa.Table], salt: int) -> Items:
    """The items with codes that depend on nothing but the purchases. No tables: no items.

    Raises Collision where two share a hash, JobError for more items than 32 bits number.
    """
    tables = tables or [SCHEMA.empty_table()]
    table = pa.concat_tables(tables).combine_chunks()
    if len(table) >= 2**31:
        raise JobError(f"{len(table):,} items are more than the engine can number (2^31).")
    hashes, lines = table["hash"].to_numpy(), table["lines"].to_numpy()
    if len(np.unique(hashes)) < len(hashes):
        raise Collision
    texts = table["item_id"].combine_chunks()
    markets = pc.dictionary_encode(table["market"].combine_chunks())
    by_text = pc.array_sort_indices(texts).to_numpy()
    ties = np.empty(len(hashes), np.int32)
    ties[by_text] = np.arange(len(hashes), dtype=np.int32)
    order = np.lexsort((hashes, -lines))
    return Items(
        hashes[order],
        markets.indices.to_numpy().astype(np.int32)[order],
        lines[order],
        ties[order],
        texts.take(pa.array(order)),
        markets.dictionary,
        salt,
    )
