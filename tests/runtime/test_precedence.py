"""Which of several rows with one key stays: Spark's answer is the driver's."""

from datetime import UTC, datetime, timedelta
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from alsobought.runtime.precedence import (
    GIVES_WAY,
    STANDS,
    WINNER,
    own_columns_as_json,
    rows_that_give_way,
    with_precedence,
)
from alsobought.tables.offers import OFFERS
from alsobought.tables.outcome import JudgedRows
from alsobought.tables.purchases import PURCHASES

ROWS = 400
FIRST = datetime(2017, 11, 30, tzinfo=UTC)


def random_value(field, rng):
    """A value of a column, of few different ones; null where the contract allows it."""
    n = int(rng.integers(3))
    if field.nullable and n == 0:
        return None
    values = {
        "timestamp": FIRST + timedelta(milliseconds=n),
        "double": [0.1, 1e7, -3.5e-9][n],
        "map<string,double>": [("size", float(n)), ("age=é", 1e23)][: n + 1],
    }
    return values.get(field.dataType.simpleString(), ["a", "ä€", '"b"'][n])


def random_rows(table):
    """Rows of which most share their key with others, each with its place."""
    rng = np.random.default_rng(11)
    names = table.names
    lines = [{field.name: random_value(field, rng) for field in table.columns} for _ in range(ROWS)]
    schema = to_arrow_schema(StructType(list(table.columns)), timezone="UTC")
    schema = pa.schema([field.with_nullable(True).remove_metadata() for field in schema])
    columns = [pa.array([line[name] for line in lines], schema.field(name).type) for name in names]
    rows = pa.table(columns, schema).append_column("place", pa.array(range(ROWS), pa.int32()))
    return rows.append_column(STANDS, pa.array(rng.integers(2, size=ROWS) == 1))


@pytest.mark.parametrize("precedence", ["first_file", "last_file"])
@pytest.mark.parametrize("table", [PURCHASES, OFFERS], ids=["purchases", "offers"])
def test_the_driver_chooses_the_rows_that_spark_chooses(spark, table, precedence):
    judged = JudgedRows(spark.range(0), lambda _: [], precedence, same_time=False)
    rows = random_rows(table)
    by_driver = rows_that_give_way(spark, rows, table, judged)
    by_spark = with_precedence(spark.createDataFrame(rows), table, judged).where(GIVES_WAY)
    columns = "source_file", WINNER, "row"
    wanted = by_spark.select("source_file", WINNER, own_columns_as_json(table).alias("row"))
    answer = [tuple(row) for row in wanted.collect()]
    assert sorted(map(itemgetter(*columns), by_driver.to_pylist())) == sorted(answer)
    assert len(set(by_driver["place"].to_pylist())) == len(answer)
    assert 0 < len(answer) < ROWS

    # the first or last file's row stays, and of that file's rows a new one
    sign = -1 if precedence == "last_file" else 1
    rank = [(sign * ord(row["source_file"][0]), row[STANDS]) for row in rows.to_pylist()]
    keys = [tuple(row[name] for name in table.key) for row in rows.to_pylist()]
    lost = set(by_driver["place"].to_pylist())
    best = {key: min(r for r, k in zip(rank, keys, strict=True) if k == key) for key in set(keys)}
    stay = [place for place in range(ROWS) if place not in lost]
    assert len(stay) == len(best)
    assert all(rank[place] == best[keys[place]] for place in stay)
