"""What one reading of source files is: what was read, what is counted, what is then written.

The files are read once, by one of several ways that make the same of them; `loading` has the order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from alsobought.ingest.loaded import LoadedFiles, SourceFile
from alsobought.tables.table import Table

DUPLICATE, FUTURE = "duplicate", "future_time"  # as the rules of ingest are called
FORGOTTEN = "forgotten_customer"  # as ingest's account calls it
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times here have no zone
LAST_MICROS = 253_402_300_799_999_999  # Python's times end with the year 9999


@dataclass(frozen=True)
class Rejects:
    """Where the rejected rows go: a table `kept` "added", keyed by source_file and row."""

    table: Table
    source: str
    """The section of [sources]; the table's column `source`, where it has one."""


@dataclass(frozen=True)
class Load:
    """What a run reads, and what the table held before it."""

    table: Table
    rejects: Rejects | None
    as_of: date
    files: tuple[SourceFile, ...]
    """The files that are read whole: their rows replace what the table has of them before
    `as_of`."""
    loaded: LoadedFiles
    """The record of version `version`."""
    version: int | None
    """The table's version that this run builds on; None: there is no table yet."""
    gone: tuple[str, ...] = ()
    """Paths of files that are not there any more, and whose rows go as well."""

    @property
    def paths(self) -> list[str]:
        """The paths of the files whose rows go or are replaced, as in the column source_file."""
        return [*(file.path for file in self.files), *self.gone]

    @property
    def may_stand(self) -> bool:
        """Whether the table may hold rows of other runs."""
        return self.version is not None

    @property
    def may_stand_of_these(self) -> bool:
        """Whether the table may hold rows of the files that are read."""
        files = self.loaded.files
        return self.may_stand and (not files or any(path in files for path in self.paths))


@dataclass(frozen=True)
class FileCounts:
    """What was read of one file."""

    read: int
    good: int
    ahead: int
    """Rows that break future_time and nothing else."""
    by_reason: Mapping[str, int]
    """Rows that break each rule; `duplicate`: rows that are good otherwise, and give way."""
    repeated: int
    """Those duplicates that give way to a row of another file."""
    ahead_from: datetime | None
    """The earliest time (UTC, no zone) at or after the as-of day; None: there is none."""


@dataclass(frozen=True)
class LoadCounts:
    """Rows of the files read that are now in the table, and rows that no longer are: those that
    the same files gave before, and those of other files that gave way."""

    added: int
    removed: int


def time_of(micros: int | None) -> datetime | None:
    """The time so many microseconds after 1970, UTC without a zone; None for None."""
    return None if micros is None else EPOCH + timedelta(microseconds=min(micros, LAST_MICROS))


class JudgedLoad(Protocol):
    """Rows that have been read once and judged, with one way to write them.

    Made by a function (store, load, judged rows) that reads everything, computes `files` and
    `gave_way`, and makes nothing visible.
    """

    files: Mapping[str, FileCounts]
    """By path; a file without rows may be missing."""
    gave_way: Mapping[str, frozenset[str]]
    """By file, the others whose rows gave way to its rows: among those read, and against those
    that stood in the table. A file itself is never in its own set."""

    def write_rejects(self, run: Mapping[str, Any]) -> None:
        """Replace the rejected rows of the files read by those of this reading, in one commit."""

    def commit(self, run: Mapping[str, Any]) -> LoadCounts:
        """Write the rows in one commit whose userMetadata is `run`, upon `load.version`; also where
        no row changes, because the commit names the record of loaded files.

        The table has been created before. Raises JobError where another run has committed since.
        """

    def close(self) -> None:
        """Release what the reading keeps on disk."""
