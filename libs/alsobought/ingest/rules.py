"""Rules of good rows, each named; every row gets all the rules that it broke."""

from collections.abc import Iterable, Sequence
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


def id_rules(names: Iterable[str]) -> dict[str, Column]:
    """The rules of ids: there, and in the source's encoding; and of the row that holds them."""
    return {
        "unreadable_row": F.col(UNREADABLE).isNotNull(),
        **{f"missing_{name}": F.col(name).isNull() for name in names},
        **{f"unreadable_{name}": F.col(name).contains(UNDECODED) for name in names},
    }


def time_rules(name: str, as_of: date) -> dict[str, Column]:
    """The rules of a time: it can be read, and lies before the as-of day."""
    at = F.col(name)
    return {"unreadable_time": at.isNull(), FUTURE: at >= midnight(as_of)}


def with_duplicates(judged: DataFrame, key: Sequence[str], preferred: list[Column]) -> DataFrame:
    """`judged` with the reason duplicate on all rows of a key but one; null is no key.

    The one is good if any is; `preferred` orders the others, and must tell different rows apart.
    Cost: one shuffle and sort of the rows by key.
    """
    nth = F.row_number().over(Window.partitionBy(*key).orderBy(F.size(REASONS), *preferred))
    has_key = F.lit(True)
    for name in key:
        has_key = has_key & F.col(name).isNotNull()
    with_duplicate = F.array_sort(F.array_append(REASONS, F.lit(DUPLICATE)))
    reasons = F.when(has_key & (F.col("_nth") > 1), with_duplicate).otherwise(F.col(REASONS))
    return judged.withColumn("_nth", nth).withColumn(REASONS, reasons).drop("_nth")


def newest_file_first(*says: Column | str) -> list[Column]:
    """The order among good rows of a key: that of the last file by name, for it corrects others.

    Within a file hashes decide: of `says`, what the row says in canonical columns, then of the row
    as it was read.
    """
    return [F.col(SOURCE_FILE).desc(), F.xxhash64(*says), F.xxhash64(READ)]


def source_column(name: str) -> Column:
    """A source's column by its name, whatever signs it has."""
    return F.col("`" + name.replace("`", "``") + "`")


def source_columns(lines: DataFrame) -> list[str]:
    """The source's columns among those that `files.read` gives."""
    return [name for name in lines.columns if name not in (SOURCE_FILE, UNREADABLE)]


def good(rows: DataFrame, table: Table) -> DataFrame:
    """The judged rows that broke no rule, as rows of their table."""
    return rows.where(F.size(REASONS) == 0).select(*table.names)


def rejected(judged: DataFrame, columns: list[str]) -> DataFrame:
    """The judged rows that broke a rule, as they were read: source_file, reasons, row, copies.

    Rows of a file that read exactly alike are one row, with the rules that any of them broke.
    Cost: one shuffle of the rejected rows.
    """
    as_json = F.to_json(F.struct(*[F.col(READ).getField(name).alias(name) for name in columns]))
    broken = judged.where(F.size(REASONS) > 0).select(
        F.col(SOURCE_FILE).alias("source_file"),
        F.coalesce(F.col(UNREADABLE), as_json).alias("row"),
        REASONS,
    )
    reasons = F.array_sort(F.array_distinct(F.flatten(F.collect_set(REASONS))))
    return broken.groupBy("source_file", "row").agg(
        reasons.alias(REASONS), F.count(F.lit(1)).alias("copies")
    )
