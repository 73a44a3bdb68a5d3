"""The items of a day's lists, numbered, and the lists that the report compares with each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from alsobought.commands.earlier_lists import Before
from alsobought.commands.night_tables import NightTables
from alsobought.report import list_shards, numbered_items
from alsobought.runtime.warehouse import quoted
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.purchases import ITEMS
from alsobought.tables.related import RELATED_ITEMS

CATALOGUE = pa.schema(
    [
        ("item_id", pa.string()),
        ("title", pa.string()),
        ("brand", pa.string()),
        ("category", pa.list_(pa.string())),
        ("is_available", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Numbered:
    """The items of a day's lists by number, and their statistics; how many shards there are, how
    many places of a list count, how many such places and how many lists there are."""

    items: pa.Table = field(repr=False)
    statistics: pa.Table = field(repr=False)
    shards: int
    places: int
    every_place: int
    lists: int


@dataclass(frozen=True)
class Compared:
    """A day's lists and those before it (None: there are none), with the items of both."""

    tables: NightTables
    day: str
    earlier: Before | None
    numbered: Numbered


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
    places = _places(by_rank, first)
    shards = numbered_items.shards_for(places)
    items = numbered_items.numbered(catalogue, statistics, listed, shards)
    return Numbered(items, statistics, shards, first, places, by_rank.get(1, 0))


def _places(by_rank: Mapping[int, int], first: int) -> int:
    """How many places lists have up to a rank, of the counts by rank."""
    return sum(places for rank, places in by_rank.items() if rank <= first)
