"""What a job reads of as-of days before its own: of inputs, and of tables that its TOML names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from py4j.protocol import Py4JJavaError
from pydantic import BaseModel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from alsobought.days import EPOCH
from alsobought.errors import ContractError, JobError
from alsobought.runtime.job import EarlierDays, Files
from alsobought.runtime.lineage import Lineage
from alsobought.runtime.store import Store, TableVersion, runs_of_days
from alsobought.tables.stored import DatedRows, PastRows
from alsobought.tables.table import Table, schema_faults


@dataclass(frozen=True)
class Days:
    """Which days a run reads of the inputs for which it reads other days than its own."""

    earlier: EarlierDays
    params: BaseModel
    as_of: date
    pinned: Mapping[str, TableVersion] | None = None
    """The versions that an earlier run had read, which knew no others; None: the newest are."""

    def read(
        self, store: Store, tables: Mapping[str, Table | Files]
    ) -> tuple[dict[str, Any], dict[str, TableVersion]]:
        """What the transformation gets, by name, and the version of each table that there is.

        `tables`: the job's inputs that there are in the environment. Raises ContractError as
        `Store.read` does, and JobError or ContractError where another program's table is not there
        or lacks columns.
        """
        names = set(self.earlier.inputs)
        ours = {n: t for n, t in tables.items() if n in names and isinstance(t, Table)}
        others = [] if self.earlier.others is None else self.earlier.others(self.params)
        every = [*ours.values(), *others]
        versions = self._versions(store, every)
        days = self.earlier.days(self.params, self.as_of)
        for table in ours.values():
            if table.name in versions:
                store.check_contract(table)
        for table in others:
            require_columns(store, table, versions.get(table.name))
        rows = {t.name: read_days(store, t, versions.get(t.name), days) for t in every}
        source = tables.get(self.earlier.made_of or "")
        if isinstance(source, Table):
            past = PastVersions(store, source, Lineage(store))
            for table in ours.values():
                rows[table.name] = past.of_days(table, rows[table.name], versions.get(table.name))
        inputs: dict[str, Any] = {name: rows[table.name] for name, table in ours.items()}
        if self.earlier.others is not None:
            inputs["others"] = {table.name: rows[table.name] for table in others}
        return inputs, versions

    def _versions(self, store: Store, tables: Sequence[Table]) -> dict[str, TableVersion]:
        if self.pinned is not None:
            return {t.name: self.pinned[t.name] for t in tables if t.name in self.pinned}
        return {table.name: store.newest(table) for table in tables if store.exists(table)}


@dataclass(frozen=True)
class PastVersions:
    """A table's versions that runs had read, each made a DataFrame once."""

    store: Store
    source: Table
    lineage: Lineage
    versions: dict[int, PastRows] = field(default_factory=dict)

    def of_days(self, table: Table, lists: DatedRows, version: TableVersion | None) -> DatedRows:
        """The rows of days of a table, with what they were made of."""
        if version is None:
            return lists
        made_of = {day: self._of_day(table, day, version.number) for day in lists.runs}
        return replace(lists, made_of=made_of)

    def _of_day(self, table: Table, day: date, version: int) -> tuple[PastRows, ...]:
        runs = self.lineage.runs(table.name, day, version).values()
        readers = [run for run in runs if self.source.name in run.get("read_versions", {})]
        numbers = {run["read_versions"][self.source.name] for run in readers}
        if not all(self.lineage.is_same_table(self.source.name, run) for run in readers):
            return tuple(PastRows(number, None) for number in sorted(numbers))
        return tuple(self._rows(number) for number in sorted(numbers))

    def _rows(self, number: int) -> PastRows:
        if number not in self.versions:
            self.versions[number] = PastRows(number, self._readable(number))
        return self.versions[number]

    def _readable(self, number: int) -> DataFrame | None:
        """The rows at a version; None: its log or a file of it is gone."""
        try:
            return read_version(self.store, self.source, EPOCH, number)  # of all days
        except (JobError, PySparkException):
            return None


def read_version(store: Store, table: Table, day: date, version: int) -> DataFrame:
    """The rows that `Store.read` gives of a version, of which every file is there.

    Raises JobError where one is gone. Cost: on a path none, as `Store.read` looks; on a URI a scan
    of one column, for only reading a file tells whether it is there.
    """
    try:
        rows = store.read(table, day, version).rows
        if not store.is_on_path:
            rows.agg(F.max(F.xxhash64(rows.columns[0]))).collect()
    except Py4JJavaError as error:
        if "FILE_NOT_EXIST" not in str(error):
            raise
        raise JobError(f"{table.name} cannot be read: a data file of it is not there.") from None
    return rows


def read_days(
    store: Store, table: Table, version: TableVersion | None, days: Sequence[date]
) -> DatedRows:
    """The rows of these days at the version; there are none of a day that the table lacks.

    version: None where there is no table.
    """
    if version is None:
        return DatedRows(store.spark.createDataFrame([], table.stored), {})
    rows = store.read_version(table, version.number).select("as_of", *table.names)
    runs = runs_of_days(run for run in store.runs(table) if run[0] <= version.number)
    of_days = {day: runs[day.isoformat()] for day in days if day.isoformat() in runs}
    return DatedRows(rows.where(F.col("as_of").isin([*days])), of_days)


def require_columns(store: Store, table: Table, version: TableVersion | None) -> None:
    """Raise JobError or ContractError unless another program's table is there, with at least the
    columns of `table`."""
    if version is None:
        raise JobError(
            f"There is no table {table.name} at {store.path(table)}: correct its name in the "
            f"environment's TOML, or write it there as a Delta table."
        )
    wanted = table.stored
    stored = store.read_version(table, version.number).schema
    faults = schema_faults(wanted, StructType([f for f in stored if f.name in wanted.names]))
    if faults:
        columns = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in wanted)
        raise ContractError(
            f"{table.name} at {store.path(table)} cannot be read: {'; '.join(faults)}. "
            f"It must have the columns {columns}."
        )
