"""Inputs of as-of days before the run's: of the project's tables, and of another program's."""

from datetime import timedelta

import pytest
from pyspark.sql.types import LongType, StringType

from alsobought.runtime.earlier_days import Days
from alsobought.runtime.job import EarlierDays
from alsobought.settings import Settings
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
