"""Prints, as JSON, how many rows of a day two warehouses have alike, and in which they differ.

Runs in the jobs' own Python. Arguments: the two warehouses, then the as-of day.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

# in promotions: what is a table's own, and no matter of what is served
OWN = {"served_versions", "served_tables"}


def rows_of(folder: Path, day: str) -> Counter[str]:
    """How often each row of the day is there; of a table without days all rows are its."""
    asked = QueryBuilder().register("rows", DeltaTable(folder))
    stored = pa.table(asked.execute("SELECT * FROM rows").read_all())
    kept = [row for row in stored.to_pylist() if str(row.get("as_of", day)) == day]
    return Counter(json.dumps(without_own(row), default=str, sort_keys=True) for row in kept)


def without_own(row: dict[str, object]) -> dict[str, object]:
    """The row, but for what no two warehouses have in common."""
    return {name: value for name, value in row.items() if name not in OWN}


if __name__ == "__main__":
    warehouses, day = [Path(folder) for folder in sys.argv[1:3]], sys.argv[3]
    names = {path.name for folder in warehouses for path in folder.iterdir()} - {"runs"}
    compared = {}
    for name in sorted(names):
        one, other = (rows_of(folder / name, day) for folder in warehouses)
        compared[name] = [(one & other).total(), sorted(one - other), sorted(other - one)]
    json.dump(compared, sys.stdout)
