"""Rules of good rows, each named; every row gets all the rules that it broke."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from alsobought.days import midnight
from alsobought.ingest.files import SOURCE_FILE, UNREADABLE
from alsobought.tables.table import Table

DUPLICATE = "duplicate"
FUTURE = "future_time"
REASONS = "reasons"
UNDECODED = "\ufffd"  # what a decoder puts where bytes are not text in its encoding
READ = "_read"  # the row as it was read: a struct of the source's own columns


def parsed(lines: DataFrame, columns: list[Column]) -> DataFrame:
    """Canonical `columns`, then the row as read: `_read`, `_source_file`, `_unreadable`."""
    as_read = F.struct(*[source_column(name) for name in source_columns(lines)]).alias(READ)
    # Canonical columns take the place of the source's, so that Spark computes each of them once.
    return lines.select(*columns, as_read, SOURCE_FILE, UNREADABLE)


def broken_rules(rules: dict[str, Column]) -> Column:
    """The names of the rules that a row breaks, sorted; none for nearly every row."""
    named = [F.when(rules[name], F.lit(name)) for name in sorted(rules)]
    # Building the list takes four times as long as asking whether there is anything to list.
    return F.when(F.coalesce(*named).isNotNull(), F.array_compact(F.array(*named))).otherwise(
        F.array().cast("array<string>")
    )


def id_rules(names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Column]:
    """The rules of ids: there, unless `optional`, and in the source's encoding; and of the row that
    holds them."""
    return {
        "unreadable_row": F.col(UNREADABLE).isNotNull(),
        **{f"missing_{name}": F.col(name).isNull() for name in names},
        **{f"unreadable_{n}": F.col(n).contains(UNDECODED) for n in (*names, *optional)},
    }


def time_rules(name: str, as_of: date) -> dict[str, Column]:
    """The rules of a time: it can be read, and lies before the as-of day."""
    at = F.col(name)
    return {"unreadable_time": at.isNull(), FUTURE: at >= midnight(as_of)}


def with_duplicates(judged: DataFrame, key: Sequence[str], preferred: list[Column]) -> DataFrame:
    """`judged` with the reason duplicate on all good rows of a key but one.

    `preferred` orders them, and must tell different rows apart. Rows that break another rule are
    not looked at.
    Cost: one shuffle and sort of the rows by key.
    """
    is_good = F.size(REASONS) == 0
    nth = F.row_number().over(Window.partitionBy(is_good, *key).orderBy(*preferred))
    reasons = F.when(is_good & (F.col("_nth") > 1), F.array(F.lit(DUPLICATE)))
    reasons = reasons.otherwise(F.col(REASONS))
    return judged.withColumn("_nth", nth).withColumn(REASONS, reasons).drop("_nth")


def source_column(name: str) -> Column:
    """A source's column by its name, whatever signs it has."""
    return F.col("`" + name.replace("`", "``") + "`")


def source_columns(lines: DataFrame) -> list[str]:
    """The source's columns among those that `files.read` gives."""
    return [name for name in lines.columns if name not in (SOURCE_FILE, UNREADABLE)]


def good(rows: DataFrame, table: Table) -> DataFrame:
    """The judged rows that broke no rule, as rows of their table."""
    return rows.where(F.size(REASONS) == 0).select(*table.names)


def as_read() -> Column:
    """`row`: the row as it was read where it broke a rule, else null: JSON of the source's columns,
    or the raw line where it does not have them."""
    text = F.coalesce(F.col(UNREADABLE), F.to_json(READ))
    return F.when(F.size(REASONS) > 0, text).alias("row")
