"""A database in memory for what is easier said in SQL: rows in, rows out, and nothing stays."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa


@contextmanager
def database(**tables: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of DuckDB whose queries know the tables, and which prints nothing."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        for name, table in tables.items():
            connection.register(name, table)
        yield connection
