"""A lower bound for any design on Spark that moves rows to Python: all the moving, no counting.

The same scan, rows to Python, one shuffle as packed integers, sorted by customer, and as many
rows of the same kind written as the engine writes.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from benchmarks.contestants import TOP, Task
from benchmarks.contestants.spark import after, with_delta, write

__all__ = ["after", "ready", "run"]

ROWS_PER_CHUNK = 1 << 19
ROWS_PER_BATCH = 1 << 16
OUT = (
    "unit string, market string, relation string, item_id string, related_item_id string, "
    "both bigint, expected double, buyers bigint, related_buyers bigint, units bigint"
)


def ready(task: Task) -> SparkSession:
    return with_delta(task, "4g", 4)


def run(task: Task, spark: SparkSession) -> None:
    parts = 2 * task.cores
    rows_per_part = task.rows // parts
    purchases = spark.read.format("delta").load(task.purchases)
    ids = purchases.select(
        F.xxhash64("market", "customer_id").alias("customer"),
        F.xxhash64("market", "item_id").alias("item"),
    )

    def scatter(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for customers, items in _chunks(batches):
            part_of = (customers.view(np.uint64) % np.uint64(parts)).astype(np.int32)
            order = np.argsort(part_of, kind="stable")
            ends = np.cumsum(np.bincount(part_of, minlength=parts))[:-1]
            cells = [
                [part.tobytes() for part in np.split(c[order], ends)] for c in (customers, items)
            ]
            numbers = pa.array(range(parts), pa.int32())
            yield pa.record_batch([numbers, *map(_binary, cells)], names=["part", "a", "b"])

    def sort_and_write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        blobs = [(b["a"][i].as_py(), b["b"][i].as_py()) for b in batches for i in range(len(b))]
        if not blobs:
            return
        customers, items = (np.frombuffer(b"".join(c), np.int64) for c in zip(*blobs, strict=True))
        items = items[np.argsort(customers, kind="stable")]
        yield from _rows(items, rows_per_part)

    blobs = ids.mapInArrow(scatter, "part int, a binary, b binary")
    rows = blobs.repartitionById(parts, F.col("part")).mapInArrow(sort_and_write, OUT)
    scored = rows.withColumn("score", F.expr("(both - expected) / sqrt(expected)"))
    write(scored, task)


def _binary(cells: list[bytes]) -> pa.Array:
    return pa.array(cells, pa.binary())


def _chunks(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= ROWS_PER_CHUNK:
            yield _arrays(waiting)
            waiting, rows = [], 0
    if rows:
        yield _arrays(waiting)


def _arrays(batches: list[pa.RecordBatch]) -> tuple[np.ndarray, np.ndarray]:
    table = pa.Table.from_batches(batches)
    return table["customer"].to_numpy(), table["item"].to_numpy()


def _rows(items: np.ndarray, count: int) -> Iterator[pa.RecordBatch]:
    """Rows of the engine's shape: sorted by item, TOP of them each, ids and counts that vary."""
    texts = pa.array([f"i{k:05d}" for k in range(1 << 16)])
    for first in range(0, count, ROWS_PER_BATCH):
        at = np.arange(first, min(first + ROWS_PER_BATCH, count))
        noise = items[at % len(items)].view(np.uint64)
        counts = (noise >> np.uint64(56)).astype(np.int64) + 1
        yield pa.record_batch(
            [
                pa.repeat("customer", len(at)),
                pa.repeat("all", len(at)),
                pa.repeat("together", len(at)),
                texts.take(pa.array((at // TOP) % len(texts))),
                texts.take(pa.array((noise & np.uint64(0xFFFF)).astype(np.int64))),
                pa.array(counts),
                pa.array(noise.astype(np.float64) + 1.0),
                pa.array(counts * 2),
                pa.array(counts * 3),
                pa.repeat(pa.scalar(len(items), pa.int64()), len(at)),
            ],
            names=[field.split()[0] for field in OUT.split(", ")],
        )
