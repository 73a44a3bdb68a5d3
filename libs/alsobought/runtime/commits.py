"""Delta's log by delta-rs, for tables on a path or in a bucket: versions, files, commits of files.

A hundredth of the time that Spark takes for the same.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction, Transaction
from pyspark.sql.types import StructType

from alsobought import storage
from alsobought.errors import JobError
from alsobought.ingest.files import UNIVERSAL_READER
from alsobought.runtime import log_entries
from alsobought.runtime.faults import CONCURRENT, RESTORE
from alsobought.runtime.parquet_writer import StagedFile

ATTEMPTS = 100
LATEST = 20  # commits among which those of a run that has just ended are looked for
PLAIN_WRITER = 4  # up to checks and the change feed, whose readers can do with files alone


class OtherCommit(Exception):
    """Another writer has committed since the version that this commit builds on."""


@dataclass(frozen=True)
class TableFile:
    """A file of a table's version: its path in the table's folder, rows, bytes, partition.

    least, greatest: of the columns whose statistics are known. rows None: unknown.
    """

    path: str
    rows: int | None
    size: int
    partition: Mapping[str, str | None]
    least: Mapping[str, Any]
    greatest: Mapping[str, Any]

    def may_hold(self, column: str, low: Any, high: Any) -> bool:
        """Whether a value of [low, high] may be in the file; times are text as in statistics."""
        least, greatest = (_as_in_statistics(v.get(column)) for v in (self.least, self.greatest))
        if least is None or greatest is None:
            return True
        return bool(least <= high and low <= greatest)


@dataclass(frozen=True)
class Log:
    """The log of one table, read up to one version."""

    path: str
    delta: deltalake.DeltaTable

    @property
    def version(self) -> int:
        """The version that was read."""
        return int(self.delta.version())

    @property
    def table_id(self) -> str:
        """What Delta calls the table: another name where it is made anew."""
        return str(self.delta.metadata().id)

    @property
    def contract(self) -> tuple[StructType, dict[str, str]]:
        """The table's schema and properties."""
        schema = StructType.fromJson(json.loads(self.delta.schema().to_json()))
        return schema, dict(self.delta.metadata().configuration)

    @property
    def is_plain(self) -> bool:
        """Whether the rows are those of the Parquet files, with nothing deleted or renamed, and a
        writer need not do more than add and remove files."""
        protocol = self.delta.protocol()
        return (
            protocol.min_reader_version <= UNIVERSAL_READER
            and protocol.min_writer_version <= PLAIN_WRITER
        )

    def files(self, partition: Mapping[str, str] | None = None) -> list[TableFile]:
        """The files of a partition, or all."""
        actions = self.delta.get_add_actions(flatten=False)
        columns = {name: actions.column(name).to_pylist() for name in actions.schema.names}
        rows = (
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        )
        files = [_table_file(row) for row in rows]
        wanted = partition or {}
        return [f for f in files if all(f.partition.get(k) == v for k, v in wanted.items())]

    def amount(self, day: date | None) -> tuple[int | None, int]:
        """Rows and bytes of the files of an as-of day, or of all; rows None: not known."""
        actions = pa.table(self.delta.get_add_actions(flatten=True))
        if day is not None:
            days = actions["partition.as_of"].cast(pa.string())
            actions = actions.filter(pc.equal(days, day.isoformat()))
        rows, sizes = actions["num_records"], actions["size_bytes"]
        total = None if rows.null_count else int(pc.sum(rows, min_count=0).as_py())
        return total, int(pc.sum(sizes, min_count=0).as_py())

    def history(self, most: int) -> list[dict[str, Any]]:
        """The last commits, newest first: see `log_entries.history`."""
        if storage.is_in_bucket(self.path):
            return self.delta.history(most)
        return log_entries.history(self.path, self.version, most)

    def commit(
        self,
        added: Sequence[StagedFile],
        removed: Sequence[TableFile],
        partition: Mapping[str, str],
        run: Mapping[str, Any],
    ) -> None:
        """Make the version after this one: without the removed files, and with the added ones of
        one partition.

        Raises OtherCommit where that version is there already, whoever made it and of whatever.
        """
        self.commit_partitions([(file, partition) for file in added], removed, run)

    def commit_partitions(
        self,
        added: Sequence[tuple[StagedFile, Mapping[str, str | None]]],
        removed: Sequence[TableFile],
        run: Mapping[str, Any],
    ) -> None:
        """The same with files of any partitions, each given with its own."""
        now = time_of_writing()
        rows = sum(file.rows for file, _ in added)
        properties = CommitProperties(
            custom_metadata={
                "userMetadata": json.dumps(run),
                "operationMetrics": {
                    "numOutputRows": str(rows),
                    log_entries.ADDED: str(len(added)),
                    log_entries.REMOVED: str(len(removed)),
                },
                "isBlindAppend": False,
            },
            max_commit_retries=0,
        )
        adds = [
            AddAction(file.path, file.size, dict(partition), now, True, file.stats)
            for file, partition in added
        ]
        removes = [
            RemoveAction(file.path, True, now, file.size, dict(file.partition)) for file in removed
        ]
        try:
            self.delta.create_write_transaction(
                [*adds, *removes],
                "append",
                self.delta.schema(),
                list(self.delta.metadata().partition_columns),
                commit_properties=properties,
            )
        except CommitFailedError:
            raise OtherCommit from None
        except OSError as error:  # delta-rs does not say where
            raise OSError(f"{str(error).strip()}: {self.path!r}") from error


def recorded_run(user_metadata: str | None) -> dict[str, Any]:
    """The run that a commit's userMetadata records; {} where another program wrote it."""
    try:
        run = json.loads(user_metadata or "{}")
    except json.JSONDecodeError:
        return {}
    return run if isinstance(run, dict) else {}


def append_rows(path: str, rows: pa.Table, upon: int | None, run: Mapping[str, Any]) -> None:
    """Add rows to a table in one commit, unless a run has changed it since the version `upon`.

    None: since it was created. Rows that break its constraints are refused. Raises JobError.
    """
    name = Path(path).name
    properties = CommitProperties(
        custom_metadata={"userMetadata": json.dumps(run)},
        max_commit_retries=0,
        app_transactions=[Transaction(name, append_version(upon))],
    )
    for _ in range(ATTEMPTS):
        log = log_of(path, name)
        since = (commit for commit in log.history(ATTEMPTS) if commit["version"] > (upon or 0))
        if any(commit.get("userMetadata") for commit in since):
            break
        try:
            return deltalake.write_deltalake(
                log.delta, rows, mode="append", commit_properties=properties
            )
        except CommitFailedError:
            continue  # another run, or somebody who has changed no row: look again
    raise JobError(f"{CONCURRENT}.")


def append_version(upon: int | None) -> int:
    """The version of the application, called as its table, that appends upon a table's version:
    Delta lets it do so once, by whichever engine."""
    return (upon or 0) + 1


def bytes_added(path: str, run_id: str) -> int:
    """The size of all files that a run has added to a table in its last commits."""
    logs = sorted(Path(path, "_delta_log").glob("*.json"))[-LATEST:]
    texts = [text for text in (log.read_text(encoding="utf-8") for log in logs) if run_id in text]
    actions = (json.loads(line) for text in texts for line in text.split("\n") if line)
    return sum(action["add"]["size"] for action in actions if "add" in action)


def time_of_writing() -> int:
    """Milliseconds since 1970, for Delta's own times of files, and for when a run began; no row of
    a job's table is made of it."""
    return time.time_ns() // 1_000_000


def log_of(path: str, name: str, version: int | None = None) -> Log:
    """The log of the table at `path`, up to `version` or the newest.

    Raises JobError where it cannot be read.
    """
    try:
        log = Log(path, deltalake.DeltaTable(path, version=version))
    except DeltaError as error:
        raise unreadable(name, path, error) from error
    newest = Path(path) / "_delta_log" / f"{log.version:020}.json"
    damage = log_entries.damage(newest) if newest.is_file() else None
    if damage:
        raise JobError(f"{name} cannot be read: {newest} {damage} (was it cut short?); {RESTORE}.")
    return log


def unreadable(name: str, path: str, error: Exception) -> JobError:
    """The sentence for a table that delta-rs cannot read."""
    reason = str(error).splitlines()[0].rstrip(".")
    column = re.search(r"No field named ([\w.\"]+)", reason)
    if column:
        absent = column[1].replace('"', "").rstrip(".").rpartition(".")[2]
        return JobError(
            f"{name} has no column {absent}, so an earlier version wrote it: "
            f"run 'alsobought migrate'."
        )
    missing = re.search(r"Object at location (\S+) not found", reason)
    if missing:
        gone = f"its data file {missing[1]} is not there"
        return JobError(f"{name} cannot be read: {gone}; {RESTORE}.")
    if re.search(r"Json error|Invalid JSON|No table metadata or protocol found", reason):
        damaged = f"a file of {path}/_delta_log is damaged (was it cut short?)"
        return JobError(f"{name} cannot be read: {damaged}; {RESTORE}.")
    return JobError(f"{name} cannot be read: {reason}.")


def is_table(path: str) -> bool:
    """Whether there is a Delta table at the path."""
    return bool(deltalake.DeltaTable.is_deltatable(path))


def _as_in_statistics(value: Any) -> Any:
    if isinstance(value, datetime):
        utc = value.replace(tzinfo=None) if value.tzinfo is None else value.astimezone(UTC)
        return utc.isoformat(timespec="milliseconds")[:23] + "Z"
    return value


def _table_file(action: Mapping[str, Any]) -> TableFile:
    partition = {
        name: None if value is None else str(value)
        for name, value in (action.get("partition") or {}).items()
    }
    return TableFile(
        action["path"],
        action.get("num_records"),
        action["size_bytes"],
        partition,
        action.get("min") or {},
        action.get("max") or {},
    )
