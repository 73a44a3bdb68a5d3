"""The store: what lies in Delta after a run, what a job reads, what another program changed."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Row
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    TimestampType,
)

from alsobought.errors import ContractError
from alsobought.runtime.store import warehouse_path
from alsobought.tables.copurchase import OTHER_PURCHASES
from alsobought.tables.outcome import Outcome
from alsobought.tables.table import Table, column
from tests.rows import rows
from tests.runtime.small_tables import FIRST, PRICED, PRICES, SECOND, STOCK, THIRD, refusal


def test_a_warehouse_is_a_folder_of_the_project_or_a_uri(tmp_path):
    assert warehouse_path(tmp_path, "warehouse/demo") == f"{tmp_path}/warehouse/demo"
    assert warehouse_path(tmp_path, "/data/tables") == "/data/tables"
    assert warehouse_path(tmp_path, "s3a://bucket/tables") == "s3a://bucket/tables"


def test_the_contract_lies_in_the_table_where_other_engines_see_it(stock, store):
    stock(FIRST, ("tea", 3, 0.5))
    table = deltalake.DeltaTable(store.path(STOCK))
    assert [(f.name, f.nullable, f.metadata.get("comment")) for f in table.schema().fields] == [
        ("as_of", False, "the run's day; the rows say what was known before it"),
        ("item_id", False, "the item"),
        ("pieces", False, "how many lie in the shop"),
        ("weight", True, "of one piece, kg"),
    ]
    assert table.metadata().description == "How much of an item there is."
    assert table.metadata().partition_columns == ["as_of"]
    assert table.metadata().configuration == {
        "delta.constraints.not_negative": "pieces >= 0",
        "delta.logRetentionDuration": "interval 800 days",
    }
    assert table.to_pyarrow_table().to_pylist() == [
        {"as_of": FIRST, "item_id": "tea", "pieces": 3, "weight": 0.5}
    ]


def test_a_run_replaces_the_rows_of_its_own_day_only(stock, stored):
    assert stock(SECOND, ("jam", 1, None), ("tea", 3, 0.5)) == 2
    stock(THIRD, ("tea", 4, 0.5))
    stock(SECOND, ("jam", 1, None), ("tea", 3, 0.5))
    assert stored()[0] == [
        (SECOND, "jam", 1, None),
        (SECOND, "tea", 3, 0.5),
        (THIRD, "tea", 4, 0.5),
    ]
    stock(FIRST, ("tea", 9, 0.5))
    stock(SECOND, ("jam", 2, None))
    assert stored()[0] == [
        (FIRST, "tea", 9, 0.5),
        (SECOND, "jam", 2, None),
        (THIRD, "tea", 4, 0.5),
    ]


def test_a_job_sees_its_own_day_without_the_day(stock, store):
    stock(FIRST, ("tea", 3, 0.5))
    stock(SECOND, ("tea", 4, 0.5))
    read = store.read(STOCK, FIRST)
    assert rows(read.rows) == [("tea", 3, 0.5)]
    assert read.version == 2  # 0 created the empty table


@pytest.mark.parametrize("way", ["workers", "spark"])
def test_a_table_is_told_from_another_by_its_id(stock, store, tmp_path, way):
    stock(FIRST, ("tea", 3, 0.5))
    version = store.read(STOCK, FIRST).table_version
    assert version == (1, str(deltalake.DeltaTable(tmp_path / "stock").metadata().id))


def test_what_was_read_stays_as_it_was_read(stock, store):
    stock(FIRST, ("tea", 3, 0.5))
    read = store.read(STOCK, FIRST)
    stock(FIRST, ("jam", 1, None))
    assert rows(read.rows) == [("tea", 3, 0.5)]


def test_a_table_that_is_not_built_yet(store):
    said = "stock is not built yet: run the job stock first."
    assert refusal(store.read, STOCK, FIRST) == said


def test_a_table_that_was_created_but_never_filled(store):
    store.create(STOCK)
    store.create(PRICES)
    assert refusal(store.read, STOCK, FIRST) == (
        "stock is empty: run the job stock --as-of 2017-12-01 first."
    )
    assert refusal(store.read, PRICES, FIRST) == "prices is empty: run the job prices first."


def test_a_day_that_the_table_does_not_have(stock, store):
    stock(SECOND, ("tea", 3, 0.5))
    stock(FIRST, ("tea", 3, 0.5))
    assert refusal(store.read, STOCK, THIRD) == (
        "stock has no as-of day 2017-12-03 (it has 2017-12-01, 2017-12-02): "
        "run the job stock --as-of 2017-12-03 first."
    )


def test_of_many_days_the_last_ones_are_told(stock, store, frame, spark):
    store.create(STOCK)
    days = frame("n bigint", *[(n,) for n in range(7)])
    lines = days.selectExpr(
        "date_add(date'2017-01-01', cast(n as int)) AS as_of", "'tea' AS item_id", "n AS pieces"
    )
    lines.selectExpr("*", "cast(null as double) AS weight").write.format("delta").mode(
        "append"
    ).save(store.path(STOCK))
    assert refusal(store.read, STOCK, THIRD) == (
        "stock has no as-of day 2017-12-03 (it has 2017-01-03, 2017-01-04, 2017-01-05, 2017-01-06, "
        "2017-01-07 and 2 before): run the job stock --as-of 2017-12-03 first."
    )


KINDS = Table(
    "kinds",
    "A row with a value of each type that tables have.",
    (
        column("name", StringType(), "which row"),
        column("number", LongType(), "a whole number"),
        column("small", IntegerType(), "a small one"),
        column("part", DoubleType(), "a fraction", optional=True),
        column("is_so", BooleanType(), "yes or no"),
        column("day", DateType(), "a day"),
        column("at", TimestampType(), "a time, UTC"),
        column("words", ArrayType(StringType()), "a list"),
        column("features", MapType(StringType(), DoubleType()), "a map"),
        column("pairs", OTHER_PURCHASES, "a list of records"),
    ),
    key=("as_of", "name", "at", "day", "is_so"),
    kept="per_as_of",
    checks={"has_words": "size(words) > 0", "is_finite": "part < double('Infinity')"},
)


def test_both_ways_of_writing_leave_the_same_table(store, frame):
    """Rows of every type, over days; one day is written twice, in the other way than before."""
    at = datetime(2017, 11, 30, 23, 59, 59, 999_999)  # noqa: DTZ001 - tests run in UTC
    line = ("a", 1, 2, 0.5, True, FIRST, at, ["x", "é"], {"k": 1.5}, [Row(others=1, buyers=2)])
    other = ("b", -(2**60), -2, 1e-300, False, SECOND, at, ["", "y"], {}, [])
    by_uri = replace(store, warehouse=f"file://{store.warehouse}/other")
    by_path = replace(store, warehouse=f"{store.warehouse}/other")
    for day, lines in ((FIRST, [line]), (SECOND, [line, other]), (FIRST, [other])):
        rows_of_day = Outcome(frame(KINDS.ddl, *lines))
        assert store.write(KINDS, rows_of_day, day, {"as_of": str(day)}) == len(lines)
        assert by_uri.write(KINDS, rows_of_day, day, {"as_of": str(day)}) == len(lines)
    assert rows(store._rows(KINDS)) == rows(by_uri._rows(KINDS))
    assert len(rows(by_uri._rows(KINDS))) == 3
    for day in (FIRST, SECOND):  # read from files, and by Spark from the log
        assert rows(store.read(KINDS, day).rows) == rows(by_uri.read(KINDS, day).rows)
    # what the one has written the other replaces
    assert by_path.write(KINDS, Outcome(frame(KINDS.ddl, line)), SECOND, {}) == 1
    assert [row[1] for row in rows(by_uri.read(KINDS, SECOND).rows.select("day", "name"))] == ["a"]


def test_spark_skips_files_by_the_statistics_that_workers_write(store, stock, spark):
    """By the log alone: the file that is left out is not there any more."""
    stock(FIRST, ("jam", 1, None))
    stock(SECOND, ("tea", 3, 0.5))
    (gone,) = store.files(STOCK, FIRST, store.version(STOCK))
    Path(gone).unlink()
    all_days = spark.read.format("delta").load(store.path(STOCK))
    assert rows(all_days.where("item_id > 'm'").select("item_id")) == [("tea",)]
    with pytest.raises((PySparkException, Py4JJavaError)):
        all_days.where("item_id > 'a'").collect()


def test_files_of_a_run_that_died_are_removed_by_vacuum(store, stock, spark):
    stock(FIRST, ("jam", 1, None))
    orphan = Path(store.files(STOCK, FIRST, store.version(STOCK))[0]).with_name("part-x.parquet")
    orphan.write_bytes(b"")
    table = deltalake.DeltaTable(store.path(STOCK))
    removed = table.vacuum(
        retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True
    )
    assert [Path(path).name for path in removed] == ["part-x.parquet"]


BY_MIGRATING = (
    "Run 'alsobought migrate', which changes that, or restore an older version of the table."
)


def refused_both_ways(store, stock, fault, cure):
    """The sentence of a table that another program changed, on read and on write."""
    said = (
        f"stock at {store.path(STOCK)} is not as its contract says, so another program or version "
        f"changed it: {fault}. {cure}"
    )
    before = store.version(STOCK)
    with pytest.raises(ContractError) as on_read:
        store.read(STOCK, FIRST)
    with pytest.raises(ContractError) as on_write:
        stock(SECOND, ("tea", 3, 0.5))
    assert (str(on_read.value), str(on_write.value)) == (said, said)
    assert store.version(STOCK) == before


def test_a_schema_that_another_writer_changed(store, stock):
    stock(FIRST, ("tea", 3, 0.5))
    # what a well-meant correction in pandas does: the day as text, whole numbers as fractions
    other = {"as_of": ["2017-12-01"], "item_id": ["tea"], "pieces": [3.5], "shop": ["a"]}
    table = deltalake.DeltaTable(store.path(STOCK))
    table.alter.drop_constraint("not_negative")
    write_deltalake(store.path(STOCK), pa.table(other), mode="overwrite", schema_mode="overwrite")
    refused_both_ways(
        store,
        stock,
        "as_of is string, not date; extra shop; missing weight; pieces is double, not bigint; "
        "as_of may be null; item_id may be null; pieces may be null; "
        "the check not_negative (pieces >= 0) is missing",
        "Restore an older version of the table, or move it away and run the job stock again.",
    )


def test_a_check_that_somebody_dropped(store, stock):
    stock(FIRST, ("tea", 3, 0.5))
    deltalake.DeltaTable(store.path(STOCK)).alter.drop_constraint("not_negative")
    refused_both_ways(
        store,
        stock,
        "the check not_negative (pieces >= 0) is missing",
        BY_MIGRATING,
    )


def test_a_column_that_somebody_allowed_to_be_null(store, stock, spark):
    stock(FIRST, ("tea", 3, 0.5))
    spark.sql(f"ALTER TABLE delta.`{store.path(STOCK)}` ALTER COLUMN pieces DROP NOT NULL")
    refused_both_ways(store, stock, "pieces may be null", BY_MIGRATING)


def test_files_are_handed_out_only_where_they_alone_tell_the_rows(store, stock, frame):
    """A table's files, or a day's; none where rows may be marked deleted."""
    prices = Outcome(frame(PRICED, ("tea", 5), ("jam", 7)))
    store.write(PRICES, prices, FIRST, {})
    read = store.read(PRICES, SECOND)
    in_files = pa.concat_tables(
        [pq.read_table(f) for f in store.files(PRICES, SECOND, read.version)]
    )
    assert sorted(in_files.to_pylist(), key=str) == sorted(
        [dict(row.asDict()) for row in read.rows.collect()], key=str
    )
    stock(FIRST, ("tea", 3, 0.5))
    assert len(store.files(STOCK, FIRST, store.read(STOCK, FIRST).version)) == 1
    store.spark.sql(
        f"ALTER TABLE delta.`{store.path(PRICES)}` "
        f"SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')"
    )
    assert store.files(PRICES, SECOND, store.read(PRICES, SECOND).version) == ()


def test_commits_are_the_same_where_only_spark_has_the_keys(store, stock):
    """On a path delta-rs reads them, from a URI Spark does."""
    stock(FIRST, ("tea", 3, 0.5))
    stock(SECOND, ("tea", 4, 0.5))
    by_spark = replace(store, warehouse=f"file://{store.warehouse}").commits(STOCK, 10)
    names = ("version", "userMetadata", "operationMetrics")
    assert [commit["version"] for commit in by_spark] == [2, 1, 0]
    by_path = store.commits(STOCK, 10)
    assert [[commit.get(name) for name in names] for commit in by_path] == [
        [commit[name] for name in names] for commit in by_spark
    ]


def test_a_delta_log_that_was_cut_short_is_one_sentence(stock, store):
    stock(FIRST, ("tea", 3, 0.5))
    log = Path(store.path(STOCK)) / "_delta_log" / f"{1:020}.json"
    log.write_text(log.read_text()[:40])
    assert refusal(store.read, STOCK, FIRST).startswith("stock cannot be read: ")
