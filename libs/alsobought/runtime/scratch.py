"""Rows on disk for as long as they are asked for: a database of DuckDB in a passing folder."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

MEMORY = "1GB"
"""What the database may hold in memory; what is more goes to its folder."""


class Scratch:
    """A database in a folder of its own, which is deleted at the end, whatever happens."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        """Make the folder anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "temp_directory": str(self.folder / "spilled"),
            "threads": os.cpu_count() or 1,
        }
        self._connection = duckdb.connect(self.folder / "rows.duckdb", config=settings)
        self._connection.execute("SET enable_progress_bar = false")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Delete it."""
        self._connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def register(self, name: str, table: pa.Table) -> None:
        """Have queries know a table that stays in memory."""
        self._connection.register(name, table)

    def keep(
        self, name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch], query: str
    ) -> int:
        """Keep the rows of a query over the batches, which it calls `batches`; returns how many.

        The batches are cast to the schema; there may be none. Memory: some batches.
        """
        of_schema = (batch.select(schema.names).cast(schema) for batch in batches)
        self._connection.register("batches", pa.RecordBatchReader.from_batches(schema, of_schema))
        self._connection.execute(f"CREATE TABLE {name} AS {query}")
        self._connection.unregister("batches")
        ((rows,),) = self._connection.execute(f"SELECT count(*) FROM {name}").fetchall()
        return int(rows)

    def arrow(self, query: str) -> pa.Table:
        """The result of a query over what is kept and registered."""
        return self._connection.sql(query).to_arrow_table()
