"""The data files of the report's lists and of its search, and what changed in the lists."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from alsobought.commands.earlier_lists import Before
from alsobought.commands.night_tables import NightTables
from alsobought.report import changed_lists, list_shards, numbered_items
from alsobought.report.changed_lists import Changes
from alsobought.report.data_files import data_file
from alsobought.runtime.page_folder import PageFolder
from alsobought.runtime.scratch import Scratch
from alsobought.runtime.warehouse import quoted
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.purchases import ITEMS
from alsobought.tables.related import RELATED_ITEMS, RELATED_KINDS

AT_ONCE = 2_000_000  # places of lists that are worked on together: bounds the memory
PLACE = pa.schema(
    [
        *((name, pa.string()) for name in ("unit", "market", "relation", "metric")),
        ("item_id", pa.string()),
        ("rank", pa.int32()),
        ("related_item_id", pa.string()),
        ("score", pa.float64()),
        ("both", pa.int64()),
        ("expected", pa.float64()),
        *((name, pa.int64()) for name in ("buyers", "related_buyers", "units")),
    ]
)
KIND = pa.schema([(name, pa.string()) for name in ("market", "item_id", "related_item_id", "kind")])
CATALOGUE = pa.schema(
    [
        ("item_id", pa.string()),
        ("title", pa.string()),
        ("brand", pa.string()),
        ("category", pa.list_(pa.string())),
        ("is_available", pa.bool_()),
    ]
)
# by numbers of items, which are shorter than ids
WITH_NUMBERS = (
    "SELECT batches.* EXCLUDE (item_id, related_item_id), x.shard, x.number AS item,"
    " y.number AS related FROM batches JOIN items AS x ON batches.item_id = x.item_id"
    " JOIN items AS y ON batches.related_item_id = y.item_id"
)


@dataclass(frozen=True)
class Numbered:
    """The items of a day's lists by number, their statistics, how many shards there are, and so
    many places of each list."""

    items: pa.Table = field(repr=False)
    statistics: pa.Table = field(repr=False)
    shards: int
    places: int


@dataclass(frozen=True)
class Written:
    """What the data files have: the items, how many lists, and chunks of the search index; what
    changed (None: there was nothing to compare with)."""

    numbered: Numbered
    lists: int
    chunks: int
    changes: Changes | None


def numbered(tables: NightTables, day: str, earlier: Before | None) -> Numbered:
    """The items of the day's lists and of the earlier ones, numbered. Memory: item-sized."""
    warehouse, of_day = tables.warehouse, f"as_of = DATE {quoted(day)}"
    query = f"SELECT rank, count(*) AS places FROM {RELATED_ITEMS.name} WHERE {of_day}"
    by_rank = {
        row["rank"]: row["places"]
        for row in warehouse.rows(f"{query} GROUP BY rank", RELATED_ITEMS.name)
    }
    first = list_shards.places_for(_places(by_rank, list_shards.PLACES))
    of_lists = [(RELATED_ITEMS.name, day)]
    of_lists += [] if earlier is None else [(earlier.table, earlier.day)]
    ids = [
        f"SELECT DISTINCT {column} AS item_id FROM {table} WHERE as_of = DATE {quoted(of)}"
        for table, of in of_lists
        for column in ("item_id", "related_item_id")
    ]
    listed = warehouse.arrow(" UNION ".join(ids), RELATED_ITEMS.name)
    catalogue, statistics = CATALOGUE.empty_table(), numbered_items.WITH_OTHERS.empty_table()
    if warehouse.has(ITEMS.name):
        names = ", ".join(numbered_items.CATALOGUE)
        catalogue = warehouse.arrow(f"SELECT {names} FROM {ITEMS.name}", ITEMS.name)
    if warehouse.has(ITEM_STATISTICS.name):
        names = ", ".join(numbered_items.STATISTICS)
        query = f"SELECT {names} FROM {ITEM_STATISTICS.name} WHERE {of_day}"
        batches = warehouse.batches(query, ITEM_STATISTICS.name)
        statistics = pa.concat_tables([statistics, *map(numbered_items.with_others, batches)])
    shards = numbered_items.shards_for(_places(by_rank, first))
    items = numbered_items.numbered(catalogue, statistics, listed, shards)
    return Numbered(items, statistics, shards, first)


def _places(by_rank: Mapping[int, int], first: int) -> int:
    """How many places lists have up to a rank, of the counts by rank."""
    return sum(places for rank, places in by_rank.items() if rank <= first)


def write(tables: NightTables, folder: PageFolder, day: str, earlier: Before | None) -> Written:
    """Write the data files of the lists of a day and of all items; and count what changed.

    The places go to disk once, and are worked on by buckets of shards: memory for AT_ONCE places
    and for the items. Cost: sorts of the places.
    """
    by_number = numbered(tables, day, earlier)
    chunks = 0
    for text in numbered_items.chunks(by_number.items):
        _write(folder, f"items-{chunks:04}", text)
        chunks += 1
    with Scratch(folder.making.parent / "rows") as scratch:
        scratch.register("items", by_number.items.select(["item_id", "number", "shard"]))
        places = _keep(scratch, tables, Compared(day, earlier, by_number.places))
        kept = Kept(scratch, places, by_number)
        parts = list(kept.written(folder))
        changes = None if earlier is None else changed_lists.together(parts)
        lists = scratch.arrow("SELECT count(*) AS lists FROM lists WHERE rank = 1")
    return Written(by_number, lists["lists"][0].as_py(), chunks, changes)


@dataclass(frozen=True)
class Compared:
    """A day's lists and those before it, of which so many places count."""

    day: str
    earlier: Before | None
    places: int


def _keep(scratch: Scratch, tables: NightTables, compared: Compared) -> int:
    """Keep the places of both days and the kinds of pairs; returns the places of the larger day."""
    day, earlier = compared.day, compared.earlier
    columns = ", ".join(f'"{name}"' for name in PLACE.names)

    def kept(name: str, table: str, of: str) -> int:
        query = f"SELECT {columns} FROM {table} WHERE as_of = DATE {quoted(of)}"
        query += f" AND rank <= {compared.places}"
        batches = tables.warehouse.batches(query, RELATED_ITEMS.name)
        return scratch.keep(name, PLACE, batches, WITH_NUMBERS)

    kinds: Iterable[pa.RecordBatch] = ()
    if tables.newest_day(RELATED_KINDS.name) == day:
        query = f"SELECT {', '.join(KIND.names)} FROM {RELATED_KINDS.name} WHERE as_of = DATE"
        kinds = tables.warehouse.batches(f"{query} {quoted(day)}", RELATED_KINDS.name)
    scratch.keep("kinds", KIND, kinds, WITH_NUMBERS)
    places = kept("lists", RELATED_ITEMS.name, day)
    if earlier is None:
        scratch.keep("earlier", PLACE, (), WITH_NUMBERS)
        return places
    return max(places, kept("earlier", earlier.table, earlier.day))


@dataclass(frozen=True)
class Kept:
    """The places of lists on disk, `places` a day at most, and the numbered items."""

    scratch: Scratch
    places: int
    numbered: Numbered

    def written(self, folder: PageFolder) -> Iterator[Changes]:
        """Write every shard of lists; what changed in the lists of each bucket of shards."""
        buckets = -(-self.places // AT_ONCE) or 1
        items, statistics = self.numbered.items, self.numbered.statistics
        absent = set(range(self.numbered.shards))
        for bucket in range(buckets):
            rows, earlier, kinds = (
                self.scratch.arrow(
                    f"SELECT * EXCLUDE shard FROM {name} WHERE shard % {buckets} = {bucket}"
                )
                for name in ("lists", "earlier", "kinds")
            )
            for shard, text in list_shards.shard_texts(rows, items, statistics, kinds):
                _write(folder, f"lists-{shard:04}", text)
                absent.discard(shard)
            yield changed_lists.changes(rows, earlier)
        for shard in sorted(absent):
            _write(folder, f"lists-{shard:04}", "{}")


def _write(folder: PageFolder, name: str, text: str) -> None:
    folder.write(f"data/{name}.js", data_file(name, text))
