"""The report's lists made by Spark's workers, where there are more than one process should sort."""

from collections.abc import Iterator

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alsobought.commands.listed_items import Compared
from alsobought.commands.lists_on_disk import KIND, PLACE, Write
from alsobought.report import shards_by_workers
from alsobought.report.changed_lists import Changes
from alsobought.runtime.store import Store
from alsobought.tables.related import RELATED_ITEMS, RELATED_KINDS
from alsobought.tables.table import Table

PLACES_A_TASK = 1_000_000


def made_by_spark(compared: Compared, spark: SparkSession, write: Write) -> Iterator[Changes]:
    """Have every shard written that has lists, one after the other as workers have made them; what
    changed in the lists of each part.

    Memory: of the driver for the items and some shards, of a task for PLACES_A_TASK of each day.
    """
    tables, numbered, earlier = compared.tables, compared.numbered, compared.earlier
    store = Store(spark, tables.warehouse.path)

    def of_day(table: Table, day: str, version: int) -> DataFrame:
        return store.read_version(table, version).where(F.col("as_of") == F.lit(day).cast("date"))

    def lists(day: str, version: int) -> DataFrame:
        rows = of_day(RELATED_ITEMS, day, version).where(F.col("rank") <= numbered.places)
        return rows.select(*PLACE.names)

    version = tables.warehouse.version(RELATED_ITEMS.name)
    before = None if earlier is None else lists(earlier.day, earlier.version)
    kinds = None
    if tables.newest_day(RELATED_KINDS.name) == compared.day:
        of_kinds = tables.warehouse.version(RELATED_KINDS.name)
        kinds = of_day(RELATED_KINDS, compared.day, of_kinds).select(*KIND.names)
    rows = shards_by_workers.together(lists(compared.day, version), before, kinds)
    partitions = -(-numbered.every_place // PLACES_A_TASK) or 1
    made = shards_by_workers.made_by_workers(rows, numbered.items, numbered.statistics, partitions)
    for row in made.toLocalIterator():
        if row["shard"] == shards_by_workers.OF_CHANGES:
            yield shards_by_workers.changes_of(row["text"])
        else:
            write(row["shard"], row["text"])
