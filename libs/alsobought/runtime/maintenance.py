"""The upkeep of tables: old as-of days dropped, small files joined, files removed that no reader
needs. Without Spark where a warehouse lies on a path, by Spark's SQL on a URI.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.sql import SparkSession

from alsobought.errors import JobError
from alsobought.runtime import commits
from alsobought.runtime.config import Maintenance
from alsobought.runtime.faults import CONCURRENT
from alsobought.runtime.store import DROPPED, Store
from alsobought.tables.serving import State
from alsobought.tables.table import Table

TASKS = 2  # files that are joined at a time: so many times file_mb of memory
DAY_MS = 86_400_000
USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
CHECKS_RETENTION = "spark.databricks.delta.retentionDurationCheck.enabled"
LARGEST_FILE = "spark.databricks.delta.optimize.maxFileSize"
LISTING = "spark.sql.sources.parallelPartitionDiscovery.parallelism"
LISTING_TASKS = "64"  # VACUUM lists folders by 10,000 tasks else


@dataclass(frozen=True)
class Upkeep:
    """What is to be done with a table on a day."""

    table: Table
    as_of: date
    settings: Maintenance
    served: Sequence[State] = ()
    """The lists that are or may be served: their days and versions stay."""

    @property
    def first_kept(self) -> date:
        """Days before it are dropped, but those that are or may be served."""
        days = self.settings.keep_days_of.get(self.table.name, self.settings.keep_days)
        return self.as_of - timedelta(days=days)

    def outdated(self, days: Iterable[date]) -> list[date]:
        """Those of a table's days that are to go."""
        stay = {state.as_of for state in self.served}
        return sorted(day for day in days if day < self.first_kept and day not in stay)

    def versions(self, table_id: str) -> list[int]:
        """The versions of the table whose files stay: those that are or may be served, of the table
        as it is now."""
        name = self.table.name
        same = [s for s in self.served if s.table_ids.get(name) == table_id and name in s.versions]
        return sorted({state.versions[name] for state in same})


@dataclass(frozen=True)
class Upkept:
    """What was done with a table, or would be."""

    table: str
    dropped_days: tuple[date, ...] = ()
    files_joined: int = 0
    files_removed: int = 0
    bytes_removed: int = 0


def upkept_by_files(
    warehouse: str, upkeep: Upkeep, run: Mapping[str, Any], *, is_rehearsal: bool
) -> Upkept:
    """Look after a table on a path; a rehearsal changes nothing, and joins no files.

    Of the table's files only those of tables that are added to are joined: those of as-of days are
    sorted, hold whole groups of rows, and may be served by version. Raises JobError.
    Cost: the log, and of the files that are joined each is read and written once.
    """
    path = f"{warehouse}/{upkeep.table.name}"
    dropped = _dropped(path, upkeep, run, is_rehearsal=is_rehearsal)
    joined = 0
    if upkeep.table.kept == "added" and not is_rehearsal:
        joined = _joined(path, upkeep)
    removed, size = _removed(path, upkeep, is_rehearsal=is_rehearsal)
    if not is_rehearsal:
        _remove_scratch(warehouse, upkeep)
    return Upkept(upkeep.table.name, tuple(dropped), joined, removed, size)


def _dropped(
    path: str, upkeep: Upkeep, run: Mapping[str, Any], *, is_rehearsal: bool
) -> list[date]:
    """The days that one commit has taken away."""
    if upkeep.table.kept != "per_as_of":
        return []
    for _ in range(commits.ATTEMPTS):
        log = commits.log_of(path, upkeep.table.name)
        files = log.files()
        days = {str(file.partition.get("as_of")) for file in files}
        outdated = upkeep.outdated(map(date.fromisoformat, days))
        named = [day.isoformat() for day in outdated]
        if not outdated or is_rehearsal:
            return outdated
        gone = [file for file in files if file.partition.get("as_of") in named]
        try:
            log.commit([], gone, {}, {**run, DROPPED: named})
        except commits.OtherCommit:
            continue  # of a job: look again
        return outdated
    raise JobError(f"{CONCURRENT}.")


def _joined(path: str, upkeep: Upkeep) -> int:
    """How many small files became larger ones."""
    try:
        figures = DeltaTable(path).optimize.compact(
            target_size=upkeep.settings.file_mb << 20, max_concurrent_tasks=TASKS
        )
    except DeltaError as error:
        raise JobError(
            f"The files of {upkeep.table.name} were not joined ({_first_line(error)}): while a job "
            f"writes the table that is so, and the next maintenance does it."
        ) from error
    return int(figures["numFilesRemoved"])


def _removed(path: str, upkeep: Upkeep, *, is_rehearsal: bool) -> tuple[int, int]:
    """How many files were removed, and their size: those that went out of the table longer ago than
    vacuum_days, and as old ones that no version names."""
    log = commits.log_of(path, upkeep.table.name)
    versions = [v for v in upkeep.versions(log.table_id) if _is_readable(path, v)]
    given: dict[str, Any] = {
        "retention_hours": 24 * upkeep.settings.vacuum_days,
        "enforce_retention_duration": False,  # the TOML says it
        "full": True,
        "keep_versions": versions or None,
    }
    try:
        files = log.delta.vacuum(dry_run=True, **given)
        there = [file for file in (Path(path, name) for name in files) if file.exists()]
        size = sum(file.stat().st_size for file in there)
        if there and not is_rehearsal:
            log.delta.vacuum(dry_run=False, **given)
    except DeltaError as error:
        raise commits.unreadable(upkeep.table.name, path, error) from error
    return len(there), size


def _is_readable(path: str, version: int) -> bool:
    try:
        DeltaTable(path, version=version)
    except DeltaError:
        return False  # its log is gone, so nobody can serve it
    return True


def _remove_scratch(warehouse: str, upkeep: Upkeep) -> None:
    """Remove the folders in which runs that died had begun the table."""
    oldest = commits.time_of_writing() - upkeep.settings.vacuum_days * DAY_MS
    for folder in Path(warehouse).glob(f".{upkeep.table.name}-*"):
        if folder.is_dir() and folder.stat().st_mtime * 1000 < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def upkept_by_spark(
    store: Store, upkeep: Upkeep, run: Mapping[str, Any], *, is_rehearsal: bool
) -> Upkept:
    """The same on a URI, where how much is removed is not known.

    Files of lists that are or may be served stay by the age of the oldest of these, as Spark's
    VACUUM knows no versions.
    """
    path = store.path(upkeep.table).replace("`", "``")
    outdated: list[date] = []
    if upkeep.table.kept == "per_as_of":
        rows = store.read_version(upkeep.table, store.version(upkeep.table))
        outdated = upkeep.outdated(row[0] for row in rows.select("as_of").distinct().collect())
    if is_rehearsal:
        return Upkept(upkeep.table.name, tuple(outdated))
    if outdated:
        named = [day.isoformat() for day in outdated]
        days = ", ".join(f"DATE '{day}'" for day in named)
        with _settings(store.spark, {USER_METADATA: json.dumps({**run, DROPPED: named})}):
            store.spark.sql(f"DELETE FROM delta.`{path}` WHERE as_of IN ({days})")
    largest = str(upkeep.settings.file_mb << 20)
    by_vacuum = {CHECKS_RETENTION: "false", LISTING: LISTING_TASKS}
    with _settings(store.spark, {LARGEST_FILE: largest, **by_vacuum}):
        joined = 0
        if upkeep.table.kept == "added":
            figures = store.spark.sql(f"OPTIMIZE delta.`{path}`").collect()[0]["metrics"]
            joined = int(figures["numFilesRemoved"])
        store.spark.sql(f"VACUUM delta.`{path}` RETAIN {24 * _days_kept(upkeep)} HOURS")
    return Upkept(upkeep.table.name, tuple(outdated), joined)


def _days_kept(upkeep: Upkeep) -> int:
    """Days after which a file that has gone out of the table is in no list that may be served."""
    today = datetime.fromtimestamp(commits.time_of_writing() / 1000, UTC).date()
    ages = [(today - state.as_of).days + 1 for state in upkeep.served]
    return max([upkeep.settings.vacuum_days, *ages])


@contextmanager
def _settings(spark: SparkSession, values: Mapping[str, str]) -> Iterator[None]:
    """The session with these settings, which it has not had before."""
    for key, value in values.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key in values:
            spark.conf.unset(key)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
