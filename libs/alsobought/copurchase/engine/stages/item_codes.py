"""Text ids to dense integers: the items that the scan met, hashed to 64 bits and numbered."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.compiled.array_types import Bools, Int32s, Int64s
from alsobought.compiled.hashing import SPARK_SEED, hash_texts, offsets_and_bytes
from alsobought.copurchase.engine.kernels.item_tables import EMPTY, add_lines, insert_hashes
from alsobought.copurchase.engine.kernels.named_arrays import ItemTable
from alsobought.copurchase.engine.layout import Scope
from alsobought.errors import JobError

SALTS = 8
CHECK = np.uint64(0x5851F42D4C957F2D)  # another seed: two items with both hashes alike are one
LEAST_ROOM = 1 << 10
MOST_ITEMS = (1 << 31) - 1  # what codes of 32 bits number
MOST_TEXT_BYTES = (1 << 31) - 1  # what 32-bit offsets of a string array reach
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
    `are_all`: no line is of an item that is not here.
    """

    hashes: np.ndarray
    markets: np.ndarray
    lines: np.ndarray
    ties: np.ndarray
    texts: pa.Array
    market_names: pa.Array
    salt: int
    are_all: bool = True

    def __len__(self) -> int:
        return len(self.ties)

    def where(self, is_kept: Bools) -> "Items":
        """The items that are kept, with codes of their own."""
        columns = ("hashes", "markets", "lines", "ties")
        kept = {name: getattr(self, name)[is_kept] for name in columns}
        texts = self.texts.filter(pa.array(is_kept))
        return replace(self, **kept, texts=texts, are_all=self.are_all and bool(is_kept.all()))

    def ids_of(self, codes: Int32s) -> pa.StringArray:
        """The ids of some items, as the tables have them."""
        return self.texts.take(pa.array(codes)).cast(pa.string())

    def lines_of_markets(self) -> Int64s:
        """The lines of each market."""
        lines = np.zeros(len(self.market_names), np.int64)
        np.add.at(lines, self.markets, self.lines)
        return lines

    def are_markets(self, groups: Collection[str]) -> Bools:
        """Of each of `market_names`, whether it is a market, and no group of markets."""
        return np.array([name not in groups for name in self.market_names.to_pylist()])

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
    if len(table) > MOST_ITEMS:
        raise JobError(f"{len(table):,} items are more than the {MOST_ITEMS:,} that are counted.")
    hashes, lines = table["hash"].to_numpy(), table["lines"].to_numpy()
    if len(np.unique(hashes)) < len(hashes):
        raise Collision
    texts = one_array(table["item_id"])
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


def one_array(texts: pa.ChunkedArray) -> pa.Array:
    """The texts in one piece: a large_string array where 32-bit offsets cannot hold all of them."""
    if texts.nbytes > MOST_TEXT_BYTES:
        texts = texts.cast(pa.large_string())
    return texts.combine_chunks()


def in_scope(bought: Items, scope: Scope) -> tuple[Items, list[str]]:
    """The items of those bought that are products, and what the scope did, in sentences.

    Raises JobError where a market is called like a group, and where no item is left.
    """
    _require_new_names(bought, scope)
    if scope.is_excluded is None:
        return bought, _groups_in_words(bought, bought, scope)
    is_excluded = scope.is_excluded(bought.texts)
    is_market = bought.are_markets(scope.groups)[bought.markets]
    left_out, all_lines = bought.lines[is_excluded & is_market].sum(), bought.lines[is_market].sum()
    ids = [
        pc.count_distinct(bought.texts.filter(pa.array(mask))) for mask in (is_excluded, is_market)
    ]
    if is_excluded.all():
        raise JobError("[items.exclude] leaves out every item that was bought.")
    note = (
        f"[items.exclude] left out {ids[0].as_py():,} of {ids[1].as_py():,} items, "
        f"{left_out / all_lines:.1%} of the lines"
    )
    counted = bought.where(~is_excluded)
    return counted, [note, *_groups_in_words(bought, counted, scope)]


def _require_new_names(bought: Items, scope: Scope) -> None:
    """Raise JobError where a market is called like a group: its lines count there, too."""
    lines = _lines_by_market(bought)
    for group, members in scope.groups.items():
        if lines.get(group, 0) != sum(lines.get(market, 0) for market in members):
            raise JobError(
                f"purchases has a market {group!r}: call the group of [markets.groups] otherwise."
            )


def _groups_in_words(bought: Items, counted: Items, scope: Scope) -> list[str]:
    """The lines that count in each group, and which of its markets have none that were bought."""
    notes, lines, names = [], _lines_by_market(counted), bought.market_names.to_pylist()
    for group, members in scope.groups.items():
        without = [market for market in members if market not in names]
        rest = f"; no purchase is of {', '.join(without)}" if without else ""
        notes.append(f"group {group}: {lines.get(group, 0):,} lines count there, too{rest}")
    return notes


def _lines_by_market(items: Items) -> dict[str, int]:
    lines = items.lines_of_markets().tolist()
    return dict(zip(items.market_names.to_pylist(), lines, strict=True))
