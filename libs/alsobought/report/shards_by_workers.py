"""The shards of lists made by Spark's workers, for more lists than one process should sort."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.report.changed_lists import PLACES, Changes, changes
from alsobought.report.list_shards import KINDS, LISTED, shard_texts

OF_CHANGES = -1
"""Stands for the number of a shard where the text is of what changed."""
MADE = "shard int, text string"
LISTS, EARLIER, OF_KINDS = "lists", "earlier", "kinds"
IDS = ("item_id", "related_item_id")


def together(lists: DataFrame, earlier: DataFrame | None, kinds: DataFrame | None) -> DataFrame:
    """The rows of related_items of two days and those of related_kinds, each with its `part`."""
    parts = {LISTS: lists, EARLIER: earlier, OF_KINDS: kinds}
    (first, *rest) = (
        rows.withColumn("part", F.lit(part)) for part, rows in parts.items() if rows is not None
    )
    for rows in rest:
        first = first.unionByName(rows, allowMissingColumns=True)
    return first if kinds is not None else first.withColumn("kind", F.lit(None).cast("string"))


def made_by_workers(
    rows: DataFrame, items: pa.Table, statistics: pa.Table, partitions: int
) -> DataFrame:
    """A row with the JSON of each shard, and for each partition one of what changed: MADE.

    In: `together`; items and statistics as `list_shards.shard_texts` has them, which go to every
    worker. All rows of a shard are in one of the partitions, which a worker holds in memory: some
    hundred bytes a row. Cost: one shuffle of the rows.
    """
    spark = rows.sparkSession
    of_items = spark.createDataFrame(items.select(["item_id", "number", "shard"]))
    item = F.broadcast(of_items.withColumnRenamed("number", "item"))
    names = {"item_id": "related_item_id", "number": "related"}
    related = F.broadcast(of_items.drop("shard").withColumnsRenamed(names))
    numbers = rows.join(item, "item_id").join(related, "related_item_id").drop(*IDS)
    sent_items = spark.sparkContext.broadcast(_packed(items))
    sent_statistics = spark.sparkContext.broadcast(_packed(statistics))

    def made(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return _of_partition(batches, _read(sent_items.value), _read(sent_statistics.value))

    return numbers.repartition(partitions, "shard").mapInArrow(made, MADE)


def _of_partition(
    batches: Iterator[pa.RecordBatch], items: pa.Table, statistics: pa.Table
) -> Iterator[pa.RecordBatch]:
    """The rows that a worker makes of a partition."""
    parts = list(batches)
    if not parts:
        return
    rows = pa.Table.from_batches(parts)
    lists, earlier, kinds = (
        rows.filter(pc.equal(rows["part"], part)) for part in (LISTS, EARLIER, OF_KINDS)
    )
    of_kinds = kinds.select(KINDS.names)
    for shard, text in shard_texts(lists.select(LISTED), items, statistics, of_kinds):
        yield _row(shard, text)
    changed = changes(lists.select(PLACES), earlier.select(PLACES))
    yield _row(OF_CHANGES, json.dumps(asdict(changed)))


def changes_of(text: str) -> Changes:
    """What changed, of a row's text."""
    return Changes(**json.loads(text))


def _row(shard: int, text: str) -> pa.RecordBatch:
    columns: list[Any] = [pa.array([shard], pa.int32()), pa.array([text], pa.string())]
    return pa.RecordBatch.from_arrays(columns, names=["shard", "text"])


def _packed(table: pa.Table) -> bytes:
    """A table as bytes of Arrow's IPC."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _read(packed: bytes) -> pa.Table:
    return pa.ipc.open_stream(packed).read_all()
