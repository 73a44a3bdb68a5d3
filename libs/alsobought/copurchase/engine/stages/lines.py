"""Purchase lines as Arrow batches in Spark's Python workers: from the table's files, or by Spark.

A worker that reads Parquet itself takes a twentieth of the time that Spark takes to hand it the
same rows. It can where the table's files are on a path that every worker sees, or in a bucket whose
keys it has.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession

from alsobought import storage
from alsobought.compiled.hashing import hash_columns, is_in_sorted
from alsobought.days import days_before, in_window, micros
from alsobought.returns import LINE, counting
from alsobought.tables.stored import Stored

ROWS_PER_CHUNK = 1 << 19
ROWS_PER_TASK = 1 << 23
AT = "purchased_at"
EVER = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
RETURNED_AT, QUANTITY = "returned_at", "quantity"

Batches = Iterator[pa.RecordBatch]
RowGroups = list[tuple[str, list[int]]]  # files, and which of their row groups
Span = tuple[str, int, datetime, datetime]  # a row group: file, number, first and last time


@dataclass(frozen=True)
class Lines:
    """The lines of a window: how many there are at most, and a way to have workers go over them."""

    at_most: int
    in_workers: Callable[[Callable[[Batches], Batches], str, list[str]], DataFrame]
    """(function of batches, its output's schema, columns to read) -> what it yields"""


def lines_of(purchases: Stored, returned: Stored | None, as_of: date, look_back_days: int) -> Lines:
    """The lines of the window that count: from their files where workers can open them.

    In: `purchases`, and `returned_purchases` of the as-of day, None: there are no returns.
    """
    spark = purchases.rows.sparkSession
    if returned is None and purchases.files:
        return lines_from_files(spark, purchases.files, as_of, look_back_days)
    if returned is None:
        return lines_by_spark(purchases.rows, as_of, look_back_days)
    if purchases.files and (returned.files or returned.rows.isEmpty()):
        return lines_from_files(spark, purchases.files, as_of, look_back_days, returned.files)
    return lines_by_spark(purchases.rows, as_of, look_back_days, returned.rows)


def lines_by_spark(
    purchases: DataFrame, as_of: date, look_back_days: int, returned: DataFrame | None = None
) -> Lines:
    """The lines as Spark reads them. Cost: one scan more, of the times alone, to count them; with
    `returned` lines a join by key."""
    window = counting(in_window(purchases, as_of, look_back_days), returned, as_of)

    def in_workers(run: Callable[[Batches], Batches], schema: str, columns: list[str]) -> DataFrame:
        return window.select(*columns).mapInArrow(run, schema)

    return Lines(window.count(), in_workers)


def lines_from_files(
    spark: SparkSession,
    files: Sequence[str],
    as_of: date,
    look_back_days: int,
    returned: Sequence[str] | None = None,
) -> Lines:
    """The lines of Parquet files; `returned`: the files of `returned_purchases` of the as-of day.

    Cost: the driver reads each file's footer; a task has at most about ROWS_PER_TASK rows, and
    holds a row group's columns and ROWS_PER_CHUNK rows at a time. None `returned`: nothing more.
    Else a task reads the keys of its lines, and holds 8 bytes for each returned line of their time.
    Of n lines one is taken for one of r returned lines of its time with odds of n * r / 1.8e19.
    """
    first = days_before(as_of, look_back_days)
    groups = [group for file in files for group in _row_groups(file, first, as_of)]
    rows = sum(count for count, _, _ in groups)
    cores = spark.sparkContext.defaultParallelism
    tasks = cores * max(1, -(-rows // (cores * ROWS_PER_TASK)))
    groups_of_task = _balance(groups, tasks)
    gone = None if returned is None else [group for file in returned for group in _spans(file)]

    def in_workers(run: Callable[[Batches], Batches], schema: str, columns: list[str]) -> DataFrame:
        of_returns = [] if gone is None else [*LINE, QUANTITY]
        wanted = list(dict.fromkeys([*columns, AT, *of_returns]))

        def read(numbers: Batches) -> Batches:
            for batch in numbers:
                for task in batch.column(0).to_pylist():
                    lines = _read(groups_of_task[task], wanted, first, as_of)
                    yield from lines if gone is None else _without_returns(lines, gone)

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
    footer = storage.footer(file)
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
        file = storage.parquet_file(path)
        for batch in file.iter_batches(ROWS_PER_CHUNK, numbers, columns, use_threads=False):
            # Spark's older times are INT96, which do not name their zone; all are UTC
            times = batch[AT].cast(pa.timestamp("us", "UTC"))
            same = [times if name == AT else batch[name] for name in columns]
            at = times.cast(pa.int64()).to_numpy()
            inside = (at >= micros(first)) & (at < micros(end))
            rows = pa.record_batch(same, names=columns)
            yield rows if inside.all() else rows.filter(pa.array(inside))


def _spans(file: str) -> list[Span]:
    """The row groups of a file of `returned_purchases`, each with its least and greatest time."""
    footer = storage.footer(file)
    column = footer.schema.names.index(AT)
    spans = []
    for number in range(footer.num_row_groups):
        times = footer.row_group(number).column(column).statistics
        is_known = times is not None and times.has_min_max
        first, last = (times.min, times.max) if is_known else EVER
        spans.append((file, number, first, last))
    return spans


def _without_returns(lines: Batches, gone: list[Span]) -> Batches:
    """The lines that were bought and not wholly returned."""
    hashes_of: dict[Span, np.ndarray] = {}
    returned = np.empty(0, np.int64)
    for rows in lines:
        is_bought = pc.greater(rows[QUANTITY], 0.0)
        bought = rows if pc.all(is_bought).as_py() else rows.filter(is_bought)
        if not len(bought):
            continue
        least, greatest = (end.as_py() for end in pc.min_max(bought[AT]).values())
        near = [span for span in gone if span[2] <= greatest and least <= span[3]]
        if near != list(hashes_of):
            hashes_of = {s: hashes_of[s] if s in hashes_of else _hashes(s) for s in near}
            returned = np.sort(np.concatenate([np.empty(0, np.int64), *hashes_of.values()]))
        if not len(returned):
            yield bought
            continue
        hashes = hash_columns([bought[name] for name in LINE])
        is_kept = ~is_in_sorted(hashes, returned)
        yield bought if is_kept.all() else bought.filter(pa.array(is_kept))


def _hashes(span: Span) -> np.ndarray:
    """The hashes of the keys of a row group's wholly returned lines."""
    file, number, _, _ = span
    rows = storage.parquet_file(file).read_row_group(
        number, [*LINE, RETURNED_AT], use_threads=False
    )
    rows = rows.filter(pc.is_valid(rows[RETURNED_AT])).combine_chunks()
    return hash_columns([rows[name].combine_chunks() for name in LINE])
