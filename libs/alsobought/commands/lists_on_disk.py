"""The report's lists made by one process: the places go to disk, and are worked on in parts."""

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from alsobought.commands.listed_items import Compared, Numbered
from alsobought.report import changed_lists, list_shards
from alsobought.report.changed_lists import Changes
from alsobought.runtime.scratch import Scratch
from alsobought.runtime.warehouse import quoted
from alsobought.tables.related import RELATED_ITEMS, RELATED_KINDS

AT_ONCE = 1_000_000  # places of lists that are worked on together: bounds the memory
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
# by numbers of items, which are shorter than ids
WITH_NUMBERS = (
    "SELECT batches.* EXCLUDE (item_id, related_item_id), x.shard, x.number AS item,"
    " y.number AS related FROM batches JOIN items AS x ON batches.item_id = x.item_id"
    " JOIN items AS y ON batches.related_item_id = y.item_id"
)

Write = Callable[[int, str], None]
"""Writes a shard: its number and its JSON."""


def made_on_disk(compared: Compared, scratch: Scratch, write: Write) -> Iterator[Changes]:
    """Have every shard written that has lists; what changed in the lists of each part.

    Memory: for AT_ONCE places of each day, and for the items. Cost: sorts of the places.
    """
    numbered = compared.numbered
    scratch.register("items", numbered.items.select(["item_id", "number", "shard"]))
    buckets = -(-_keep(scratch, compared) // AT_ONCE) or 1
    for bucket in range(buckets):
        rows, earlier, kinds = (
            scratch.arrow(f"SELECT * EXCLUDE shard FROM {name} WHERE shard % {buckets} = {bucket}")
            for name in ("lists", "earlier", "kinds")
        )
        for shard, text in _texts(rows, kinds, numbered):
            write(shard, text)
        if compared.earlier is not None:
            yield changed_lists.changes(rows, earlier)


def _texts(rows: pa.Table, kinds: pa.Table, numbered: Numbered) -> Iterator[tuple[int, str]]:
    return list_shards.shard_texts(rows, numbered.items, numbered.statistics, kinds)


def _keep(scratch: Scratch, compared: Compared) -> int:
    """Keep the places of both days and the kinds of pairs; returns the places of the larger day."""
    tables, day, earlier = compared.tables, compared.day, compared.earlier
    columns = ", ".join(f'"{name}"' for name in PLACE.names)

    def kept(name: str, table: str, of: str) -> int:
        query = f"SELECT {columns} FROM {table} WHERE as_of = DATE {quoted(of)}"
        query += f" AND rank <= {compared.numbered.places}"
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
