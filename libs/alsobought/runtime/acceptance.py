"""What is asked of rows before they become visible."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.errors import ContractError, JobError
from alsobought.runtime.parquet_writer import broken_check
from alsobought.runtime.staging import Staged, has_repeated_key, rows_in
from alsobought.tables.table import Table


def require_acceptable(table: Table, rows: DataFrame, as_of: date) -> None:
    """Refuse rows that must not become visible; `rows` conform to the table's columns.

    Raises ContractError for a null in a required column, a broken check or a key that comes twice,
    JobError for no rows where the table must have some.
    Cost: one pass, and a shuffle of 17 bytes a row. A fault costs another.
    """
    is_faulty = F.lit(False)
    for fault in _faults(table).values():
        is_faulty = is_faulty | fault
    totals = F.count(F.lit(1)).alias("rows"), F.bool_or(is_faulty).alias("is_faulty")
    by_key = rows.groupBy(F.xxhash64(F.lit(0), *_key(table))).agg(*totals)
    counts = by_key.agg(
        F.sum("rows").alias("rows"),
        F.bool_or("is_faulty").alias("is_faulty"),
        F.max("rows").alias("most_of_a_key"),
    )
    row = counts.collect()[0]
    if row["is_faulty"]:
        raise ContractError(_faults_in_words(table, rows))
    if not row["rows"]:
        _require_rows_are_optional(table, as_of)
    if (row["most_of_a_key"] or 0) > 1:
        _require_unique_keys(table, rows)


def require_acceptable_files(table: Table, files: Staged, as_of: date) -> None:
    """The same for rows that lie in files; removes the files where it refuses them."""
    try:
        require_sound_rows(table, files.faults)
        if not files.rows:
            _require_rows_are_optional(table, as_of)
        if has_repeated_key(files):
            _require_unique_keys(table, rows_in(files, table.ddl))
    except (ContractError, JobError):
        files.discard()
        raise


def require_sound_rows(table: Table, faults: Mapping[str, int]) -> None:
    """Raise ContractError for a null in a required column, or a broken check: rows by fault."""
    if faults:
        raise ContractError(_refused(table, faults))


def broken_checks(checks: Mapping[str, str], rows: DataFrame) -> dict[str, int]:
    """How many rows break each check, by the fault in words; not those that none breaks."""
    counts = rows.agg(*(_count(fault, words) for words, fault in _broken(checks).items()))
    return {words: n for words, n in counts.collect()[0].asDict().items() if n}


def _key(table: Table) -> list[str]:
    """The columns of a day's rows that make a key; none where a day has one row."""
    return [name for name in table.key if name != "as_of"]


def _faults(table: Table) -> dict[str, Column]:
    """Every fault that a row can have by the table's contract, in words, and when it has it."""
    nulls = {
        f"{field.name} is null": F.col(field.name).isNull()
        for field in table.columns
        if not field.nullable
    }
    return nulls | _broken(table.checks)


def _broken(checks: Mapping[str, str]) -> dict[str, Column]:
    return {
        broken_check(name, condition): ~F.coalesce(F.expr(condition), F.lit(False))
        for name, condition in checks.items()
    }


def _faults_in_words(table: Table, rows: DataFrame) -> str:
    """A sentence with the number of rows that have each fault."""
    counts = rows.agg(*(_count(fault, words) for words, fault in _faults(table).items()))
    return _refused(table, counts.collect()[0].asDict())


def _count(fault: Column, words: str) -> Column:
    return F.count_if(fault).alias(words)


def _refused(table: Table, faults: Mapping[str, int]) -> str:
    which = "; ".join(f"{words} in {n:,} rows" for words, n in faults.items() if n)
    return f"{table.name}: the rows break the table's contract, so nothing was written: {which}."


def _require_rows_are_optional(table: Table, as_of: date) -> None:
    if not table.may_be_empty:
        raise JobError(
            f"{table.name} would have no rows for {as_of}, so nothing was written: look at the "
            f"limits in [lists] and [baskets], and at the tables that it reads."
        )


def _require_unique_keys(table: Table, rows: DataFrame) -> None:
    """Raise ContractError naming a key of several rows. Equal hashes alone are no fault."""
    key = _key(table)
    twice = rows.groupBy(*key).agg(F.count(F.lit(1)).alias("rows")).where(F.col("rows") > 1)
    examples = twice.sort("rows", *key).limit(1).collect()
    if examples:
        example = examples[0]
        which = ", ".join(f"{name} {example[name]!r}" for name in key) or "the as-of day"
        raise ContractError(
            f"{table.name}: {twice.count():,} keys come more than once, so nothing was written: "
            f"{which} in {example['rows']:,} rows."
        )
