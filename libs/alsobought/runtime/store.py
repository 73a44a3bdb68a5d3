"""The only module that names a table's path, reads Delta and writes it."""

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import deltalake
from delta.tables import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alsobought.errors import ContractError, JobError
from alsobought.runtime.acceptance import REMOVED, changed_rows, require_acceptable
from alsobought.runtime.faults import CONCURRENT
from alsobought.tables.outcome import Outcome
from alsobought.tables.table import CONSTRAINT, Table, schema_faults

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
    """The Delta tables of one environment."""

    spark: SparkSession
    warehouse: str

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
        version = self._latest(table)
        reader = self.spark.read.format("delta").option("versionAsOf", version)
        rows = reader.load(self.path(table))
        self._check_contract(table)
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
        return DeltaTable.isDeltaTable(self.spark, self.path(table))

    def run_of_day(self, table: Table, as_of: date, version: int) -> dict[str, Any]:
        """The run that wrote the table's day, as of `version`; {} where no commit records it."""
        commits = self._commits(table, ALL_COMMITS)
        until = (commit for commit in commits if commit["version"] <= version)
        runs = (recorded_run(commit.get("userMetadata")) for commit in until)
        return next((run for run in runs if run.get("as_of") == as_of.isoformat()), {})

    def files(self, table: Table, version: int) -> tuple[str, ...]:
        """The Parquet files of a whole table at `version`, where a worker can open them by itself.

        None for a table of days, on storage that only Spark has the keys to (any URI but file:),
        or with a Delta feature by which its files alone do not tell its rows.
        """
        if "://" in self.warehouse or table.kept == "per_as_of":
            return ()
        delta = deltalake.DeltaTable(self.path(table), version=version)
        if delta.protocol().min_reader_version > 1:  # deletion vectors, column mapping
            return ()
        return tuple(sorted(delta.file_uris()))

    def write(
        self, table: Table, outcome: Outcome, as_of: date, run: dict[str, Any]
    ) -> dict[str, int]:
        """Put the outcome's rows into the table in one Delta commit whose userMetadata is `run`.

        Returns the commit's row counts: added, updated, removed. Rows of other days stay as they
        are. Everything that may refuse the rows does so before anything is visible: a reader sees
        the table as it was, or as the run has made it.
        Raises ContractError where the rows or the table break the contract, JobError where there
        are no rows and the table's contract does not allow that.
        Cost: the rows are read twice, to be checked and to be written; keys are checked by one
        shuffle of 17 bytes a row.
        """
        rows = table.conform(outcome.rows)
        before = self._latest(table) if self.exists(table) else None
        if before is not None:
            self._check_contract(table)
        require_acceptable(table, rows, as_of)
        if before is None:
            self._create(table)
            before = 0
        self._require_no_other_run(table, as_of, before)
        if table.sorted_by:
            rows = rows.sortWithinPartitions(*table.sorted_by)
        if table.kept == "added" and not self._rows(table).isEmpty():
            return self._merge(table, replace(outcome, rows=rows), as_of, run)
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
        for commit in self._commits(table, COMMITS):
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
        before = self._latest(table)
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

    def _create(self, table: Table) -> None:
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

    def _check_contract(self, table: Table) -> None:
        detail = DeltaTable.forPath(self.spark, self.path(table)).detail().select("properties")
        properties = detail.collect()[0]["properties"]
        schema = self._rows(table).schema
        faults = schema_faults(table.stored, schema)
        nullable = {field.name for field in schema if field.nullable}
        faults += [
            f"{field.name} may be null"
            for field in table.stored
            if not field.nullable and field.name in nullable
        ]
        faults += [
            f"the check {name} ({condition}) is missing"
            for name, condition in table.checks.items()
            if properties.get(CONSTRAINT + name) != condition
        ]
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

    def _latest(self, table: Table) -> int:
        return int(self._commits(table, 1)[0]["version"])

    def _metrics(self, table: Table, run: dict[str, Any], before: int) -> dict[str, int]:
        """What the run's own commit counted; none where it made no commit.

        Other runs may have committed other days since version `before`.
        """
        recorded = json.dumps(run)
        commits = [
            commit["operationMetrics"]
            for commit in self._commits(table, COMMITS)
            if commit["version"] > before and commit.get("userMetadata") == recorded
        ]
        return {name: int(count) for name, count in commits[0].items()} if commits else {}

    def _commits(self, table: Table, most: int) -> list[dict[str, Any]]:
        """The last commits, newest first: version, userMetadata, operationMetrics.

        By delta-rs where the table lies on a path: a Spark query takes a hundred times as long.
        """
        if "://" in self.warehouse:
            history = DeltaTable.forPath(self.spark, self.path(table)).history(most)
            rows = history.select("version", "userMetadata", "operationMetrics").collect()
            return [row.asDict() for row in sorted(rows, key=lambda row: -row["version"])]
        try:
            return deltalake.DeltaTable(self.path(table)).history(most)
        except DeltaError as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise JobError(f"{table.name} cannot be read: {reason}.") from error
