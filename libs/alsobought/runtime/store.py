"""The only module that names a table's path, reads Delta and writes it."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alsobought.errors import ContractError, JobError
from alsobought.tables import Table
from alsobought.tables.table import schema_faults

USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
CONSTRAINT = "delta.constraints."


def warehouse_path(home: Path, warehouse: str) -> str:
    """The warehouse as an absolute path, or as the URI that it is."""
    return warehouse if "://" in warehouse else str(home / warehouse)


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
        if not DeltaTable.isDeltaTable(self.spark, self.path(table)):
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

    def write(
        self,
        table: Table,
        rows: DataFrame,
        as_of: date,
        run: dict[str, Any],
        *,
        empty: bool = False,
    ) -> dict[str, int]:
        """Put `rows` into the table in one Delta commit whose userMetadata is `run`, as JSON.

        Returns the commit's row counts: added and updated. Rows of other days stay as they are.
        Raises ContractError where the rows break the contract; then nothing is written. Raises
        JobError where there are no rows, unless `empty` allows that; the table stays as it was.
        """
        rows = table.conform(rows)
        self._create(table)
        self._check_contract(table)
        if table.sorted_by:
            rows = rows.repartitionByRange(*table.sorted_by).sortWithinPartitions(*table.sorted_by)
        if table.kept == "added" and not self._rows(table).isEmpty():
            return self._merge(table, rows, run)
        if table.kept == "per_as_of":
            rows = rows.select(F.lit(as_of).alias("as_of"), "*")
        writer = rows.write.format("delta").mode("overwrite")
        if table.kept == "per_as_of":
            writer = writer.option("replaceWhere", f"as_of = '{as_of.isoformat()}'")
        before = self._latest(table)
        writer.option("userMetadata", json.dumps(run)).save(self.path(table))
        added = self._metric(table, "numOutputRows")
        if added == 0 and not empty:
            DeltaTable.forPath(self.spark, self.path(table)).restoreToVersion(before)
            raise JobError(
                f"{table.name} would have no rows for {as_of}, so it was put back as it was: "
                f"look at the limits in [lists] and [baskets], and at the tables that it reads."
            )
        return {"added": added, "updated": 0}

    def _merge(self, table: Table, rows: DataFrame, run: dict[str, Any]) -> dict[str, int]:
        """Add new keys, update changed rows; a run that changes nothing makes no commit."""
        same = " AND ".join(f"old.{name} = new.{name}" for name in table.key)
        others = [name for name in table.names if name not in table.key]
        changed = " OR ".join(f"NOT old.{name} <=> new.{name}" for name in others)
        before = self._latest(table)
        self.spark.conf.set(USER_METADATA, json.dumps(run))
        try:
            target = DeltaTable.forPath(self.spark, self.path(table)).alias("old")
            merge = target.merge(rows.alias("new"), same)
            merge.whenMatchedUpdateAll(condition=changed).whenNotMatchedInsertAll().execute()
        finally:
            self.spark.conf.unset(USER_METADATA)
        if self._latest(table) == before:
            return {"added": 0, "updated": 0}
        return {
            "added": self._metric(table, "numTargetRowsInserted"),
            "updated": self._metric(table, "numTargetRowsUpdated"),
        }

    def _create(self, table: Table) -> None:
        """Lay the empty table with its contract, where it is not there yet."""
        if DeltaTable.isDeltaTable(self.spark, self.path(table)):
            return
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
        for name, condition in table.checks.items():
            builder = builder.property(CONSTRAINT + name, condition)
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
        history = DeltaTable.forPath(self.spark, self.path(table)).history(1)
        return int(history.select("version").collect()[0][0])

    def _metric(self, table: Table, name: str) -> int:
        history = DeltaTable.forPath(self.spark, self.path(table)).history(1)
        return int(history.select("operationMetrics").collect()[0][0].get(name, 0))
