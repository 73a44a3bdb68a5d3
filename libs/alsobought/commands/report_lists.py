"""The data files of the report's lists and of its search, and what changed in the lists."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from alsobought.commands.earlier_lists import Before
from alsobought.commands.listed_items import Compared, Numbered, numbered
from alsobought.commands.lists_by_spark import made_by_spark
from alsobought.commands.lists_on_disk import Write, made_on_disk
from alsobought.commands.night_tables import NightTables
from alsobought.report import changed_lists, numbered_items
from alsobought.report.changed_lists import Changes
from alsobought.report.data_files import data_file
from alsobought.runtime import session
from alsobought.runtime.page_folder import PageFolder
from alsobought.runtime.scratch import Scratch

BY_SPARK = 20_000_000  # places of lists; Spark makes the files of more
AHEAD = 8  # shards that wait to be packed


@dataclass(frozen=True)
class Written:
    """What the data files have: the items, chunks of the search index, and what
    changed (None: there was nothing to compare with)."""

    numbered: Numbered
    chunks: int
    changes: Changes | None


def write(tables: NightTables, folder: PageFolder, day: str, earlier: Before | None) -> Written:
    """Write the data files of the lists of a day and of all items; and count what changed.

    One process makes them, or Spark's workers where there are more than BY_SPARK places. Memory:
    for the items and a part of the places.
    """
    compared = Compared(tables, day, earlier, numbered(tables, day, earlier))
    items, chunks = compared.numbered.items, 0
    for text in numbered_items.chunks(items):
        folder.write(f"data/items-{chunks:04}.js", data_file(f"items-{chunks:04}", text))
        chunks += 1
    if compared.numbered.every_place > BY_SPARK:
        parts = write_by_spark(compared, folder)
    else:
        parts = write_alone(compared, folder)
    changes = None if earlier is None else changed_lists.together(parts)
    return Written(compared.numbered, chunks, changes)


def write_alone(compared: Compared, folder: PageFolder) -> list[Changes]:
    """Write all shards of lists by this process; what changed in parts of the lists."""
    with Scratch(folder.making.parent / "rows") as scratch, _shards(compared, folder) as shard:
        return list(made_on_disk(compared, scratch, shard))


def write_by_spark(compared: Compared, folder: PageFolder) -> list[Changes]:
    """The same by Spark's workers, in a session of the environment's settings."""
    spark = session.build("report", compared.tables.environment.spark)
    try:
        with _shards(compared, folder) as shard:
            return list(made_by_spark(compared, spark, shard))
    finally:
        spark.stop()


@contextmanager
def _shards(compared: Compared, folder: PageFolder) -> Iterator[Write]:
    """What writes shards, some at a time, as packing takes longest; at the end those without lists
    are written, too."""
    absent = set(range(compared.numbered.shards))
    with ThreadPoolExecutor() as pool:
        waiting = []

        def written(number: int, text: str) -> None:
            name = f"lists-{number:04}"
            folder.write(f"data/{name}.js", data_file(name, text))

        def shard(number: int, text: str) -> None:
            absent.discard(number)
            waiting.append(pool.submit(written, number, text))
            if len(waiting) > AHEAD:
                waiting.pop(0).result()

        yield shard
        for number in sorted(absent):
            written(number, "{}")
        for future in waiting:
            future.result()
