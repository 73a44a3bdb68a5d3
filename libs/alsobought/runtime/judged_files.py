"""Judged rows to files in a Spark worker: the good ones, the rejected ones, and what was counted.

Runs in the workers; the driver's part is in `loading_by_files`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alsobought import storage
from alsobought.compiled.hashing import hash_columns, is_in_sorted
from alsobought.runtime.parquet_writer import (
    Batches,
    FileLayout,
    FileWriter,
    hash_rows,
    in_chunks,
    summary_row,
)
from alsobought.runtime.repeated_lines import all_but, copies_in, with_twins

REASONS = "reasons"
ROW = "row"
MAYBE = -1  # in place of a place: rows of the file may be replaced
SOURCE_FILE = "source_file"
ROWS_PER_FILE = 1 << 18  # a file is written anew where a row of it goes, so it should be small


@dataclass(frozen=True)
class JudgedLayout:
    """How a worker writes judged rows: good ones as rows of the table, others as rejects.

    copies: of good rows that are alike, source_file and all, and lie close together, those but one,
    each with the file and place of that one;
    at: the column of the row's time; future: the rule of rows at or after the as-of day.
    """

    good: FileLayout
    rejected: FileLayout
    copies: FileLayout
    at: str
    future: str


@dataclass
class FileAccount:
    """What was read of one source file. ahead_from: microseconds since 1970."""

    read: int = 0
    good: int = 0
    ahead: int = 0
    ahead_from: int | None = None
    by_reason: Counter[str] = field(default_factory=Counter)

    def add(self, other: "FileAccount") -> None:
        """Add what another task has read of the file."""
        self.read += other.read
        self.good += other.good
        self.ahead += other.ahead
        self.by_reason.update(other.by_reason)
        firsts = [at for at in (self.ahead_from, other.ahead_from) if at is not None]
        self.ahead_from = min(firsts, default=None)


def write_judged(batches: Batches, layout: JudgedLayout) -> Batches:
    """Write the rows of a task; yields rows of parquet_writer.SCHEMA as `write_files` does.

    The summary also has `accounts`, a FileAccount by source file, `rejected`, the files of rejected
    rows, and `copies`, those of copies.
    """
    accounts: dict[str, FileAccount] = {}
    with (
        FileWriter(layout.good) as good,
        FileWriter(layout.rejected) as rejected,
        FileWriter(layout.copies) as copies,
    ):
        for chunk in in_chunks(batches, ROWS_PER_FILE):
            is_good = pc.equal(pc.list_value_length(chunk[REASONS]), 0)
            broken = chunk.filter(pc.invert(is_good))
            _count(chunk, broken, layout, accounts)
            if len(broken):
                rejected.write(broken)
            rows = chunk.filter(is_good) if len(broken) else chunk
            if len(rows):
                twin_of = copies_in(rows.select(layout.good.schema.names), layout.good.key)
                if twin_of:
                    copies.write(with_twins(rows, twin_of, good.next_place))
                    rows = rows.filter(pa.array(all_but(len(rows), twin_of)))
                keys = good.write(rows)
                if keys is not None:
                    yield keys
            good.finish()
        rejected.finish()
        copies.finish()
    summary = good.summary()
    summary["accounts"] = {file: vars(account) for file, account in accounts.items()}
    summary["rejected"] = [file.path for file in rejected.files]
    summary["copies"] = [file.path for file in copies.files]
    yield summary_row(json.dumps(summary))


def _count(
    rows: pa.Table, broken: pa.Table, layout: JudgedLayout, accounts: dict[str, FileAccount]
) -> None:
    for file, count in _value_counts(rows[SOURCE_FILE]).items():
        account = accounts.setdefault(file, FileAccount())
        account.add(FileAccount(read=count, good=count))
    for file, reasons, at in zip(
        broken[SOURCE_FILE].to_pylist(),
        broken[REASONS].to_pylist(),
        pc.cast(broken[layout.at], pa.int64()).to_pylist(),
        strict=True,
    ):
        is_ahead = layout.future in reasons
        account = FileAccount(good=-1, ahead=reasons == [layout.future])
        account.by_reason.update(reasons)
        account.ahead_from = at if is_ahead else None
        accounts[file].add(account)


def _value_counts(values: pa.ChunkedArray) -> dict[str, int]:
    counts = pc.value_counts(values)
    return dict(
        zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
    )


@dataclass(frozen=True)
class Replaced:
    """Which rows that stand in a table a run replaces: those of `files` before the as-of day.

    at: the column of the row's time; before: the as-of day, microseconds since 1970.
    """

    files: frozenset[str]
    at: str
    before: int

    def is_in(self, rows: pa.Table) -> np.ndarray:
        """Whether each row, of which source_file and time are needed, is replaced."""
        of_file = pc.is_in(rows[SOURCE_FILE], value_set=pa.array(sorted(self.files), pa.string()))
        times = pc.cast(pc.cast(rows[self.at], pa.timestamp("us", "UTC")), pa.int64())
        is_replaced = pc.and_(of_file, pc.less(times, self.before))
        mask: np.ndarray = is_replaced.to_numpy()
        return mask


@dataclass(frozen=True)
class KeyScan:
    """How a worker reads the keys that stand in files of a table.

    wanted: hashes, sorted, that alone are of interest; None: all are.
    """

    folder: str
    key: tuple[str, ...]
    replaced: Replaced
    wanted: np.ndarray | None


def scan_keys(paths: Sequence[str], scan: KeyScan) -> Batches:
    """The keys in files of a table as `write_files` gives them; rows that the run replaces are left
    out."""
    columns = list(dict.fromkeys([*scan.key, SOURCE_FILE, scan.replaced.at]))
    for path in paths:
        first = 0
        for rows in row_groups(scan.folder, path, columns):
            is_wanted = ~scan.replaced.is_in(rows)
            hashes = hash_columns([rows[name].combine_chunks() for name in scan.key])
            if scan.wanted is not None:
                is_wanted &= is_in_sorted(hashes, scan.wanted)
            places = np.flatnonzero(is_wanted).astype(np.int32)
            if len(places):
                yield hash_rows(hashes[places], places + np.int32(first), path)
            first += len(rows)


def read_rows(batches: Batches, folder: str, schema: pa.Schema) -> Batches:
    """The rows at the places of files that a task is given (file, place), whole, with these two."""
    for path, places in _places_by_file(batches).items():
        with _opened(folder, path) as file:
            first = 0
            for group in range(file.num_row_groups):
                end = first + file.metadata.row_group(group).num_rows
                low, high = np.searchsorted(places, [first, end])
                if low < high:
                    here = places[low:high]
                    rows = file.read_row_group(group, schema.names, use_threads=False)
                    chosen = rows.take(pa.array(here - first)).cast(schema)
                    chosen = chosen.append_column("file", pa.repeat(pa.scalar(path), len(here)))
                    chosen = chosen.append_column("place", pa.array(here, pa.int32()))
                    yield from chosen.combine_chunks().to_batches()
                first = end


def rewrite_files(batches: Batches, layout: FileLayout, replaced: Replaced) -> Batches:
    """Write the files of a task anew, without the rows at given places and without those that the
    run replaces; a file that loses none is left as it is.

    In:  rows of (file, place); place null: the file may hold rows that the run replaces.
    Out: a summary as `write_files` gives it, with `dropped`: rows that each file loses.
    """
    dropped: dict[str, int] = {}
    with FileWriter(layout) as writer:
        for path, places in _places_by_file(batches).items():
            is_dropped = _dropped(layout.folder, path, places, replaced)
            count = int(is_dropped.sum())
            if not count:
                continue
            dropped[path] = count
            first = 0
            for rows in row_groups(layout.folder, path, layout.schema.names):
                stays = ~is_dropped[first : first + len(rows)]
                first += len(rows)
                if stays.any():
                    writer.write(rows.filter(pa.array(stays)))
            writer.finish()
    yield summary_row(json.dumps(writer.summary() | {"dropped": dropped}))


def _dropped(folder: str, path: str, places: np.ndarray, replaced: Replaced) -> np.ndarray:
    """Whether each row of a file goes."""
    if len(places) and places[0] == MAYBE:
        masks = [
            replaced.is_in(rows) for rows in row_groups(folder, path, [SOURCE_FILE, replaced.at])
        ]
        is_dropped = np.concatenate([np.zeros(0, bool), *masks])
    else:
        is_dropped = np.zeros(storage.footer(f"{folder}/{path}").num_rows, bool)
    is_dropped[places[places != MAYBE]] = True
    return is_dropped


def row_groups(folder: str, path: str, columns: list[str]) -> Iterator[pa.Table]:
    """The columns of a file, row group by row group."""
    with _opened(folder, path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns, use_threads=False)


def _opened(folder: str, path: str) -> pq.ParquetFile:
    return storage.parquet_file(f"{folder}/{path}")


def _places_by_file(batches: Batches) -> Mapping[str, np.ndarray]:
    """The places of each file, ascending; MAYBE first where one is null."""
    places: dict[str, list[np.ndarray]] = {}
    for batch in batches:
        table = pa.Table.from_batches([batch])
        for file in pc.unique(table["file"]).to_pylist():
            of_file = table.filter(pc.equal(table["file"], file))["place"]
            places.setdefault(file, []).append(of_file.fill_null(MAYBE).to_numpy().astype(np.int64))
    return {file: np.sort(np.concatenate(arrays)) for file, arrays in places.items()}


def layout_of_rejected(folder: str) -> FileLayout:
    """How files of rejected rows are written."""
    columns = {SOURCE_FILE: pa.string(), REASONS: pa.list_(pa.string()), ROW: pa.string()}
    return FileLayout(folder, "", pa.schema(columns), (), {}, (), ())
