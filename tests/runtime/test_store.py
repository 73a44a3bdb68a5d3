"""The store: what lies in Delta after a run, what is refused, and what stands after a refusal."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from pyspark.errors import PySparkException
from pyspark.sql.types import DoubleType, LongType, StringType, TimestampType

from alsobought.errors import ContractError, JobError
from alsobought.runtime import acceptance
from alsobought.runtime.faults import CONCURRENT, sentence
from alsobought.runtime.store import Store, warehouse_path
from alsobought.tables.outcome import Outcome
from alsobought.tables.table import Table, column
from tests.rows import rows

STOCK = Table(
    "stock",
    "How much of an item there is.",
    (
        column("item_id", StringType(), "the item"),
        column("pieces", LongType(), "how many lie in the shop"),
        column("weight", DoubleType(), "of one piece, kg", optional=True),
    ),
    key=("as_of", "item_id"),
    kept="per_as_of",
    checks={"not_negative": "pieces >= 0"},
    sorted_by=("item_id",),
)
PRICES = Table(
    "prices",
    "What an item costs.",
    (column("item_id", StringType(), "the item"), column("cents", LongType(), "its price")),
    key=("item_id",),
    kept="added",
)
COLUMNS = "item_id string, pieces bigint, weight double"
PRICED = "item_id string, cents bigint"
FIRST, SECOND, THIRD = date(2017, 12, 1), date(2017, 12, 2), date(2017, 12, 3)
PATIENCE = 120


def counts(added=0, updated=0, removed=0):
    return {"added": added, "updated": updated, "removed": removed}


@pytest.fixture
def store(spark, tmp_path):
    return Store(spark, str(tmp_path))


@pytest.fixture
def stock(store, frame):
    """stock(day, ("tea", 3, 0.5), ...) writes that day's rows."""

    def written(day, *lines):
        return store.write(STOCK, Outcome(frame(COLUMNS, *lines)), day, {"as_of": day.isoformat()})

    return written


@pytest.fixture
def stored(store):
    """Every row that lies in the table, with its as-of day, and the table's version."""
    return lambda table=STOCK: (rows(store._rows(table)), store._latest(table))


def refusal(call, *given):
    with pytest.raises((JobError, PySparkException)) as error:
        call(*given)
    return str(error.value) if isinstance(error.value, JobError) else sentence(str(error.value))


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
    assert table.metadata().configuration == {"delta.constraints.not_negative": "pieces >= 0"}
    assert table.to_pyarrow_table().to_pylist() == [
        {"as_of": FIRST, "item_id": "tea", "pieces": 3, "weight": 0.5}
    ]


def test_a_run_replaces_the_rows_of_its_own_day_only(stock, stored):
    assert stock(SECOND, ("jam", 1, None), ("tea", 3, 0.5)) == counts(added=2)
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


def test_what_was_read_stays_as_it_was_read(stock, store):
    stock(FIRST, ("tea", 3, 0.5))
    read = store.read(STOCK, FIRST)
    stock(FIRST, ("jam", 1, None))
    assert rows(read.rows) == [("tea", 3, 0.5)]


def test_a_table_that_is_not_built_yet(store):
    said = "stock is not built yet: run the job stock first."
    assert refusal(store.read, STOCK, FIRST) == said


def test_a_table_that_was_created_but_never_filled(store):
    store._create(STOCK)
    store._create(PRICES)
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
    store._create(STOCK)
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


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ((None, 3, 0.5), "item_id is null in 1 rows"),
        (("tea", -1, 0.5), "the check not_negative (pieces >= 0) is broken in 1 rows"),
        (
            (None, -1, 0.5),
            "item_id is null in 1 rows; the check not_negative (pieces >= 0) is broken in 1 rows",
        ),
    ],
    ids=["null", "check", "both"],
)
def test_rows_that_break_the_contract_are_not_written(stock, stored, line, fault):
    stock(FIRST, ("jam", 1, None))
    before = stored()
    said = refusal(stock, FIRST, ("milk", 2, None), line)
    assert said == f"stock: the rows break the table's contract, so nothing was written: {fault}."
    assert stored() == before


def test_columns_that_break_the_contract_are_not_written(store, stock, stored, frame):
    stock(FIRST, ("jam", 1, None))
    before = stored()
    wrong = frame("item_id string, pieces int, shop string", ("jam", 1, "a"))
    assert refusal(store.write, STOCK, Outcome(wrong), FIRST, {}) == (
        "stock: extra shop; missing weight; pieces is int, not bigint."
    )
    assert stored() == before


def test_a_run_without_rows_leaves_the_table_as_it_was(stock, stored):
    stock(FIRST, ("jam", 1, None))
    stock(SECOND, ("jam", 2, None))
    before = stored()
    for day in (FIRST, THIRD):
        assert refusal(stock, day) == (
            f"stock would have no rows for {day}, so nothing was written: look at the "
            "limits in [lists] and [baskets], and at the tables that it reads."
        )
        assert stored() == before  # no version more


def test_a_first_run_that_is_refused_leaves_no_table(store, stock):
    for line in ((), (("tea", -1, 0.5),)):
        refusal(stock, FIRST, *line)
        assert not store.exists(STOCK)


def test_a_key_that_comes_twice_is_refused_with_an_example(stock, stored):
    stock(FIRST, ("jam", 1, None))
    before = stored()
    lines = (("tea", 3, 0.5), ("tea", 4, 0.5), ("tea", 3, 0.5), ("oil", 1, None), ("oil", 1, None))
    assert refusal(stock, FIRST, ("milk", 2, None), *lines) == (
        "stock: 2 keys come more than once, so nothing was written: item_id 'oil' in 2 rows."
    )
    assert stored() == before


def test_equal_hashes_of_different_keys_are_no_fault(stock, stored, monkeypatch):
    monkeypatch.setattr(acceptance.F, "xxhash64", lambda *_: acceptance.F.lit(1))
    stock(FIRST, ("jam", 1, None), ("tea", 3, 0.5))
    assert len(stored()[0]) == 2


def test_a_reader_never_sees_a_refused_run(stock, store):
    """Neither the rows that are refused, nor the day without rows."""
    stock(FIRST, ("jam", 1, None))
    seen, done = set(), threading.Event()

    def look():
        while not done.is_set():
            table = deltalake.DeltaTable(store.path(STOCK))
            seen.add((table.version(), tuple(table.to_pyarrow_table()["item_id"].to_pylist())))

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(look)
        refusal(stock, FIRST)
        refusal(stock, FIRST, ("tea", -1, None))
        refusal(stock, FIRST, ("tea", 1, None), ("tea", 2, None))
        done.set()
        reader.result()
    assert seen == {(1, ("jam",))}


def test_no_rows_are_fine_where_the_table_allows_it(store, frame, stock, stored):
    stock(FIRST, ("jam", 1, None))
    nothing = Outcome(frame(COLUMNS))
    assert store.write(replace(STOCK, may_be_empty=True), nothing, FIRST, {}) == counts()
    assert stored()[0] == []


def test_new_keys_are_added_changed_rows_updated_and_the_rest_left(store, frame, stored):
    def add(*lines):
        return store.write(PRICES, Outcome(frame(PRICED, *lines)), FIRST, {"n": 1})

    assert add(("tea", 300), ("jam", 250)) == counts(added=2)
    assert add(("tea", 310), ("milk", 90)) == counts(added=1, updated=1)
    assert stored(PRICES)[0] == [("jam", 250), ("milk", 90), ("tea", 310)]


def test_a_run_that_adds_nothing_new_makes_no_commit(store, frame, stored):
    lines = Outcome(frame(PRICED, ("tea", 300)))
    store.write(PRICES, lines, FIRST, {"run": 1})
    before = stored(PRICES)
    assert store.write(PRICES, lines, SECOND, {"run": 2}) == counts()
    assert stored(PRICES) == before


def refused_both_ways(store, stock, fault):
    """The sentence of a table that another program changed, on read and on write."""
    said = (
        f"stock at {store.path(STOCK)} is not as its contract says, so another program or version "
        f"changed it: {fault}. Restore an older version of the table, or move it away and run the "
        "job stock again."
    )
    before = store._latest(STOCK)
    with pytest.raises(ContractError) as on_read:
        store.read(STOCK, FIRST)
    with pytest.raises(ContractError) as on_write:
        stock(SECOND, ("tea", 3, 0.5))
    assert (str(on_read.value), str(on_write.value)) == (said, said)
    assert store._latest(STOCK) == before


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
    )


def test_a_check_that_somebody_dropped(store, stock):
    stock(FIRST, ("tea", 3, 0.5))
    deltalake.DeltaTable(store.path(STOCK)).alter.drop_constraint("not_negative")
    refused_both_ways(store, stock, "the check not_negative (pieces >= 0) is missing")


def test_a_column_that_somebody_allowed_to_be_null(store, stock, spark):
    stock(FIRST, ("tea", 3, 0.5))
    spark.sql(f"ALTER TABLE delta.`{store.path(STOCK)}` ALTER COLUMN pieces DROP NOT NULL")
    refused_both_ways(store, stock, "pieces may be null")


def waiting(lines, folder, nth):
    """The same rows; when read for the nth time, not before the file `go` lies in the folder.

    `began` says that they wait.
    """
    passes, began, go = folder / "passes", folder / "began", folder / "go"

    def wait(batches):
        with passes.open("a") as file:
            file.write("x")
        if len(passes.read_text()) >= nth:
            began.touch()
            while not go.exists():
                time.sleep(0.05)
        yield from batches

    return lines.mapInArrow(wait, COLUMNS)


@pytest.fixture
def meanwhile(store, frame, tmp_path):
    """meanwhile(nth, act) runs `act` while a slow run of FIRST reads its rows for the nth time.

    First they are checked, then written. Returns that slow run.
    """

    def slow(nth, act):
        lines = waiting(frame(COLUMNS, ("slow", 1, None)).coalesce(1), tmp_path, nth)
        run_of = {"as_of": FIRST.isoformat(), "run": "slow"}
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(store.write, STOCK, Outcome(lines), FIRST, run_of)
            for _ in range(PATIENCE * 20):
                if (tmp_path / "began").exists() or run.done():
                    break
                time.sleep(0.05)
            try:
                assert not run.done()  # it waits in the middle of its write
                act()
            finally:
                (tmp_path / "go").touch()
        return run

    return slow


WHILE_CHECKED, WHILE_WRITTEN = 1, 2


@pytest.mark.parametrize("nth", [WHILE_CHECKED, WHILE_WRITTEN])
def test_two_runs_of_one_day_at_once_the_second_to_finish_writes_nothing(
    stock, stored, meanwhile, nth
):
    stock(FIRST, ("old", 9, None))
    run = meanwhile(nth, lambda: stock(FIRST, ("quick", 2, None)))
    error = run.exception()
    said = str(error) if isinstance(error, JobError) else sentence(str(error))
    assert said == f"{CONCURRENT}."
    assert stored()[0] == [(FIRST, "quick", 2, None)]


@pytest.mark.parametrize("nth", [WHILE_CHECKED, WHILE_WRITTEN])
def test_two_runs_of_two_days_at_once_both_write(stock, stored, meanwhile, nth):
    stock(FIRST, ("old", 9, None))
    run = meanwhile(nth, lambda: stock(SECOND, ("quick", 2, None), ("third", 2, None)))
    assert run.result() == counts(added=1)
    assert stored()[0] == [
        (FIRST, "slow", 1, None),
        (SECOND, "quick", 2, None),
        (SECOND, "third", 2, None),
    ]


def test_files_are_handed_out_only_where_they_alone_tell_the_rows(store, stock, frame):
    """A whole table's files; none of a table of days, nor where rows may be marked deleted."""
    prices = Outcome(frame(PRICED, ("tea", 5), ("jam", 7)))
    store.write(PRICES, prices, FIRST, {})
    store.write(PRICES, Outcome(frame(PRICED, ("oil", 9))), SECOND, {})
    read = store.read(PRICES, SECOND)
    in_files = pa.concat_tables([pq.read_table(f) for f in store.files(PRICES, read.version)])
    assert sorted(in_files.to_pylist(), key=str) == sorted(
        [dict(row.asDict()) for row in read.rows.collect()], key=str
    )
    stock(FIRST, ("tea", 3, 0.5))
    assert store.files(STOCK, store.read(STOCK, FIRST).version) == ()
    store.spark.sql(
        f"ALTER TABLE delta.`{store.path(PRICES)}` "
        f"SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')"
    )
    assert store.files(PRICES, store.read(PRICES, SECOND).version) == ()


ORDERS = Table(
    "orders",
    "A line of an order.",
    (
        column("line", StringType(), "the line"),
        column("cents", LongType(), "its price"),
        column("sold_at", TimestampType(), "when"),
        column("source_file", StringType(), "the file that held the row"),
    ),
    key=("line",),
    kept="added",
    replaced_by_file="sold_at",
)
ORDER = "line string, cents bigint, sold_at timestamp, source_file string"
EARLY, LATE = datetime(2017, 11, 30), datetime(2017, 12, 1)  # noqa: DTZ001 - tests run in UTC


@pytest.fixture
def orders(store, frame):
    """orders(day, files, line, ...) is a run of that day that has read these files."""

    def written(day, files, *lines):
        read = frame("source_file string", *[(file,) for file in files])
        outcome = Outcome(frame(ORDER, *lines), source_files=read)
        return store.write(ORDERS, outcome, day, {"as_of": day.isoformat(), "files": files})

    return written


def test_a_file_s_rows_are_what_the_file_says_now(orders, stored):
    """The line 2 is corrected to another key, 3 is gone; b was not read, and c has a new line."""
    orders(FIRST, "abc", ("1", 10, EARLY, "a"), ("2", 20, EARLY, "a"), ("3", 30, EARLY, "a"),
           ("4", 40, EARLY, "b"), ("5", 50, EARLY, "c"))  # fmt: skip
    lines = (("1", 11, EARLY, "a"), ("2x", 20, EARLY, "a"), ("5", 50, EARLY, "c"))
    assert orders(FIRST, "ac", *lines, ("6", 60, EARLY, "c")) == counts(2, 1, 2)
    assert stored(ORDERS)[0] == [
        ("1", 11, EARLY, "a"), ("2x", 20, EARLY, "a"), ("4", 40, EARLY, "b"),
        ("5", 50, EARLY, "c"), ("6", 60, EARLY, "c"),
    ]  # fmt: skip


def test_a_file_that_has_no_good_row_any_more_has_none_in_the_table(orders, stored):
    orders(FIRST, "ab", ("1", 10, EARLY, "a"), ("2", 20, EARLY, "b"))
    assert orders(FIRST, "ab", ("2", 20, EARLY, "b")) == counts(removed=1)
    assert stored(ORDERS)[0] == [("2", 20, EARLY, "b")]


def test_a_line_that_another_file_holds_too_stays_with_the_file_that_brought_it(orders, stored):
    orders(FIRST, "a", ("1", 10, EARLY, "a"))
    before = stored(ORDERS)
    assert orders(FIRST, "ab", ("1", 10, EARLY, "b")) == counts()
    assert stored(ORDERS) == before


def test_a_run_for_an_older_day_takes_nothing_back_that_lies_after_it(orders, stored):
    orders(SECOND, "a", ("1", 10, EARLY, "a"), ("2", 20, LATE, "a"))
    assert orders(FIRST, "a", ("1x", 10, EARLY, "a")) == counts(added=1, removed=1)
    assert stored(ORDERS)[0] == [("1x", 10, EARLY, "a"), ("2", 20, LATE, "a")]
