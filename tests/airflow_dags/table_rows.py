"""Prints, as JSON, columns of a Delta table, row by row. Runs in the jobs' own Python.

Arguments: the table's folder, then the columns.
"""

import json
import sys

from deltalake import DeltaTable


def rows(folder: str, columns: list[str]) -> list[list[object]]:
    """The named columns of every row."""
    table = DeltaTable(folder).to_pyarrow_table(columns=columns)
    return [list(row.values()) for row in table.select(columns).to_pylist()]


if __name__ == "__main__":
    json.dump(rows(sys.argv[1], sys.argv[2:]), sys.stdout, default=str)
