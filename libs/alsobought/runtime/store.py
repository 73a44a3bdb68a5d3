"""The only module that names a table's path, reads Delta and writes it."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from delta.tables import DeltaTable
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from alsobought.errors import ContractError, JobError
from alsobought.runtime import commits, staging
from alsobought.runtime.acceptance import (
    REMOVED,
    changed_rows,
    require_acceptable,
    require_acceptable_files,
)
from alsobought.runtime.faults import CONCURRENT
from alsobought.tables.outcome import Outcome
from alsobought.tables.table import Table

DISK_ONLY = StorageLevel.DISK_ONLY
USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
COMMITS = 100  # how far back a run looks for its own
ALL_COMMITS = 1_000_000


def warehouse_path(home: Path, warehouse: str) -> str:
    """The warehouse as an absolute path, or as the URI that it is."""
    return warehouse if "://" in warehouse else str(home / warehouse)


def recorded_run(user_metadata: str | None) -> dict[str, Any]:
    """The run that a commit's userMetadata records; {} where another program wrote it."""
    try:
        run = json.loads(user_metadata or "{}")
    except json.JSONDecodeError:
        return {}
    return run if isinstance(run, dict) else {}


@dataclass(frozen=True)
class Read:
    """A table as a job sees it: its rows, and the Delta version that they were read from."""

    rows: DataFrame
    version: int


@dataclass(frozen=True)
class Store:
    """The Delta tables of one environment.

    On a path, workers write Parquet files and the driver commits them; Spark's own Delta only
    creates tables. On a URI, for which only Spark has the keys, Spark reads and writes everything.
    """

    spark: SparkSession
    warehouse: str

    @property
    def is_on_path(self) -> bool:
        """Whether the driver and the workers can open the tables' files themselves."""
        return "://" not in self.warehouse

    def workers_write(self, table: Table) -> bool:
        """Whether workers may write the table's files: its files alone tell its rows, and no
        feature of Delta asks more of a writer than delta-rs does."""
        if not self.is_on_path:
            return False
        return not self.exists(table) or commits.log_of(self.path(table), table.name).is_plain

    def path(self, table: Table) -> str:
        """Where the table lies."""
        return f"{self.warehouse}/{table.name}"

    def read(self, table: Table, as_of: date) -> Read:
        """The table's rows of `as_of` (all rows where it keeps no days), pinned to one version.

        Raises JobError where the table is not built or lacks the day, ContractError where
        another writer changed its schema or constraints.
        """
        if not self.exists(table):
            raise JobError(f"{table.name} is not built yet: run the job {table.name} first.")
        version = self.version(table)
        self.check_contract(table)
        files = self.files(table, as_of, version)
        if files:
            rows = self.spark.read.schema(table.ddl).parquet(*files)
            return Read(table.conform(rows), version)
        reader = self.spark.read.format("delta").option("versionAsOf", version)
        rows = reader.load(self.path(table))
        if table.kept == "per_as_of":
            days = rows
            rows = rows.where(F.col("as_of") == F.lit(as_of)).drop("as_of")
            if rows.isEmpty():
                raise JobError(self._no_such_day(table, days, as_of))
        elif rows.isEmpty():
            raise JobError(f"{table.name} is empty: run the job {table.name} first.")
        return Read(table.conform(rows), version)

    def exists(self, table: Table) -> bool:
        """Whether the table has been created."""
        if self.is_on_path:
            return commits.is_table(self.path(table))
        return DeltaTable.isDeltaTable(self.spark, self.path(table))

    def version(self, table: Table) -> int:
        """The number of the table's newest commit."""
        return int(self.commits(table, 1)[0]["version"])

    def run_of_day(self, table: Table, as_of: date, version: int) -> dict[str, Any]:
        """The run that wrote the table's day, as of `version`; {} where no commit records it."""
        every = self.commits(table, ALL_COMMITS)
        until = (commit for commit in every if commit["version"] <= version)
        runs = (recorded_run(commit.get("userMetadata")) for commit in until)
        return next((run for run in runs if run.get("as_of") == as_of.isoformat()), {})

    def files(self, table: Table, as_of: date, version: int) -> tuple[str, ...]:
        """The Parquet files that hold just the rows of `as_of` (all where it keeps no days) at
        `version`, in the columns of the contract but `as_of`.

        None where there are no such rows, on storage that only Spark has the keys to (any URI), or
        with a Delta feature by which files alone do not tell the rows.
        """
        if not self.is_on_path:
            return ()
        log = commits.log_of(self.path(table), table.name, version)
        if not log.is_plain:
            return ()
        files = [file.path for file in log.files(_partition(table, as_of)) if file.rows != 0]
        return tuple(sorted(f"{self.path(table)}/{path}" for path in files))

    def write(
        self, table: Table, outcome: Outcome, as_of: date, run: dict[str, Any]
    ) -> dict[str, int]:
        """Put the outcome's rows into the table in one Delta commit whose userMetadata is `run`.

        Returns the commit's row counts: added, updated, removed. Rows of other days stay as they
        are. Everything that may refuse the rows does so before anything is visible: a reader sees
        the table as it was, or as the run has made it.
        Raises ContractError where the rows or the table break the contract, JobError where there
        are no rows and the table's contract does not allow that.
        Cost: on a path one pass over the rows, and a shuffle of 12 bytes a row; on a URI the rows
        are kept on disk and read twice, and 17 bytes a row are shuffled.
        """
        before = self.version(table) if self.exists(table) else None
        if before is not None:
            self.check_contract(table)
        table.require_columns(outcome.frame.schema)
        if self.workers_write(table) and table.kept != "added":
            return self._write_files(table, outcome, as_of, (before, run))
        rows = table.conform(outcome.frame).persist(DISK_ONLY)
        try:
            return self._write_by_spark(table, replace(outcome, rows=rows), as_of, (before, run))
        finally:
            rows.unpersist()

    def _write_files(
        self,
        table: Table,
        outcome: Outcome,
        as_of: date,
        version: tuple[int | None, dict[str, Any]],
    ) -> dict[str, int]:
        before, run = version
        with self._folder_for(table, before) as folder:
            partition = _partition(table, as_of)
            prefix = "".join(f"{name}={value}/" for name, value in partition.items())
            layout = staging.layout_of(table, folder, prefix)
            with staging.staged(outcome.rows, layout) as files:
                require_acceptable_files(table, files, as_of)
                if before is None:
                    self.create(table)
                    staging.move(files.files, folder, self.path(table))
                self._commit(table, files, as_of, (before or 0, run))
                return {"added": files.rows, "updated": 0, "removed": 0}

    @contextmanager
    def _folder_for(self, table: Table, before: int | None) -> Iterator[str]:
        """Where files are staged: in the table's folder, or beside it while there is no table."""
        if before is not None:
            yield self.path(table)
            return
        folder = f"{self.warehouse}/.{table.name}-{uuid.uuid4()}"  # Delta creates in no full folder
        try:
            yield folder
        finally:
            staging.remove_folder(folder)

    def _commit(
        self,
        table: Table,
        files: staging.Staged,
        as_of: date,
        version: tuple[int, dict[str, Any]],
    ) -> None:
        """Replace what the run replaces by its files.

        A commit is made upon the version that was looked at, or not at all: two first writers of a
        day would else both win, as neither removes a file that the other one has added.
        """
        before, run = version
        partition = _partition(table, as_of)
        for _ in range(COMMITS):
            log = commits.log_of(self.path(table), table.name)
            self._require_no_other_run(table, as_of, before)
            try:
                return log.commit(files.files, log.files(partition), partition, run)
            except commits.OtherCommit:
                continue  # of another day, or OPTIMIZE: look again
        raise JobError(f"{CONCURRENT}.")

    def _write_by_spark(
        self,
        table: Table,
        outcome: Outcome,
        as_of: date,
        version: tuple[int | None, dict[str, Any]],
    ) -> dict[str, int]:
        before, run = version
        rows = outcome.frame
        require_acceptable(table, rows, as_of)
        if before is None:
            self.create(table)
            before = 0
        self._require_no_other_run(table, as_of, before)
        if table.sorted_by:
            rows = rows.sortWithinPartitions(*table.sorted_by)
        if table.kept == "added" and not self._rows(table).isEmpty():
            return self._merge(table, outcome, as_of, run)
        if table.kept == "per_as_of":
            rows = rows.select(F.lit(as_of).alias("as_of"), "*")
        writer = rows.write.format("delta").mode("overwrite")
        if table.kept == "per_as_of":
            writer = writer.option("replaceWhere", f"as_of = '{as_of.isoformat()}'")
        writer.option("userMetadata", json.dumps(run)).save(self.path(table))
        added = self._metrics(table, run, before).get("numOutputRows", 0)
        return {"added": added, "updated": 0, "removed": 0}

    def _require_no_other_run(self, table: Table, as_of: date, before: int) -> None:
        """Raise JobError where another run has replaced the same rows since version `before`.

        Delta itself sees only what is committed while it writes, not while the rows were checked.
        Rows that are `added` need no such care: they are compared with the newest version.
        """
        if table.kept == "added":
            return
        for commit in self.commits(table, COMMITS):
            run = recorded_run(commit.get("userMetadata"))
            is_same = table.kept == "whole" or run.get("as_of") == as_of.isoformat()
            if commit["version"] > before and run and is_same:
                raise JobError(f"{CONCURRENT}.")

    def _merge(
        self, table: Table, outcome: Outcome, as_of: date, run: dict[str, Any]
    ) -> dict[str, int]:
        """Add new keys, update changed rows, remove what the run's files no longer say.

        Rows that are there already are left out first: Delta would copy every file that holds one.
        A run that changes nothing makes no commit.
        """
        before = self.version(table)
        changes = changed_rows(table, self._rows(table), outcome, as_of).persist(DISK_ONLY)
        self.spark.conf.set(USER_METADATA, json.dumps(run))
        try:
            if not changes.isEmpty():
                same_key = " AND ".join(f"old.{name} = new.{name}" for name in table.key)
                target = DeltaTable.forPath(self.spark, self.path(table)).alias("old")
                columns = {name: f"new.{name}" for name in table.names}
                merge = target.merge(changes.alias("new"), same_key).whenMatchedDelete(
                    f"new.{REMOVED}"
                )
                merge = merge.whenMatchedUpdate(set=dict(columns))
                merge.whenNotMatchedInsert(f"NOT new.{REMOVED}", values=dict(columns)).execute()
        finally:
            self.spark.conf.unset(USER_METADATA)
            changes.unpersist()
        metrics = self._metrics(table, run, before)
        return {
            "added": metrics.get("numTargetRowsInserted", 0),
            "updated": metrics.get("numTargetRowsUpdated", 0),
            "removed": metrics.get("numTargetRowsDeleted", 0),
        }

    def create(self, table: Table) -> None:
        """Create the empty table with its columns, comments and constraints."""
        builder = DeltaTable.createIfNotExists(self.spark).location(self.path(table))
        builder = builder.comment(table.meaning)
        for field in table.stored:
            builder = builder.addColumn(
                field.name,
                field.dataType,
                nullable=field.nullable,
                comment=field.metadata["comment"],
            )
        if table.kept == "per_as_of":
            builder = builder.partitionedBy("as_of")
        for name, value in table.properties.items():
            builder = builder.property(name, value)
        builder.execute()

    def check_contract(self, table: Table) -> None:
        """Raise ContractError where another writer changed the table's schema or constraints."""
        if self.is_on_path:
            delta = commits.log_of(self.path(table), table.name).delta
            schema = StructType.fromJson(json.loads(delta.schema().to_json()))
            properties = delta.metadata().configuration
        else:
            detail = DeltaTable.forPath(self.spark, self.path(table)).detail()
            properties = detail.select("properties").collect()[0]["properties"]
            schema = self._rows(table).schema
        faults = table.faults_of_stored(schema, properties)
        if faults:
            raise ContractError(
                f"{table.name} at {self.path(table)} is not as its contract says, so another "
                f"program or version changed it: {'; '.join(faults)}. Restore an older version of "
                f"the table, or move it away and run the job {table.name} again."
            )

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

    def _metrics(self, table: Table, run: dict[str, Any], before: int) -> dict[str, int]:
        """What the run's own commit counted; none where it made no commit.

        Other runs may have committed other days since version `before`.
        """
        recorded = json.dumps(run)
        commits = [
            commit["operationMetrics"]
            for commit in self.commits(table, COMMITS)
            if commit["version"] > before and commit.get("userMetadata") == recorded
        ]
        return {name: int(count) for name, count in commits[0].items()} if commits else {}

    def commits(self, table: Table, most: int) -> list[dict[str, Any]]:
        """The last commits, newest first: version, userMetadata, operation, operationMetrics."""
        if self.is_on_path:
            return commits.log_of(self.path(table), table.name).history(most)
        history = DeltaTable.forPath(self.spark, self.path(table)).history(most)
        rows = history.drop("timestamp").collect()
        return [row.asDict() for row in sorted(rows, key=lambda row: -row["version"])]


def _partition(table: Table, as_of: date) -> dict[str, str]:
    """The values of the partition that holds the table's rows of `as_of`; {}: all rows."""
    return {"as_of": as_of.isoformat()} if table.kept == "per_as_of" else {}
