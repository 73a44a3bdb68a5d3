"""Inputs of as-of days before the run's: of the project's tables, and of another program's."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql.types import LongType, StringType

from alsobought.runtime.earlier_days import Days
from alsobought.runtime.job import EarlierDays
from alsobought.settings import Settings
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.table import Table, column
from tests.rows import rows
from tests.runtime.small_tables import FIRST, PRICES, SECOND, STOCK, THIRD, refusal

THEIRS = Table(
    "theirs",
    "Another program's.",
    (column("item_id", StringType(), "x"), column("pieces", LongType(), "x")),
    key=("as_of", "item_id"),
    kept="per_as_of",
)


class Nothing(Settings):
    pass


def days_before(others=None):
    """The two days before the third, and the tables of another program."""

    def two_before(params, as_of):
        return [as_of - timedelta(days=2), as_of - timedelta(days=1)]

    return Days(EarlierDays(("stock",), two_before, others), Nothing(), THIRD)


def write(store, rows, schema):
    spark = store.spark
    spark.createDataFrame(rows, schema).write.format("delta").save(store.path(THEIRS))


@pytest.mark.parametrize("way", ["workers", "spark"])
def test_the_rows_of_earlier_days_with_their_day_and_the_run_that_made_them(stock, store):
    for day in (FIRST - timedelta(days=1), FIRST, THIRD):
        stock(day, ("tea", day.day, 0.5))
    inputs, versions = days_before().read(store, {"stock": STOCK, "prices": PRICES})
    assert list(inputs) == list(versions) == ["stock"]
    stock(FIRST, ("jam", 7, None))  # what was read stays as it was read
    assert rows(inputs["stock"].rows) == [(FIRST, "tea", 1, 0.5)]
    assert inputs["stock"].runs == {FIRST: {"as_of": FIRST.isoformat()}}
    assert versions["stock"].number == store.version(STOCK) - 1


def test_a_table_that_is_not_built_has_no_rows_and_no_version(store):
    inputs, versions = days_before().read(store, {"stock": STOCK})
    assert (rows(inputs["stock"].rows), inputs["stock"].runs, versions) == ([], {}, {})
    assert inputs["stock"].rows.columns == ["as_of", "item_id", "pieces", "weight"]


def test_an_input_that_the_environment_does_without_is_not_read(store):
    assert days_before().read(store, {"prices": PRICES}) == ({}, {})


def test_a_table_of_our_own_that_somebody_changed(stock, store):
    stock(FIRST, ("tea", 3, 0.5))
    store.spark.sql(f"ALTER TABLE delta.`{store.path(STOCK)}` DROP CONSTRAINT not_negative")
    said = refusal(days_before().read, store, {"stock": STOCK})
    assert "the check not_negative (pieces >= 0) is missing" in said


def test_another_programs_table_may_have_more_columns(store):
    write(store, [(SECOND, "tea", 3, "x"), (THIRD, "jam", 4, "x")],
          "as_of date, item_id string, pieces bigint, more string")  # fmt: skip
    inputs, versions = days_before(lambda _: [THEIRS]).read(store, {})
    theirs = inputs["others"]["theirs"]
    assert (rows(theirs.rows), theirs.runs) == ([(SECOND, "tea", 3)], {})
    assert versions["theirs"].number == 0


def test_another_programs_table_that_lacks_columns(store):
    write(store, [("tea", "3")], "item_id string, pieces string")
    assert refusal(days_before(lambda _: [THEIRS]).read, store, {}) == (
        f"theirs at {store.path(THEIRS)} cannot be read: missing as_of; pieces is string, not "
        f"bigint. It must have the columns as_of date, item_id string, pieces bigint."
    )


def test_another_programs_table_that_is_not_there(store):
    assert refusal(days_before(lambda _: [THEIRS]).read, store, {}) == (
        f"There is no table theirs at {store.path(THEIRS)}: correct its name in the environment's "
        f"TOML, or write it there as a Delta table."
    )


@pytest.fixture
def bought(store, frame):
    """bought("tea") adds a purchase; returns what a run records that reads purchases then."""

    def added(item):
        line = ("ann", "o1", item, "1", datetime(2017, 11, 1, tzinfo=UTC), 1.0, None, "all", "f")
        is_there = store.exists(PURCHASES)
        upon = {PURCHASES.name: store.version(PURCHASES)} if is_there else {}
        store.write(PURCHASES, Outcome(frame(PURCHASES.ddl, line)), FIRST, {"read_versions": upon})
        number, table_id = store.newest(PURCHASES)
        return {"read_versions": {"purchases": number}, "read_tables": {"purchases": table_id}}

    return added


@pytest.fixture
def made_of(store, frame):
    """made_of(day, run) writes related_items; made_of() says by day what these were made of."""

    def given(day=None, run=None):
        if day is not None:
            pair = ("order", "all", "together", "lift", "tea", 1, "jam", 1.0, 1, 1.0, 1, 1, 1)
            listed = Outcome(frame(RELATED_ITEMS.ddl, pair))
            return store.write(RELATED_ITEMS, listed, day, {"as_of": day.isoformat()} | run)
        earlier = EarlierDays(("lists",), lambda *_: [FIRST, SECOND], made_of="lines")
        tables = {"lists": RELATED_ITEMS, "lines": PURCHASES}
        inputs, versions = Days(earlier, Nothing(), THIRD).read(store, tables)
        assert list(versions) == ["related_items"]
        return {
            day: [past.rows and rows(past.rows.select("item_id")) for past in pasts]
            for day, pasts in inputs["lists"].made_of.items()
        }

    return given


@pytest.mark.parametrize("way", ["workers", "spark"])
def test_rows_come_with_the_purchases_that_their_runs_had_read(bought, made_of, store, way):
    made_of(FIRST, bought("tea"))
    before = {file.name for file in files_of(store)}
    made_of(SECOND, bought("jam"))
    bought("oil")
    assert made_of() == {FIRST: [[("tea",)]], SECOND: [[("jam",), ("tea",)]]}
    (second,) = (
        file
        for file in files_of(store)
        if file.name in str(DeltaTable(path_of(store), version=2).file_uris())
        and file.name not in before
    )
    second.unlink()
    assert made_of() == {FIRST: [[("tea",)]], SECOND: [None]}


def path_of(store):
    return store.path(PURCHASES).removeprefix("file://")


def files_of(store):
    return [*Path(path_of(store)).glob("*.parquet")]


def test_purchases_that_were_made_anew_or_are_not_recorded(bought, made_of):
    record = bought("tea")
    made_of(FIRST, record | {"read_tables": {"purchases": "another"}})
    made_of(SECOND, {})
    assert made_of() == {FIRST: [None], SECOND: []}
