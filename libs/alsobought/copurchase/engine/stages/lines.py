"""Purchase lines as Arrow batches in Spark's Python workers: from the table's files, or by Spark.

A worker that reads Parquet itself takes a twentieth of the time that Spark takes to hand it the
same rows. It can where the table's files are on a path that every worker sees.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from alsobought.days import days_before, in_window, micros

ROWS_PER_CHUNK = 1 << 19
ROWS_PER_TASK = 1 << 23
AT = "purchased_at"

Batches = Iterator[pa.RecordBatch]
RowGroups = list[tuple[str, list[int]]]  # files, and which of their row groups


@dataclass(frozen=True)
class Lines:
    """The lines of a window: how many there are at most, and a way to have workers go over them."""

    at_most: int
    in_workers: Callable[[Callable[[Batches], Batches], str, list[str]], DataFrame]
    """(function of batches, its output's schema, columns to read) -> what it yields"""


def lines_by_spark(purchases: DataFrame, as_of: date, look_back_days: int) -> Lines:
    """The lines as Spark reads them. Cost: one scan more, of the times alone, to count them."""
    window = in_window(purchases, as_of, look_back_days)

    def in_workers(run: Callable[[Batches], Batches], schema: str, columns: list[str]) -> DataFrame:
        return window.select(*columns).mapInArrow(run, schema)

    return Lines(window.count(), in_workers)


def lines_from_files(
    spark: SparkSession, files: Sequence[str], as_of: date, look_back_days: int
) -> Lines:
    """The lines of Parquet files, all of whose rows count.

    Cost: the driver reads each file's footer; a task has at most about ROWS_PER_TASK rows, and
    holds a row group's columns and ROWS_PER_CHUNK rows at a time.
    """
    first = days_before(as_of, look_back_days)
    groups = [group for file in files for group in _row_groups(file, first, as_of)]
    rows = sum(count for count, _, _ in groups)
    cores = spark.sparkContext.defaultParallelism
    tasks = cores * max(1, -(-rows // (cores * ROWS_PER_TASK)))
    groups_of_task = _balance(groups, tasks)

    def in_workers(run: Callable[[Batches], Batches], schema: str, columns: list[str]) -> DataFrame:
        wanted = list(dict.fromkeys([*columns, AT]))

        def read(numbers: Batches) -> Batches:
            for batch in numbers:
                for task in batch.column(0).to_pylist():
                    yield from _read(groups_of_task[task], wanted, first, as_of)

        tasks_to_read = spark.range(0, tasks, 1, tasks)
        return tasks_to_read.mapInArrow(lambda numbers: run(read(numbers)), schema)

    return Lines(rows, in_workers)


def in_chunks(batches: Batches) -> Iterator[pa.RecordBatch]:
    """Batches of at least ROWS_PER_CHUNK rows, but for the last, so that memory does not grow."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= ROWS_PER_CHUNK:
            yield pa.concat_batches(waiting)
            waiting = []
    if waiting:
        yield pa.concat_batches(waiting)


def _row_groups(file: str, first: date, end: date) -> Iterator[tuple[int, str, int]]:
    """(rows, file, number) of each row group that may hold lines of the window."""
    footer = pq.read_metadata(file)
    column = footer.schema.names.index(AT)
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        times = group.column(column).statistics
        if times is None or not times.has_min_max:
            is_outside = False
        else:
            is_outside = times.min >= _instant(end) or times.max < _instant(first)
        if not is_outside and group.num_rows:
            yield group.num_rows, file, number


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _balance(groups: list[tuple[int, str, int]], tasks: int) -> list[RowGroups]:
    """About the same rows for each task: the largest row groups first, each to the lightest."""
    loads = [(0, task) for task in range(tasks)]
    files_of_task: list[dict[str, list[int]]] = [{} for _ in range(tasks)]
    for rows, file, number in sorted(groups, reverse=True):
        load, task = loads[0]
        files_of_task[task].setdefault(file, []).append(number)
        heapq.heapreplace(loads, (load + rows, task))
    return [
        [(file, sorted(numbers)) for file, numbers in sorted(files.items())]
        for files in files_of_task
    ]


def _read(groups: RowGroups, columns: list[str], first: date, end: date) -> Batches:
    """The lines of the window."""
    for path, numbers in groups:
        file = pq.ParquetFile(path, coerce_int96_timestamp_unit="us")
        for batch in file.iter_batches(ROWS_PER_CHUNK, numbers, columns, use_threads=False):
            # Spark's older times are INT96, which do not name their zone; all are UTC
            times = batch[AT].cast(pa.timestamp("us", "UTC"))
            same = [times if name == AT else batch[name] for name in columns]
            at = times.cast(pa.int64()).to_numpy()
            inside = (at >= micros(first)) & (at < micros(end))
            rows = pa.record_batch(same, names=columns)
            yield rows if inside.all() else rows.filter(pa.array(inside))
