"""Rows as Parquet files in their table's folder, written by Spark's workers, not yet committed.

No version of the table names them, so no reader sees them; VACUUM removes those of a run that died.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import StorageLevel, TaskContext
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from alsobought import storage
from alsobought.ingest.files import as_named
from alsobought.runtime.parquet_writer import (
    HASH_PARTS,
    SCHEMA,
    FileLayout,
    StagedFile,
    with_few_keys,
    write_files,
)
from alsobought.tables.outcome import Batches, WorkerRows
from alsobought.tables.table import Table

INDEXED = 32  # columns whose statistics Delta keeps where a table does not say which
ROWS_ON_DRIVER = 1 << 20  # so many keys (8 MB) are compared without a shuffle
ROWS_PER_TASK = 1 << 23
BYTES_A_KEY = 8
FEW_TASKS = 16  # whose keys may come along with their summaries
REPEATS = "file string, place int, hash bigint"


@dataclass(frozen=True)
class Staged:
    """Files that hold a run's rows, and what was counted while they were written.

    faults: rows by what their contract refuses in them; keys: rows of parquet_writer.SCHEMA with
    the hashes of all keys, persisted.
    """

    folder: str
    files: list[StagedFile]
    faults: Counter[str]
    keys: DataFrame
    tasks: list[dict[str, Any]] = field(default_factory=list)
    """What else each task has to tell."""
    told_keys: pa.Table | None = None
    """The keys of all rows, where few enough that the tasks told them with their summaries."""

    @property
    def rows(self) -> int:
        """The rows of all files."""
        return sum(file.rows for file in self.files)

    @property
    def paths(self) -> list[str]:
        """Where the files lie."""
        return [f"{self.folder}/{file.path}" for file in self.files]

    def key_batches(self) -> list[pa.RecordBatch]:
        """The hashes of all keys, for as many as a driver has room for: file, hashes, places."""
        keys = self.keys.toArrow() if self.told_keys is None else self.told_keys
        batches: list[pa.RecordBatch] = keys.to_batches()
        return batches

    def discard(self) -> None:
        """Remove the files: their rows are refused."""
        for path in self.paths:
            storage.remove(path)


def layout_of(table: Table, folder: str, partition: str) -> FileLayout:
    """How the files of a table are written."""
    spark_schema = StructType(list(table.columns))
    schema = to_arrow_schema(spark_schema, timezone="UTC")
    schema = pa.schema([f.with_nullable(True).remove_metadata() for f in schema])
    statistics = table.names[:INDEXED] if table.skipped_by is None else table.skipped_by
    return FileLayout(
        folder,
        partition,
        schema,
        tuple(field.name for field in table.columns if not field.nullable),
        dict(table.checks),
        tuple(name for name in table.key if name != "as_of"),
        statistics,
        table.sorted_by,
        table.whole_groups,
    )


@contextmanager
def staged(rows: DataFrame | WorkerRows, layout: FileLayout) -> Iterator[Staged]:
    """The rows in files of the layout, in the order in which their tasks have them.

    Cost: the rows pass through the workers once, those that Spark makes as Arrow batches, and are
    written once; 12 bytes a row are kept for the keys.
    """

    def write(batches: Batches) -> Batches:
        return write_files(batches, layout)

    with written(rows, write, layout.folder) as files:
        yield files


@contextmanager
def written(
    rows: DataFrame | WorkerRows, write: Callable[[Batches], Batches], folder: str
) -> Iterator[Staged]:
    """What `write` makes in the workers of the rows, whose outputs are rows of SCHEMA."""
    if isinstance(rows, WorkerRows):
        make, source = rows.make, rows.source

        def make_and_write(batches: Batches) -> Batches:
            return _with_few_keys(write(make(batches)))

        outputs = source.mapInArrow(make_and_write, SCHEMA)
    else:

        def write_given(batches: Batches) -> Batches:
            return _with_few_keys(write(batches))

        outputs = rows.mapInArrow(write_given, SCHEMA)
    outputs = outputs.persist(StorageLevel.DISK_ONLY)  # a heap would fill up with the keys
    try:
        with_info = outputs.where("info IS NOT NULL").toArrow()
        is_keys = with_info["hashes"].is_valid()
        files, faults, tasks = summaries(with_info["info"].filter(pc.invert(is_keys)).to_pylist())
        told_keys = with_info.filter(is_keys)
        lengths = pc.sum(pc.binary_length(told_keys["hashes"])).as_py() or 0
        is_all = lengths == BYTES_A_KEY * sum(file.rows for file in files)
        keys = outputs.where("hashes IS NOT NULL").drop("info")
        yield Staged(folder, files, faults, keys, tasks, told_keys if is_all else None)
    finally:
        outputs.unpersist()


def _with_few_keys(outputs: Batches) -> Batches:
    """Few keys of few tasks: the driver is to hold them all, whatever their number."""
    task = TaskContext.get()
    is_of_few = task is not None and task.partitionId() < FEW_TASKS
    return with_few_keys(outputs) if is_of_few else outputs


def summaries(
    infos: Sequence[str],
) -> tuple[list[StagedFile], Counter[str], list[dict[str, Any]]]:
    """What tasks tell of their files: the files, rows by fault, and what else each task says."""
    tasks = [json.loads(info) for info in infos]
    files = [StagedFile(**file) for task in tasks for file in task.pop("files")]
    faults: Counter[str] = Counter()
    for task in tasks:
        faults.update(task.pop("faults"))
    return files, faults, tasks


def rows_in(files: Staged, schema: str, paths: Sequence[str] | None = None) -> DataFrame:
    """The rows of staged files, all or some, in columns of a schema in text."""
    spark = files.keys.sparkSession
    return spark.read.schema(schema).parquet(*as_named(files.paths if paths is None else paths))


def tables_in(paths: Sequence[str], columns: Sequence[str]) -> pa.Table:
    """The rows of some files in memory; there must be a file."""
    return storage.columns_of(paths, columns)


def rows_at(paths: Sequence[str]) -> int:
    """How many rows files have."""
    return sum(storage.footer(path).num_rows for path in paths)


def sorted_hashes(batches: Sequence[pa.RecordBatch]) -> np.ndarray:
    """The hashes of all keys, for as many as a driver has room for."""
    cells = (cell for batch in batches for cell in batch["hashes"])
    hashes = [np.frombuffer(cell.as_buffer(), np.int64) for cell in cells]
    return np.sort(np.concatenate([np.empty(0, np.int64), *hashes]))


def range_of(files: Sequence[StagedFile], column: str) -> tuple[Any, Any] | None:
    """The least and greatest value of a column in all files; None: unknown, or a row has none."""
    statistics = [json.loads(file.stats) for file in files]
    values = [
        (s["minValues"][column], s["maxValues"][column])
        for s in statistics
        if column in s["minValues"] and not s["nullCount"][column]
    ]
    if not values or len(values) < len(files):
        return None
    return min(low for low, _ in values), max(high for _, high in values)


def has_repeated_key(files: Staged) -> bool:
    """Whether two rows have keys of the same hash: the same key, or two in 2^64 alike."""
    if files.rows <= ROWS_ON_DRIVER:
        return bool((np.diff(sorted_hashes(files.key_batches())) == 0).any())
    repeats = repeated_keys(files.keys, files.rows)
    return repeats.count() > 0  # a worker that is cut short complains


def repeated_keys(keys: DataFrame, rows: int) -> DataFrame:
    """Every row whose key has the hash of another row's: file, place, hash.

    In:   rows of parquet_writer.SCHEMA without infos, of about `rows` keys.
    Cost: one shuffle of 12 bytes a row; a task holds and sorts those of ROWS_PER_TASK rows.
    """
    tasks = min(
        HASH_PARTS, max(keys.sparkSession.sparkContext.defaultParallelism, rows // ROWS_PER_TASK)
    )
    by_part = keys.repartitionById(tasks, F.col("part") % F.lit(tasks))
    return by_part.mapInArrow(repeats, REPEATS)


def repeats(batches: Iterable[pa.RecordBatch]) -> Batches:
    """The same of the keys of a task, or of as many as a driver has room for."""
    hashes: list[np.ndarray] = []
    places: list[np.ndarray] = []
    files: list[np.ndarray] = []
    names: list[str] = []
    for batch in batches:
        for file, some_hashes, some_places in zip(
            batch["file"].to_pylist(), batch["hashes"], batch["places"], strict=True
        ):
            hashes.append(np.frombuffer(some_hashes.as_buffer(), np.int64))
            places.append(np.frombuffer(some_places.as_buffer(), np.int32))
            files.append(np.full(len(places[-1]), len(names), np.int32))
            names.append(file)
    if not hashes:
        return
    joined = np.concatenate(hashes)
    hashes.clear()
    order = np.argsort(joined, kind="stable")
    is_same = np.diff(joined[order]) == 0
    is_repeated = np.zeros(len(order), bool)
    is_repeated[1:] |= is_same
    is_repeated[:-1] |= is_same
    repeated = order[is_repeated]
    if len(repeated):
        file_of = pa.array(np.concatenate(files)[repeated])
        yield pa.record_batch(
            [
                pa.array(names, pa.string()).take(file_of),
                pa.array(np.concatenate(places)[repeated]),
                pa.array(joined[repeated]),
            ],
            names=["file", "place", "hash"],
        )


def move(files: Sequence[StagedFile], folder: str, to: str) -> None:
    """Move the files into another folder of the same file system, under the same paths."""
    for file in files:
        storage.move(f"{folder}/{file.path}", f"{to}/{file.path}")
