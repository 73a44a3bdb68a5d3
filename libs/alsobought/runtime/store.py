"""Where tables lie, what a job reads of them, and the writing of a day or of a whole table."""

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from delta.tables import DeltaTable
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from alsobought import storage
from alsobought.errors import ConfigError, ContractError, JobError
from alsobought.ingest.files import as_named
from alsobought.runtime import commits, creation, staging
from alsobought.runtime.acceptance import (
    require_acceptable,
    require_acceptable_files,
    require_sound_rows,
)
from alsobought.runtime.commits import recorded_run
from alsobought.runtime.customers_in_rows import OF_CUSTOMERS
from alsobought.runtime.faults import CONCURRENT, RESTORE
from alsobought.runtime.forgotten import require_none_since
from alsobought.runtime.parquet_writer import faults_of
from alsobought.tables.differences import differences, refusal
from alsobought.tables.outcome import Outcome, WorkerRows
from alsobought.tables.table import Table

DISK_ONLY = StorageLevel.DISK_ONLY
COMMITS = 100  # how far back a run looks for its own
ALL_COMMITS = 1_000_000
NOT_AS_NAMED = re.compile(r"%[0-9A-Fa-f]{2}|[\\\[\]|^\x00-\x1f\x7f]")
"""In a folder's name: delta-rs opens another folder, or ends in a panic."""
DROPPED = "dropped_days"  # what a commit's userMetadata calls the as-of days that it takes away


def warehouse_path(home: Path, warehouse: str) -> str:
    """The warehouse as an absolute path, or as the URI that it is.

    Raises ConfigError for a path that delta-rs would take for another one.
    """
    if "://" in warehouse:
        return warehouse
    path = str(home / warehouse)
    refused = NOT_AS_NAMED.search(path)
    if refused:
        raise ConfigError(
            f"The warehouse {path} has {refused[0]!r} in its path, which the library that reads "
            f"its tables does not take: give the folder another name, or change 'warehouse' in "
            f"the environment's TOML."
        )
    return path


def run_of(runs: Iterable[tuple[int, dict[str, Any]]], as_of: date, version: int) -> dict[str, Any]:
    """Of `Store.runs` the one that wrote a day, as of `version`; {} where none did, or the day was
    dropped since."""
    return runs_of_days((at, run) for at, run in runs if at <= version).get(as_of.isoformat(), {})


def runs_of_days(runs: Iterable[tuple[int, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Of `Store.runs` the one that wrote each day last, by the day as text; no day that was dropped
    since."""
    last: dict[str, dict[str, Any]] = {}
    for _, run in runs:
        for day in run.get(DROPPED, ()):
            last.setdefault(day, {})
        if "as_of" in run:
            last.setdefault(run["as_of"], run)
    return {day: run for day, run in last.items() if run}


class TableVersion(NamedTuple):
    """A version of a table: its number, and the table's own id, as numbers start again where a
    table is made anew."""

    number: int
    table_id: str


@dataclass(frozen=True)
class Read:
    """A table as a job sees it: its rows, and the Delta version that they were read from."""

    rows: DataFrame
    table_version: TableVersion

    @property
    def version(self) -> int:
        """The number of the version."""
        return self.table_version.number


@dataclass(frozen=True)
class Target:
    """What a run replaces in a table: its day, or everything; `before`: the version that stood when
    the run began, None where there was no table."""

    table: Table
    as_of: date
    run: Mapping[str, Any]
    before: int | None = None

    @property
    def partition(self) -> dict[str, str]:
        """The values of the partition that holds the table's rows of the day; {}: all rows."""
        return {"as_of": self.as_of.isoformat()} if self.table.kept == "per_as_of" else {}


@dataclass(frozen=True)
class Store:
    """The Delta tables of one environment.

    On a path, workers write Parquet files and the driver commits them; so they do in a bucket where
    `workers_have_keys`. On any other URI, for which only Spark has the keys, Spark reads and writes
    everything.
    """

    spark: SparkSession
    warehouse: str
    workers_have_keys: bool = False

    @property
    def is_on_path(self) -> bool:
        """Whether the tables lie in a folder."""
        return "://" not in self.warehouse

    @property
    def opens_files(self) -> bool:
        """Whether the driver and the workers can open the tables' files themselves."""
        return self.is_on_path or (self.workers_have_keys and storage.is_in_bucket(self.warehouse))

    def workers_write(self, table: Table) -> bool:
        """Whether workers may write the table's files: its files alone tell its rows, and no
        feature of Delta asks more of a writer than delta-rs does."""
        if not self.opens_files:
            return False
        return not self.exists(table) or commits.log_of(self.path(table), table.name).is_plain

    def path(self, table: Table) -> str:
        """Where the table lies."""
        return f"{self.warehouse}/{table.name}"

    def read(self, table: Table, as_of: date, version: int | None = None) -> Read:
        """The table's rows of `as_of` (all rows where it keeps no days), pinned to one version:
        the newest, or `version`.

        Raises JobError where the table is not built or lacks the day, ContractError where
        another writer changed its schema or constraints.
        """
        if not self.exists(table):
            raise JobError(f"{table.name} is not built yet: run the job {table.name} first.")
        newest = self.newest(table)
        read = newest if version is None else newest._replace(number=version)
        self.check_contract(table)
        files = self.files(table, as_of, read.number)
        if files:
            rows = self.spark.read.schema(table.ddl).parquet(*as_named(files))
            return Read(table.conform(rows), read)
        rows = self.read_version(table, read.number)
        if table.kept == "per_as_of":
            days = rows
            rows = rows.where(F.col("as_of") == F.lit(as_of)).drop("as_of")
            if rows.isEmpty() and not self._is_empty_day(table, as_of, read.number):
                raise JobError(self._no_such_day(table, days, as_of))
        elif rows.isEmpty():
            raise JobError(f"{table.name} is empty: run the job {table.name} first.")
        return Read(table.conform(rows), read)

    def read_version(self, table: Table, version: int) -> DataFrame:
        """All rows of a version of the table, with every column that they have in Delta."""
        reader = self.spark.read.format("delta").option("versionAsOf", version)
        return reader.load(self.path(table))

    def exists(self, table: Table) -> bool:
        """Whether the table has been created."""
        if self.opens_files:
            return commits.is_table(self.path(table))
        return DeltaTable.isDeltaTable(self.spark, self.path(table))

    def newest(self, table: Table) -> TableVersion:
        """The table's newest version."""
        if self.opens_files:
            log = commits.log_of(self.path(table), table.name)
            return TableVersion(log.version, log.table_id)
        detail = DeltaTable.forPath(self.spark, self.path(table)).detail()
        return TableVersion(self.version(table), detail.select("id").collect()[0]["id"])

    def version(self, table: Table) -> int:
        """The number of the table's newest commit."""
        if self.opens_files:
            return commits.log_of(self.path(table), table.name).version
        return int(self.commits(table, 1)[0]["version"])

    def run_of_day(self, table: Table, as_of: date, version: int) -> dict[str, Any]:
        """The run that wrote the table's day, as of `version`; {} where no commit records it."""
        return run_of(self.runs(table), as_of, version)

    def runs(self, table: Table) -> list[tuple[int, dict[str, Any]]]:
        """The version of each commit and the run that it records ({}: none), newest first."""
        every = self.commits(table, ALL_COMMITS)
        return [(commit["version"], recorded_run(commit.get("userMetadata"))) for commit in every]

    def files(self, table: Table, as_of: date, version: int) -> tuple[str, ...]:
        """The Parquet files that hold just the rows of `as_of` (all where it keeps no days) at
        `version`, in the columns of the contract but `as_of`.

        None where there are no such rows, on storage that only Spark has the keys to, or with a
        Delta feature by which files alone do not tell the rows.
        """
        if not self.opens_files:
            return ()
        log = commits.log_of(self.path(table), table.name, version)
        if not log.is_plain:
            return ()
        partition = Target(table, as_of, {}).partition
        named = [file.path for file in log.files(partition) if file.rows != 0]
        files = sorted(f"{self.path(table)}/{path}" for path in named)
        if self.is_on_path:
            _require_files(table, files)
        return tuple(files)

    def write(self, table: Table, outcome: Outcome, as_of: date, run: Mapping[str, Any]) -> int:
        """Put the outcome's rows into the table in one Delta commit whose userMetadata is `run`.

        Returns the rows written. Rows of other days stay as they are; to a table that is `added` to
        rows are added, upon the version of it that the run has read. Everything that may refuse the
        rows does so before anything is visible: a reader sees the table as it was, or as the run
        has made it.
        Raises ContractError where the rows or the table break the contract, JobError where there
        are no rows and the table's contract does not allow that.
        Cost: where workers write, one pass over the rows, and a shuffle of 12 bytes a row; where
        Spark does, the rows are kept on disk and read twice, and 17 bytes a row are shuffled.
        """
        before = self.version(table) if self.exists(table) else None
        if before is not None:
            self.check_contract(table)
        target = Target(table, as_of, run, before)
        if table.kept == "added":
            return self._append(target, table.conform(outcome.frame))
        if self.workers_write(table):
            schema = outcome.frame.schema
            table.require_columns(schema)
            return self._write_files(target, outcome.rows)
        rows = table.conform(outcome.frame).persist(DISK_ONLY)
        try:
            return self._write_by_spark(target, rows)
        finally:
            rows.unpersist()

    def _append(self, target: Target, rows: DataFrame) -> int:
        """Add few rows, unless another run has added some since the version that this one read."""
        table, path = target.table, self.path(target.table)
        added = rows.toArrow()
        require_sound_rows(table, faults_of(added, staging.layout_of(table, path, "")))
        if not len(added):
            return 0
        if target.before is None:
            self.create(table)
        upon = target.run.get("read_versions", {}).get(table.name)
        if self.opens_files:
            commits.append_rows(path, added, upon, target.run)
            return len(added)
        # Spark appends whatever others do, but not twice as one application's same version
        writer = rows.write.format("delta").mode("append").option("txnAppId", table.name)
        writer = writer.option("txnVersion", commits.append_version(upon))
        writer.option("userMetadata", json.dumps(target.run)).save(path)
        if not self._metrics(target):
            raise JobError(f"{CONCURRENT}.")
        return len(added)

    def add_by_spark(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows in one commit, whatever others add meanwhile; the table is made where there is
        none."""
        if not self.exists(table):
            self.create(table)
        added = self.spark.createDataFrame(
            [tuple(row[name] for name in table.names) for row in rows], StructType([*table.columns])
        )
        added.write.format("delta").mode("append").save(self.path(table))

    def _write_files(self, target: Target, rows: DataFrame | WorkerRows) -> int:
        table = target.table
        with self._folder_for(target) as folder:
            prefix = "".join(f"{name}={value}/" for name, value in target.partition.items())
            layout = staging.layout_of(table, folder, prefix)
            with staging.staged(rows, layout) as files:
                require_acceptable_files(table, files, target.as_of)
                if target.before is None:
                    self.create(table)
                    staging.move(files.files, folder, self.path(table))
                    files = replace(files, folder=self.path(table))
                try:
                    self._commit(target, files)
                except JobError:  # no version names them, and they may hold what was forgotten
                    files.discard()
                    raise
                return files.rows

    @contextmanager
    def _folder_for(self, target: Target) -> Iterator[str]:
        """Where files are staged: in the table's folder, or beside it while there is no table."""
        if target.before is not None:
            yield self.path(target.table)
            return
        # Delta creates no table in a folder that has anything in it
        folder = f"{self.warehouse}/.{target.table.name}-{uuid.uuid4()}"
        try:
            yield folder
        finally:
            storage.remove_folder(folder)

    def _commit(self, target: Target, files: staging.Staged) -> None:
        """Replace what the run replaces by its files.

        A commit is made upon the version that was looked at, or not at all: two first writers of a
        day would else both win, as neither removes a file that the other one has added.
        """
        partition = target.partition
        for _ in range(COMMITS):
            log = commits.log_of(self.path(target.table), target.table.name)
            self._require_no_other_run(target)
            try:
                return log.commit(files.files, log.files(partition), partition, target.run)
            except commits.OtherCommit:
                continue  # of another day, or OPTIMIZE: look again
        raise JobError(f"{CONCURRENT}.")

    def _write_by_spark(self, target: Target, rows: DataFrame) -> int:
        table, as_of = target.table, target.as_of
        require_acceptable(table, rows, as_of)
        if target.before is None:
            self.create(table)
        self._require_no_other_run(target)
        if table.sorted_by:
            rows = rows.sortWithinPartitions(*table.sorted_by)
        if table.kept == "per_as_of":
            rows = rows.select(F.lit(as_of).alias("as_of"), "*")
        writer = rows.write.format("delta").mode("overwrite")
        if table.kept == "per_as_of":
            writer = writer.option("replaceWhere", f"as_of = '{as_of.isoformat()}'")
        writer.option("userMetadata", json.dumps(target.run)).save(self.path(table))
        return self._metrics(target).get("numOutputRows", 0)

    def _require_no_other_run(self, target: Target) -> None:
        """Raise JobError where another run has replaced the same rows since the run has begun, or
        customers were forgotten whose rows it has read.

        Delta itself sees only what is committed while it writes, not while the rows were checked.
        """
        if self.is_on_path and target.table.name in OF_CUSTOMERS:
            require_none_since(self.warehouse, OF_CUSTOMERS, target.run)
        for commit in self.commits(target.table, COMMITS):
            run = recorded_run(commit.get("userMetadata"))
            is_same = not target.partition or run.get("as_of") == target.as_of.isoformat()
            if commit["version"] > (target.before or 0) and run and is_same:
                raise JobError(f"{CONCURRENT}.")

    def create(self, table: Table) -> None:
        """Create the empty table with its columns, comments and constraints."""
        path = self.path(table)
        if not (self.is_on_path and creation.create(path, table)):
            creation.create_by_spark(self.spark, path, table)

    def check_contract(self, table: Table) -> None:
        """Raise ContractError where another version or writer made the table's schema or
        constraints others than those of the contract."""
        differing = differences(table, *self.stored_contract(table))
        if any(difference.is_fault for difference in differing):
            raise ContractError(refusal(table, self.path(table), differing))

    def stored_contract(self, table: Table) -> tuple[StructType, Mapping[str, str]]:
        """The table's schema and properties as they are stored."""
        if self.opens_files:
            return commits.log_of(self.path(table), table.name).contract
        detail = DeltaTable.forPath(self.spark, self.path(table)).detail()
        properties = detail.select("properties").collect()[0]["properties"]
        return self._rows(table).schema, properties

    def _is_empty_day(self, table: Table, as_of: date, version: int) -> bool:
        """Whether a run has written the day, and found nothing to write."""
        return table.may_be_empty and bool(self.run_of_day(table, as_of, version))

    def _no_such_day(self, table: Table, rows: DataFrame, as_of: date) -> str:
        distinct = rows.select("as_of").distinct().sort("as_of").collect()
        days = [str(row["as_of"]) for row in distinct]
        if not days:
            return f"{table.name} is empty: run the job {table.name} --as-of {as_of} first."
        shown = ", ".join(days[-5:]) + (f" and {len(days) - 5} before" if len(days) > 5 else "")
        return (
            f"{table.name} has no as-of day {as_of} (it has {shown}): "
            f"run the job {table.name} --as-of {as_of} first."
        )

    def _rows(self, table: Table) -> DataFrame:
        return self.spark.read.format("delta").load(self.path(table))

    def _metrics(self, target: Target) -> dict[str, int]:
        """What the run's own commit counted. Other runs may have committed other days since."""
        recorded = json.dumps(target.run)
        metrics = [
            commit["operationMetrics"]
            for commit in self.commits(target.table, COMMITS)
            if commit["version"] > (target.before or 0) and commit.get("userMetadata") == recorded
        ]
        return {name: int(count) for name, count in metrics[0].items()} if metrics else {}

    def commits(self, table: Table, most: int) -> list[dict[str, Any]]:
        """The last commits, newest first: version, userMetadata, operation, operationMetrics."""
        if self.opens_files:
            return commits.log_of(self.path(table), table.name).history(most)
        history = DeltaTable.forPath(self.spark, self.path(table)).history(most)
        rows = history.drop("timestamp").collect()
        return [row.asDict() for row in sorted(rows, key=lambda row: -row["version"])]


def _require_files(table: Table, files: Sequence[str]) -> None:
    """Raise JobError where a data file that the table's log names is not there."""
    missing = [file for file in files if not Path(file).is_file()]
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise JobError(
            f"{table.name} cannot be read: its data file {missing[0]}{more} is not there; "
            f"{RESTORE}."
        )
