"""Where given customers stand in the data files of a warehouse on a path; and files without them.

Every Parquet file counts, whether a version names it or not: those of older versions, and those
that a run which died has left.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from alsobought.errors import JobError
from alsobought.runtime import staging
from alsobought.runtime.commits import TableFile
from alsobought.runtime.customers_in_rows import (
    CUSTOMER,
    LINE,
    OF_CUSTOMERS,
    OFFER,
    REJECTED,
    Customers,
    columns_of,
    ids_in_rejected,
    is_theirs,
)
from alsobought.runtime.judged_files import row_groups
from alsobought.runtime.parquet_writer import FileWriter, StagedFile
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.table import Table

LOG = "_delta_log"
LEFT_BEHIND = re.compile(r"\.(?P<table>\w+?)-.+")  # a folder beside the tables, of one run


@dataclass(frozen=True)
class Holding:
    """A data file with rows of the customers; what these rows tell of them."""

    table: str
    path: Path
    rows: int
    ids: frozenset[str] = frozenset()
    offers: frozenset[str] = frozenset()
    lines: frozenset[tuple[str | None, ...]] = frozenset()


@dataclass(frozen=True)
class Search:
    """The customers with all that tables tell of them, and every file that has rows of theirs."""

    customers: Customers
    files: Sequence[Holding] = ()
    looked_at: frozenset[Path] = frozenset()
    """All files of tables with rows of customers that were there."""

    @property
    def ids(self) -> frozenset[str]:
        """The ids that stand in some file."""
        return frozenset().union(*(file.ids for file in self.files))

    def paths(self, table: str) -> set[Path]:
        """The files of a table."""
        return {file.path for file in self.files if file.table == table}


def search(warehouse: Path, customers: Customers) -> Search:
    """Every file below the warehouse with rows of the customers.

    Tables that tell customers themselves are read first, for they tell offers and lines, by which
    the others are read. Raises JobError where a file is no Parquet file to its end.
    Cost: one pass over the columns of `columns_of`, in as many threads as there are cores; row
    groups whose least and greatest customer lie apart from them are not read.
    """
    tell = [table for table in OF_CUSTOMERS.values() if CUSTOMER in table.names]
    others = [table for table in OF_CUSTOMERS.values() if table not in tell]
    every = frozenset(path for name, path in data_files(warehouse) if name in OF_CUSTOMERS)
    files = _holding(warehouse, tell, customers)
    complete = replace(
        customers,
        offers=customers.offers.union(*(file.offers for file in files)),
        lines=customers.lines.union(*(file.lines for file in files)),
    )
    if complete.offers != customers.offers:  # scores and weights of an offer name it alone
        files = _holding(warehouse, tell, complete)
    return Search(complete, [*files, *_holding(warehouse, others, complete)], every)


def data_files(warehouse: Path) -> Iterator[tuple[str, Path]]:
    """Every Parquet file of the warehouse's Delta tables that is no part of a log, with its table's
    name.

    A run's own folder beside the tables is its table's. Other folders are not ours to change, as
    that of source files which is called like a table.
    """
    for path in sorted(warehouse.rglob("*.parquet")):
        top, *within = path.relative_to(warehouse).parts
        of_run = LEFT_BEHIND.fullmatch(top)
        is_ours = of_run is not None or (warehouse / top / LOG).is_dir()
        if is_ours and within and LOG not in within:
            yield (of_run["table"] if of_run else top), path


def in_threads(make: Callable[[Any], Any], given: Iterable[Any]) -> list[Any]:
    """What a function makes of each of these, in their order."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(make, given))


def _holding(warehouse: Path, tables: Sequence[Table], customers: Customers) -> list[Holding]:
    by_name = {table.name: table for table in tables}
    files = [(by_name[name], path) for name, path in data_files(warehouse) if name in by_name]

    holding = in_threads(lambda file: look(file[0], file[1], customers), files)
    return [file for file in holding if file is not None]


def look(table: Table, path: Path, customers: Customers) -> Holding | None:
    """What a file holds of the customers; None: nothing, or it is not there any more."""
    rows, ids, offers, lines = 0, set(), set(), set()
    try:
        for theirs in _their_rows(table, path, customers):
            rows += len(theirs)
            ids |= _ids(theirs, customers)
            offers |= set(theirs[OFFER].to_pylist()) if OFFER in theirs.column_names else set()
            if table.name == PURCHASES.name:
                columns = (theirs[name].to_pylist() for name in LINE)
                lines |= set(zip(*columns, strict=True))
    except FileNotFoundError:
        return None  # a run that is under way has removed it
    except (pa.ArrowInvalid, OSError) as error:
        raise JobError(
            f"{path} is not a readable Parquet file: let a job that is writing it end, or remove "
            f"it if no version of {table.name} names it; then forget again."
        ) from error
    if not rows:
        return None
    return Holding(table.name, path, rows, frozenset(ids), frozenset(offers), frozenset(lines))


def _ids(theirs: pa.Table, customers: Customers) -> set[str]:
    """Which of the customers the rows name."""
    if CUSTOMER in theirs.column_names:
        return {*customers.ids.intersection(theirs[CUSTOMER].to_pylist())}
    if REJECTED in theirs.column_names:
        texts = theirs[REJECTED].to_pylist()
        return {
            text
            for row in texts
            for text in ids_in_rejected(row, customers.rejected)
            if text in customers.ids
        }
    return set()


def _their_rows(table: Table, path: Path, customers: Customers) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        there = file.schema_arrow.names
        names = [name for name in columns_of(table) if name in there]
        if not names and REJECTED in there:  # a run keeps rejected rows apart
            names = [REJECTED]
        for group in range(file.num_row_groups):
            if names and _may_hold(file, group, names, customers):
                rows = file.read_row_group(group, names, use_threads=False)
                mask = is_theirs(rows, customers)
                if mask.any():
                    yield rows.filter(pa.array(mask))


def _may_hold(file: pq.ParquetFile, group: int, names: Sequence[str], customers: Customers) -> bool:
    """Whether a row group can have a row of theirs, by its least and greatest customer."""
    if CUSTOMER not in names or OFFER in names:
        return True
    chunks = file.metadata.row_group(group)
    for index in range(chunks.num_columns):
        chunk = chunks.column(index)
        if chunk.path_in_schema == CUSTOMER and chunk.statistics and chunk.statistics.has_min_max:
            least, greatest = chunk.statistics.min, chunk.statistics.max
            if isinstance(least, str) and isinstance(greatest, str):
                return any(least <= customer <= greatest for customer in customers.ids)
    return True


@dataclass(frozen=True)
class Rewriting:
    """A table's files written anew without the customers' rows, each once."""

    folder: str
    table: Table
    customers: Customers
    written: dict[str, list[StagedFile]] = field(default_factory=dict)

    def without(self, file: TableFile) -> list[StagedFile]:
        """The files, named by no version yet, that hold the other rows of a file; none: it has no
        others."""
        if file.path not in self.written:
            self.written[file.path] = self._write(file.path)
        return self.written[file.path]

    def discard(self) -> None:
        """Remove all files that were written."""
        for files in self.written.values():
            for file in files:
                Path(self.folder, file.path).unlink(missing_ok=True)

    def _write(self, path: str) -> list[StagedFile]:
        partition, slash, _ = path.rpartition("/")
        layout = staging.layout_of(self.table, self.folder, f"{partition}{slash}")
        with FileWriter(replace(layout, key=(), checks={}, required=())) as writer:
            for rows in row_groups(self.folder, path, layout.schema.names):
                stays = ~is_theirs(rows.select(columns_of(self.table)), self.customers)
                if stays.any():
                    writer.write(rows.filter(pa.array(stays)))
            writer.finish()
        return writer.files
