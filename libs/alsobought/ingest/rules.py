"""Rules of good rows, each named; every row gets all the rules that it broke."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from alsobought.days import midnight
from alsobought.ingest import parse
from alsobought.ingest.files import SOURCE_FILE, UNREADABLE
from alsobought.ingest.settings import Source
from alsobought.tables.table import Table

ColumnTypes = dict[str, DataType]

DUPLICATE = "duplicate"
FUTURE = "future_time"
FORGOTTEN = "forgotten_customer"  # the runtime's: of a row that is nothing to keep, and no fault
REASONS = "reasons"
FIRST_DAY = date(1, 1, 2)  # a time before it may be none that Python has, in some zone
UNDECODED = "\ufffd"  # what a decoder puts where bytes are not text in its encoding
BROKEN = "_broken"  # the names of the rules that a row breaks, as text
READ = "_read"  # the row as it was read: a struct of the source's own columns


def cleaned(lines: DataFrame, source: Source) -> DataFrame:
    """The mapped columns as `parse` takes them, beside the row as it was read: `_read`,
    `_source_file`, `_unreadable`."""
    kinds = column_types(lines)
    columns = [
        parse.cleaned(source_column(name), kinds[name]).alias(name)
        for name in source.source_columns
    ]
    as_read = F.struct(*[source_column(name) for name in source_columns(lines)]).alias(READ)
    return lines.select(*columns, as_read, SOURCE_FILE, UNREADABLE)


def parsed(texts: DataFrame, columns: list[Column]) -> DataFrame:
    """Canonical `columns` of cleaned ones, then the row as it was read."""
    # Canonical columns take the place of the source's, so that Spark computes each of them once.
    return texts.select(*columns, READ, SOURCE_FILE, UNREADABLE)


def with_reasons(rows: DataFrame, rules: dict[str, Column]) -> DataFrame:
    """Parsed `rows`, and `reasons`: the names of the rules that each breaks, sorted.

    Every rule stands in the plan once, and nothing of it keeps Spark from compiling the whole.
    """
    named = [F.when(rules[name], F.lit(name)) for name in sorted(rules)]
    none = F.array().cast("array<string>")
    reasons = F.when(F.col(BROKEN) == "", none).otherwise(F.split(BROKEN, ","))
    with_names = rows.withColumn(BROKEN, F.concat_ws(",", *named))
    return with_names.withColumn(REASONS, reasons).drop(BROKEN)


def row_rules(ids: Sequence[str]) -> dict[str, Column]:
    """The rules of a row: it has the columns of its header, and its ids."""
    missing = {f"missing_{name}": F.col(name).isNull() for name in ids}
    return {"unreadable_row": F.col(UNREADABLE).isNotNull(), **missing}


def text_rules(source: Source, texts: dict[str, Column]) -> dict[str, Column]:
    """The rules of mapped text: its bytes are text in the source's encoding."""
    return {
        f"unreadable_{name}": text.contains(UNDECODED)
        for name, text in texts.items()
        if name in source.columns
    }


def time_rules(name: str, as_of: date) -> dict[str, Column]:
    """The rules of a time: it can be read, lies in the years of calendars, and before the as-of
    day."""
    at = F.col(name)
    is_unreadable = at.isNull() | (at < midnight(FIRST_DAY))
    return {"unreadable_time": is_unreadable, FUTURE: at >= midnight(as_of)}


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


def column_types(lines: DataFrame) -> ColumnTypes:
    """The type of each column."""
    return {field.name: field.dataType for field in lines.schema}


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
