"""Whether the contestants that count exactly agree with the engine, row by row.

    python -m benchmarks.agree [--data-set tiny] [--contestants duckdb,scipy]

Every N, n_x and n_y of a pair that both lists hold must be equal; the lists themselves may differ
where a peer's E is of first order. The reference has the same E, so its lists must be the same.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.contestants import ALL
from benchmarks.data_sets import ALL as DATA_SETS
from benchmarks.data_sets import DATA, sizes
from benchmarks.generate import generate
from benchmarks.run_one import Options, run_one, why_not

KEY = ["item_id", "related_item_id"]
COUNTS = ("both", "buyers", "related_buyers")
WITH_COUNTS = [name for name, contestant in ALL.items() if contestant.exact]
SAME_LISTS = ("reference",)


def rows(folder: Path) -> pa.Table:
    """Key and counts of the lists in the folder, as int64."""
    files = sorted(folder.rglob("part-*.parquet"))
    table = pa.concat_tables(
        pq.ParquetFile(file).read([*KEY, *COUNTS]).cast(schema()) for file in files
    )
    assert len(table.group_by(KEY).aggregate([])) == len(table), "a pair is twice in a list"
    return table


def schema() -> pa.Schema:
    """Text keys and whole counts."""
    keys = [pa.field(name, pa.string()) for name in KEY]
    return pa.schema([*keys, *(pa.field(name, pa.int64()) for name in COUNTS)])


def compare(of_engine: pa.Table, other: pa.Table) -> dict[str, int]:
    """Rows of each, rows of both, and rows of both with another count."""
    joined = of_engine.join(other, KEY, join_type="inner", right_suffix="_other")
    wrong = pc.or_kleene(
        pc.not_equal(joined["both"], joined["both_other"]),
        pc.or_kleene(
            pc.not_equal(joined["buyers"], joined["buyers_other"]),
            pc.not_equal(joined["related_buyers"], joined["related_buyers_other"]),
        ),
    )
    differ = int(pc.sum(wrong).as_py() or 0)
    return {"rows": len(of_engine), "other": len(other), "shared": len(joined), "differ": differ}


def faults(name: str, counts: dict[str, int]) -> list[str]:
    """What must not be."""
    differ, shared, rows = counts["differ"], counts["shared"], counts["rows"]
    faults = [f"{name}: {differ:,} rows with another count"] if differ else []
    if shared < 0.5 * rows:
        faults.append(f"{name}: only {shared:,} of {rows:,} rows are in both")
    if name in SAME_LISTS and not rows == counts["other"] == shared:
        faults.append(f"{name}: other lists, though E is the same")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-set", default="tiny", choices=DATA_SETS)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--contestants", default=",".join(WITH_COUNTS))
    given = parser.parse_args()
    if not sizes(given.data, given.data_set):
        generate(DATA_SETS[given.data_set], DATA_SETS[given.data_set].folder(given.data))
    all_faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="agree-") as folder:
        of_engine = lists_of("engine", given, Path(folder))
        others = [name for name in given.contestants.split(",") if name not in ("engine", "")]
        for name in others:
            reason = why_not(name, given.data_set)
            if reason:
                print(f"{name}: left out: {reason}")
                continue
            counts = compare(of_engine, lists_of(name, given, Path(folder)))
            print(name, ", ".join(f"{key} {value:,}" for key, value in counts.items()))
            all_faults += faults(name, counts)
    print("\n".join(all_faults) or "all counts agree")
    sys.exit(bool(all_faults))


def lists_of(name: str, given: argparse.Namespace, folder: Path) -> pa.Table:
    """The contestant's lists, freshly made."""
    run = run_one(name, given.data_set, Options(data=given.data, keep=folder / name))
    if "failed" in run:
        sys.exit(f"{name}: {run['failed']}")
    return rows(folder / name)


if __name__ == "__main__":
    main()
