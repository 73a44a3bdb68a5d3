"""Whether the contestants' results agree; not timed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from benchmarks.contestants import files
from benchmarks.contestants.duckdb_join import filled_in
from benchmarks.files_to_lists.duckdb_night import GOOD

LEAST_SHARED = 0.5  # of the lists' rows: DuckDB's E is of first order, so its lists differ
PAIRS = re.compile(r"([\d,]+) pairs")
COUNTS = ("both", "buyers", "related_buyers", "units")


@dataclass(frozen=True)
class Agreement:
    """What was counted by name, and the sentences on what must not be."""

    counts: dict[str, int]
    faults: list[str]


def of_lines(
    purchase_files: Sequence[Path], as_of: date, stored: Path, of_spark: int | None = None
) -> Agreement:
    """The table of purchases has every good line of the files once, and plain Spark's all of them.

    In: `stored` the project's table; `of_spark` the rows that plain Spark has written, if it ran.
    """
    values = {"files": str([str(file) for file in purchase_files]), "as_of": as_of.isoformat()}
    good = filled_in(GOOD, values)
    # of a column that is not asked for DuckDB does not see that it cannot be read
    (lines,) = _row(f"SELECT count(hash(lines)) FROM ({good}) AS lines")
    (distinct,) = _row(f"SELECT count(*) FROM (SELECT DISTINCT * FROM ({good}))")
    (rows,) = _row(f"SELECT count(*) FROM {_parquet(stored)}")
    counts = {"good_lines": lines, "distinct_good_lines": distinct, "purchases": rows}
    faults = []
    if rows != distinct:
        faults.append(f"purchases has {rows:,} rows, but the files {distinct:,} good lines")
    if of_spark is not None and of_spark != lines:
        faults.append(f"plain Spark wrote {of_spark:,} rows, but {lines:,} lines are good")
    return Agreement(counts, faults)


def of_pairs(purchases: Path, printed: Sequence[str]) -> Agreement:
    """The pairs that co_purchases says it has counted are those of the customers' distinct items.

    In: what the run printed; where no pairs are named there, nothing is compared.
    """
    (pairs,) = _row(
        "SELECT sum(items * (items - 1) // 2) FROM (SELECT count(DISTINCT item_id) AS items "
        f"FROM {_parquet(purchases)} GROUP BY customer_id)"
    )
    matches = [match for line in printed if (match := PAIRS.search(line))]
    if not matches:
        return Agreement({"pairs": int(pairs)}, [])
    of_project = int(matches[0][1].replace(",", ""))
    differ = [f"{of_project:,} pairs counted, but the customers have {int(pairs):,}"]
    return Agreement(
        {"pairs": int(pairs), "pairs_printed": of_project}, differ if of_project != pairs else []
    )


def of_lists(related_items: Path, lists: Path) -> Agreement:
    """The pairs that both contestants list have the same counts, and most are listed by both."""
    wrong = " OR ".join(f'p."{name}" <> d."{name}"' for name in COUNTS)
    rows, others, shared, differ = _row(
        f"""
        WITH p AS (SELECT * FROM {_parquet(related_items)}), d AS (FROM read_parquet('{lists}'))
        SELECT (SELECT count(*) FROM p), (SELECT count(*) FROM d), count(*),
               count(*) FILTER (WHERE {wrong})
        FROM p JOIN d USING (item_id, related_item_id)
        """
    )
    counts = {"listed": rows, "listed_by_duckdb": others, "listed_by_both": shared}
    faults = [f"{differ:,} listed pairs have other counts than DuckDB's"] if differ else []
    if shared < LEAST_SHARED * rows:
        faults.append(f"only {shared:,} of {rows:,} listed pairs are in DuckDB's lists")
    return Agreement(counts, faults)


def of_ranking(related_items: Path, ranking: Path) -> Agreement:
    """From the same candidates DuckDB ranks the same lists, row by row."""
    key = "item_id, rank, related_item_id"
    (differ,) = _row(
        f"""
        WITH p AS (SELECT {key} FROM {_parquet(related_items)}),
             d AS (SELECT {key} FROM read_parquet('{ranking}'))
        SELECT count(*) FROM ((FROM p EXCEPT FROM d) UNION ALL (FROM d EXCEPT FROM p))
        """
    )
    faults = [f"{differ:,} rows are ranked otherwise by DuckDB"] if differ else []
    return Agreement({"ranked_otherwise": differ}, faults)


def _parquet(table: Path) -> str:
    """The Delta table's rows of the last night, as SQL; its days lie in folders as_of=DAY."""
    paths = files(str(table))
    newest = max((_day(path) for path in paths), default="")
    return f"read_parquet({[path for path in paths if _day(path) == newest]})"


def _day(path: str) -> str:
    match = re.search(r"as_of=([\d-]+)", path)
    return match[1] if match else ""


def _row(query: str) -> tuple[int, ...]:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        row = connection.execute(query).fetchone()
    assert row is not None
    return row
