"""Batches of rows to Parquet files in a Spark worker: checked, measured, and with hashed keys.

Runs in the workers; what the driver does with the files is in `staging`.
"""

import errno
import json
import os
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import starmap
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from alsobought import storage
from alsobought.compiled.hashing import hash_columns
from alsobought.runtime.file_statistics import statistics
from alsobought.tables.stored import WHOLE_GROUPS

ROWS_PER_GROUP = 1 << 19
ROWS_PER_FILE = 1 << 22
HASH_PARTS = 256
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
FEW_BYTES = 1 << 19  # of the hashes of a task's keys
ARROW_SCHEMA = {
    "info": pa.string(),
    "file": pa.string(),
    "part": pa.int32(),
    "hashes": pa.binary(),
    "places": pa.binary(),
}
SCHEMA = "info string, file string, part int, hashes binary, places binary"
SPARK_FUNCTIONS = (
    "CREATE MACRO size(list) AS len(list)",
    "CREATE MACRO double(value) AS CAST(value AS DOUBLE)",
)

Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class FileLayout:
    """What a worker must know to write files of a table.

    folder: the table's; partition: the folder within it, such as as_of=2017-12-01/, or empty;
    schema: of the files; required: the columns that must not be null; checks: SQL conditions by
    name, true of every row; key: the columns whose hash is made, none: no hashes; statistics: the
    columns whose least and greatest value are kept.
    """

    folder: str
    partition: str
    schema: pa.Schema
    required: tuple[str, ...]
    checks: Mapping[str, str]
    key: tuple[str, ...]
    statistics: tuple[str, ...]
    sorted_by: tuple[str, ...] = ()
    whole_groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class StagedFile:
    """A file that was written and is not part of its table yet; `stats` as Delta keeps them."""

    path: str
    rows: int
    size: int
    stats: str


@dataclass
class FileWriter:
    """Writes the rows of one task to files, and counts what their contract refuses.

    As a context that ends with an exception it removes them: nobody is told of them, and on a disk
    that is full they take the room of the next run's.
    Memory: the rows of a row group, and 12 bytes a row of them for its keys.
    """

    layout: FileLayout
    files: list[StagedFile] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    _open: pq.ParquetWriter | None = None
    _path: str = ""
    _rows: int = 0
    _footers: list[Any] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if error is None:
            return
        if self._open is not None:
            with suppress(Exception):  # what cannot be written now need not be
                self._open.close()
            self._open = None
        for path in (self._path, *(file.path for file in self.files)):
            if path:
                storage.remove(f"{self.layout.folder}/{path}")
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            # pyarrow does not say where
            raise OSError(error.errno, os.strerror(error.errno), self.layout.folder) from error

    @property
    def next_place(self) -> tuple[str, int]:
        """The file that is open, and the place in it of the row that is written next.

        Opens one where none is.
        """
        if self._open is None:
            self._start()
        return self._path, self._rows

    def write(self, rows: pa.RecordBatch | pa.Table) -> pa.RecordBatch | None:
        """Write rows as row groups of the file that is open; returns their keys' hashes.

        A table that is sorted gets a file for each call.
        """
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        table = table.select(self.layout.schema.names).cast(self.layout.schema).combine_chunks()
        self.faults.update(faults_of(table, self.layout))
        if self.layout.sorted_by:
            table = table.sort_by([(name, "ascending") for name in self.layout.sorted_by])
        if self._open is None:
            self._start()
        assert self._open is not None
        keys = key_hashes(table, self.layout.key, self._path, self._rows)
        self._open.write_table(table, ROWS_PER_GROUP)
        self._rows += len(table)
        is_full = self._rows >= ROWS_PER_FILE and not self.layout.whole_groups
        if self.layout.sorted_by or is_full:
            self.finish()
        return keys

    def finish(self) -> None:
        """Close the file that is open, and note its size and statistics."""
        if self._open is None:
            return
        self._open.close()
        stats = statistics(self._footers.pop(), self.layout.statistics)
        size = storage.size(f"{self.layout.folder}/{self._path}")
        self.files.append(StagedFile(self._path, self._rows, size, json.dumps(stats)))
        self._open = None

    def summary(self) -> dict[str, Any]:
        """The files and the faults, as JSON holds them."""
        return {"files": [asdict(file) for file in self.files], "faults": dict(self.faults)}

    def _start(self) -> None:
        self._path = f"{self.layout.partition}part-{uuid.uuid4()}.snappy.parquet"
        schema = self.layout.schema
        if self.layout.whole_groups:
            schema = schema.with_metadata({WHOLE_GROUPS: ",".join(self.layout.whole_groups)})
        self._open = storage.parquet_writer(
            f"{self.layout.folder}/{self._path}", schema, self._footers
        )
        self._rows = 0


def write_files(batches: Batches, layout: FileLayout) -> Batches:
    """Write all rows of a task; yields rows of SCHEMA: the hashes of keys, and last a summary.

    `hashes` are int64, and `places` int32 the rows of `file` that they belong to; both of one of
    HASH_PARTS parts of the hashes.
    """
    with FileWriter(layout) as writer:
        for chunk in in_chunks(batches, ROWS_PER_GROUP):
            keys = writer.write(chunk)
            if keys is not None:
                yield keys
        writer.finish()
    yield summary_row(json.dumps(writer.summary()))


def with_few_keys(outputs: Batches) -> Batches:
    """What a task yields; of one with few keys these have an empty `info`, not null, so that the
    driver gets them by the query that asks for summaries."""
    first = next(outputs)
    second = next(outputs, None)
    is_all = second is not None and second["info"].null_count == 0
    if is_all and sum(map(len, first["hashes"].to_pylist())) <= FEW_BYTES:
        empty = pa.repeat(pa.scalar(""), len(first))
        first = pa.record_batch([empty, *first.columns[1:]], names=first.schema.names)
    yield first
    if second is not None:
        yield second
    yield from outputs


def in_chunks(batches: Batches, rows: int) -> Iterator[pa.Table]:
    """Tables of at most `rows` rows, in the order of the batches."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        while count + len(batch) >= rows:
            yield pa.Table.from_batches([*waiting, batch.slice(0, rows - count)])
            batch, waiting, count = batch.slice(rows - count), [], 0
        if len(batch):
            waiting.append(batch)
            count += len(batch)
    if waiting:
        yield pa.Table.from_batches(waiting)


def summary_row(info: str) -> pa.RecordBatch:
    """A row of SCHEMA that tells of the task."""
    columns = {name: pa.nulls(1, type_) for name, type_ in ARROW_SCHEMA.items()}
    columns["info"] = pa.array([info])
    return pa.record_batch(columns)


def key_hashes(
    rows: pa.Table, key: tuple[str, ...], file: str, first: int
) -> pa.RecordBatch | None:
    """The 64-bit hashes of the rows' keys by part, as rows of SCHEMA; row 0 is `first` in `file`.

    None for no key or no rows.
    """
    if not key or not len(rows):
        return None
    hashes = hash_columns([rows[name].combine_chunks() for name in key])
    return hash_rows(hashes, np.arange(first, first + len(hashes), dtype=np.int32), file)


def hash_rows(hashes: np.ndarray, places: np.ndarray, file: str) -> pa.RecordBatch:
    """Hashes and the places in a file of their rows, by part, as rows of SCHEMA."""
    part_of = (hashes.view(np.uint64) % np.uint64(HASH_PARTS)).astype(np.uint8)
    order = np.argsort(part_of, kind="stable")
    parts, starts = np.unique(part_of[order], return_index=True)
    hash_cells = [cell.tobytes() for cell in np.split(hashes[order], starts[1:])]
    place_cells = [cell.tobytes() for cell in np.split(places[order], starts[1:])]
    columns = {
        "info": pa.nulls(len(parts), pa.string()),
        "file": pa.repeat(pa.scalar(file), len(parts)),
        "part": pa.array(parts, pa.int32()),
        "hashes": pa.array(hash_cells, pa.binary()),
        "places": pa.array(place_cells, pa.binary()),
    }
    return pa.record_batch(columns)


def faults_of(rows: pa.Table, layout: FileLayout) -> dict[str, int]:
    """How many rows have a null in a required column, or break a check, by the fault in words."""
    nulls = {f"{name} is null": rows[name].null_count for name in layout.required}
    broken = _broken_checks(rows, layout.checks) if layout.checks else {}
    return {words: count for words, count in (nulls | broken).items() if count}


def _broken_checks(rows: pa.Table, checks: Mapping[str, str]) -> dict[str, int]:
    with _sql_engine().cursor() as engine:  # one a call: threads may check at the same time
        engine.register("checked_rows", rows)
        conditions = (quoted(check, rows.column_names) for check in checks.values())
        counts = ", ".join(f"count_if(NOT coalesce({check}, false))" for check in conditions)
        (broken,) = engine.execute(f"SELECT {counts} FROM checked_rows").fetchall()
    return dict(zip(starmap(broken_check, checks.items()), broken, strict=True))


def quoted(condition: str, columns: Sequence[str]) -> str:
    """The SQL condition with its columns in quotation marks: `both` is a word of DuckDB's own."""
    names = "|".join(map(re.escape, columns))
    # a text in the condition, or a column
    parts = re.compile(rf"('(?:[^']|'')*')|\b({names})\b")
    return parts.sub(lambda part: part[1] or f'"{part[2]}"', condition)


def broken_check(name: str, condition: str) -> str:
    """A broken check in words."""
    return f"the check {name} ({condition}) is broken"


@cache
def _sql_engine() -> duckdb.DuckDBPyConnection:
    """DuckDB in one thread, with the functions of Spark's SQL that conditions may call."""
    engine = duckdb.connect(config={"threads": 1})
    for function in SPARK_FUNCTIONS:
        engine.execute(function)
    return engine
