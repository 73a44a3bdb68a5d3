"""Which of several rows with one key stays in a table, whatever the order of their arrival."""

from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import MapType, StructField

from alsobought.tables.outcome import JudgedRows
from alsobought.tables.table import Table

WINNER = "_winner"  # the source_file of the row that stays
GIVES_WAY = "_gives_way"
STANDS = "_stands"  # whether the row was in the table before this run
_HASH = "_hash"


def with_precedence(rows: DataFrame, table: Table, judged: JudgedRows) -> DataFrame:
    """`rows`, each with whether it gives way to another of its key, and the file of that one.

    In:   the table's columns, `_stands`, and any others; rows of a key differ in these or are
          alike. Of rows of one file a new one comes before one that stands: the file corrects
          itself.
    Out:  also `_gives_way` (boolean), `_winner` (the source_file of the row that stays).
    Cost: one shuffle and sort of the rows by key.
    """
    by_file = F.col("source_file")
    first = by_file.desc() if judged.precedence == "last_file" else by_file.asc()
    says = [_comparable(f) for f in table.columns if f.name != "source_file"]
    in_order = Window.partitionBy(*table.key).orderBy(first, STANDS, F.xxhash64(*says))
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


def rows_that_give_way(
    spark: SparkSession, rows: pa.Table, table: Table, judged: JudgedRows
) -> pa.Table:
    """The rows of `with_precedence` that give way, of rows in memory.

    In:   the table's columns, `_stands`, and any others.
    Out:  these others, source_file, `_winner`, and `row`: the table's own
          columns as JSON, as `own_columns_as_json` has them.
    Cost: no task; Spark evaluates its two expressions on the driver.
    """
    says = [_comparable(f) for f in table.columns if f.name != "source_file"]
    hashes = _evaluated(spark, rows, table, F.xxhash64(*says))
    rows = rows.append_column(_HASH, pa.array(hashes, pa.int64()))
    first: Literal["ascending", "descending"] = (
        "descending" if judged.precedence == "last_file" else "ascending"
    )
    keys = [(name, "ascending") for name in table.key]
    preferred = [("source_file", first), (STANDS, "ascending"), (_HASH, "ascending")]
    rows = rows.sort_by([*keys, *preferred]).combine_chunks()
    leads = ~_has_key_of_row_before(rows, table)
    stays = np.flatnonzero(leads)[np.cumsum(leads) - 1]
    rows = rows.append_column(WINNER, rows["source_file"].take(pa.array(stays)))
    lost = rows.filter(pa.array(~leads))
    lost = lost.append_column("row", pa.array(as_json(spark, lost, table), pa.string()))
    others = [name for name in lost.column_names if name not in (*table.names, STANDS, _HASH)]
    return lost.select(["source_file", *others])


def as_json(spark: SparkSession, rows: pa.Table, table: Table) -> list[str]:
    """What `own_columns_as_json` makes of rows in memory."""
    return _evaluated(spark, rows, table, own_columns_as_json(table))


def _evaluated(spark: SparkSession, rows: pa.Table, table: Table, value: Column) -> list[Any]:
    """A column's value of each row. Cost: no task; Spark evaluates it on the driver."""
    frame = spark.createDataFrame(rows.select(list(table.names)))
    return [row[0] for row in frame.select(value).collect()]


def _has_key_of_row_before(rows: pa.Table, table: Table) -> np.ndarray:
    """Whether each row of sorted ones has the key of the row before; nulls are alike."""
    is_same = np.zeros(len(rows), bool)
    is_same[1:] = True
    for name in table.key:
        column = rows[name].combine_chunks()
        now, before = column.slice(1), column.slice(0, max(len(rows) - 1, 0))
        both_null = pc.and_(now.is_null(), before.is_null())
        equal = pc.or_(pc.fill_null(pc.equal(now, before), False), both_null)
        is_same[1:] &= equal.to_numpy(zero_copy_only=False)
    return is_same
