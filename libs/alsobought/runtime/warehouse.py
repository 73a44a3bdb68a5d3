"""Delta tables read without Spark, by delta-rs: what the commands that print tables need; and the
rows that commands and the record of runs add.

With runtime/store the only module that names a table's path and reads Delta.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from deltalake.exceptions import TableNotFoundError
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from alsobought.errors import JobError
from alsobought.runtime.commits import append_rows, log_of, recorded_run, unreadable
from alsobought.runtime.config import Environment
from alsobought.runtime.log_entries import history
from alsobought.runtime.store import warehouse_path
from alsobought.tables.table import Table

Row = dict[str, Any]


class Warehouse:
    """The Delta tables of one environment, each pinned to the version at its first reading."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._tables: dict[str, DeltaTable] = {}
        self._queries = QueryBuilder()

    @classmethod
    def of(cls, home: Path, environment: Environment) -> "Warehouse":
        """The warehouse that the environment names, in the project's folder `home`."""
        return cls(warehouse_path(home, environment.warehouse))

    def has(self, name: str) -> bool:
        """Whether the table is built."""
        with self._faults_as_job_errors(name):
            return DeltaTable.is_deltatable(f"{self.path}/{name}")

    def rows(self, query: str, *tables: str) -> list[Row]:
        """The result of a query in SQL over `tables`, one dict per row.

        Raises JobError where a table is not built or cannot be read.
        """
        return list(self.arrow(query, *tables).to_pylist())

    def arrow(self, query: str, *tables: str) -> pa.Table:
        """The same as an Arrow table."""
        self._register(tables)
        with self._faults_as_job_errors(*tables):
            return _with_plain_strings(pa.table(self._queries.execute(query).read_all()))

    def batches(self, query: str, *tables: str) -> Iterator[pa.RecordBatch]:
        """The same as a stream of Arrow record batches: memory does not grow with the rows."""
        self._register(tables)
        with self._faults_as_job_errors(*tables):
            for batch in self._queries.execute(query):
                yield _with_plain_strings(pa.record_batch(batch))

    def at_version(self, name: str, version: int) -> str:
        """The name by which queries have the table as it was at a version.

        Raises JobError where that cannot be read.
        """
        alias = f"{name}_at_{version}"
        if alias not in self._tables:
            with self._faults_as_job_errors(name):
                self._tables[alias] = DeltaTable(f"{self.path}/{name}", version=version)
                self._queries.register(alias, self._tables[alias])
        return alias

    def pin(self, name: str, version: int) -> None:
        """Have all queries read the table as it was at a version; before the first that reads it.

        Raises JobError where that version cannot be read.
        """
        with self._faults_as_job_errors(name):
            self._tables[name] = DeltaTable(f"{self.path}/{name}", version=version)
            self._queries.register(name, self._tables[name])

    def table_id(self, name: str, version: int) -> str:
        """What Delta calls the table that has this version: another name where it is made anew.

        Raises JobError where that version cannot be read.
        """
        return log_of(f"{self.path}/{name}", name, version).table_id

    def missing_file(self, name: str, version: int, day: str) -> str | None:
        """A data file that is gone of the table's rows of a day at a version; None: all are there,
        or the table lies on a URI, where only reading them tells.

        Raises JobError where that version cannot be read.
        """
        files = log_of(f"{self.path}/{name}", name, version).files({"as_of": day})
        paths = [f"{self.path}/{name}/{file.path}" for file in files if "://" not in self.path]
        return next((path for path in paths if not Path(path).is_file()), None)

    def append(self, table: Table, rows: list[Row], run: Row) -> None:
        """Add rows to a table in one commit, upon the version at which it was read here.

        Raises JobError where another run has changed it since.
        """
        upon, path = self.version(table.name), f"{self.path}/{table.name}"
        append_rows(path, _arrow_table(table, rows), upon, run)

    def add(self, table: Table, rows: list[Row]) -> None:
        """Add rows to a table in one commit, whatever others add meanwhile."""
        write_deltalake(f"{self.path}/{table.name}", _arrow_table(table, rows), mode="append")

    def days(self, name: str) -> list[str]:
        """The as-of days of the table, ascending; none where it keeps no days."""
        partitions = self._table(name).partitions()
        return sorted({partition["as_of"] for partition in partitions if "as_of" in partition})

    def commits(self, name: str, limit: int) -> list[Row]:
        """The table's last commits, newest first, each with its `run`: {} where none is recorded.

        `committed_at` is the time of the commit, UTC.
        """
        table = self._table(name)
        if "://" in self.path:
            with self._faults_as_job_errors(name):
                commits = table.history(limit)
        else:
            commits = history(f"{self.path}/{name}", int(table.version()), limit)
        return [
            {
                **commit,
                "run": recorded_run(commit.get("userMetadata")),
                "committed_at": datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
            }
            for commit in commits
        ]

    def version(self, name: str) -> int:
        """The number of the table's newest commit."""
        return int(self._table(name).version())

    def size(self, name: str) -> tuple[int | None, int]:
        """Rows and bytes of the table, from the statistics of its files; rows None: unknown."""
        with self._faults_as_job_errors(name):
            files = self._table(name).get_add_actions(flatten=True)
            rows = files.column("num_records").to_pylist()
            sizes = files.column("size_bytes").to_pylist()
        return None if None in rows else sum(rows), sum(sizes)

    def _register(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._table(name)

    def _table(self, name: str) -> DeltaTable:
        if name not in self._tables:
            with self._faults_as_job_errors(name):
                self._tables[name] = DeltaTable(f"{self.path}/{name}")
                self._queries.register(name, self._tables[name])
        return self._tables[name]

    @contextmanager
    def _faults_as_job_errors(self, *names: str) -> Iterator[None]:
        try:
            yield
        except TableNotFoundError:
            raise JobError(f"{names[0]} is not built yet: run the job {names[0]} first.") from None
        except Exception as error:  # the reader raises many kinds, bare Exception among them
            raise unreadable(" or ".join(names), f"{self.path}/{names[0]}", error) from error


def _arrow_table(table: Table, rows: list[Row]) -> pa.Table:
    schema = to_arrow_schema(StructType(list(table.columns)), timezone="UTC")
    return pa.Table.from_pylist(rows, pa.schema([field.remove_metadata() for field in schema]))


def _with_plain_strings(data: Any) -> Any:
    """A table or batch whose text is `string`: pyarrow computes little on delta-rs' views."""
    fields = [
        field.with_type(pa.string()) if pa.types.is_string_view(field.type) else field
        for field in data.schema
    ]
    return data.cast(pa.schema(fields))


def quoted(text: str) -> str:
    """The text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
