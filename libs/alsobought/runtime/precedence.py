"""Which of several rows with one key stays in a table, whatever the order of their arrival."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import MapType, StructField

from alsobought.tables.outcome import JudgedRows
from alsobought.tables.table import Table

WINNER = "_winner"  # the source_file of the row that stays
GIVES_WAY = "_gives_way"


def with_precedence(rows: DataFrame, table: Table, judged: JudgedRows) -> DataFrame:
    """`rows`, each with whether it gives way to another of its key, and the file of that one.

    In:   the table's columns, and any others; rows of a key differ in these or are alike.
    Out:  also `_gives_way` (boolean), `_winner` (the source_file of the row that stays).
    Cost: one shuffle and sort of the rows by key.
    """
    by_file = F.col("source_file")
    first = by_file.desc() if judged.precedence == "last_file" else by_file.asc()
    says = [_comparable(f) for f in table.columns if f.name != "source_file"]
    in_order = Window.partitionBy(*table.key).orderBy(first, F.xxhash64(*says))
    return rows.withColumns(
        {
            GIVES_WAY: F.row_number().over(in_order) > 1,
            WINNER: F.first("source_file").over(in_order),
        }
    )


def own_columns_as_json(table: Table) -> Column:
    """The table's columns of a row as JSON, without the file that held it."""
    return F.to_json(F.struct(*(name for name in table.names if name != "source_file")))


def _comparable(field: StructField) -> Column:
    """A column as a value that can be hashed: a map as its sorted entries."""
    if isinstance(field.dataType, MapType):
        return F.array_sort(F.map_entries(field.name))
    return F.col(field.name)
