"""Prints, as JSON, columns of a Delta table, row by row. Runs in the jobs' own Python.

Arguments: the table's folder, then the columns.
"""

import json
import sys

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder


def rows(folder: str, columns: list[str]) -> list[list[object]]:
    """The named columns of every row."""
    # not to_pyarrow_table: its threads abort one interpreter in two that ends while they end
    asked = QueryBuilder().register("rows", DeltaTable(folder))
    found = pa.table(asked.execute(f"SELECT {', '.join(columns)} FROM rows").read_all())
    return [list(row.values()) for row in found.to_pylist()]


if __name__ == "__main__":
    json.dump(rows(sys.argv[1], sys.argv[2:]), sys.stdout, default=str)
