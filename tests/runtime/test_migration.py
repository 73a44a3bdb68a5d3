"""Tables of an older form become those of today's contract, with every row that they have."""

from dataclasses import replace
from pathlib import Path

import deltalake
import pytest
from pyspark.sql.types import LongType, StringType

from alsobought.errors import ContractError, JobError
from alsobought.runtime import creation
from alsobought.runtime.migration import Migrated, migrated_by_files, migrated_by_spark
from alsobought.tables.outcome import Outcome
from alsobought.tables.table import column
from tests.rows import rows
from tests.runtime.small_tables import FIRST, SECOND, STOCK

OLD = replace(
    STOCK,
    columns=(
        column("item_id", StringType(), "the item"),
        column("pieces", LongType(), "how many", optional=True),
    ),
    checks={"not_negative": "coalesce(pieces, 0) > -9"},
)
STRICT = replace(STOCK, checks={"not_negative": "pieces >= 0", "light": "coalesce(weight, 0) < 9"})


@pytest.fixture
def older(store, frame):
    """older(table, ("tea", 3), ...) is that table with these rows of a day."""

    def written(table, *lines):
        columns = ", ".join(f"{c.name} {c.dataType.simpleString()}" for c in table.columns)
        store.write(table, Outcome(frame(columns, *lines)), FIRST, {"as_of": FIRST.isoformat()})

    return written


def migrated(store, table, *, is_rehearsal=False):
    return migrated_by_files(store.warehouse, table, is_rehearsal=is_rehearsal)


def test_columns_nulls_and_checks_in_one_commit(store, stock, older):
    older(OLD, ("tea", 3), ("jam", 0))
    before = store.version(STOCK)
    with pytest.raises(ContractError, match="Run 'alsobought migrate'"):
        store.read(STOCK, FIRST)
    done = Migrated("stock", ("adds weight", "pieces is required", "adds the check not_negative"))
    assert migrated(store, STOCK, is_rehearsal=True) == done
    assert store.version(STOCK) == before
    assert migrated(store, STOCK) == done
    assert store.version(STOCK) == before + 1
    assert rows(store.read(STOCK, FIRST).rows) == [("jam", 0, None), ("tea", 3, None)]
    stock(SECOND, ("tea", 2, 0.5))
    assert rows(store._rows(STOCK)) == [
        (FIRST, "jam", 0, None), (FIRST, "tea", 3, None), (SECOND, "tea", 2, 0.5),
    ]  # fmt: skip
    # Delta's own writers know the check and the column that is required
    detail = deltalake.DeltaTable(store.path(STOCK))
    assert detail.metadata().configuration["delta.constraints.not_negative"] == "pieces >= 0"
    assert not detail.schema().fields[2].nullable


def test_a_second_time_there_is_nothing_to_do(store, older):
    older(OLD, ("tea", 3))
    migrated(store, STOCK)
    before = store.version(STOCK)
    assert migrated(store, STOCK) == Migrated("stock")
    assert store.version(STOCK) == before


def test_rows_that_break_what_is_new_are_counted_and_stay(store, older):
    older(OLD, ("tea", -3), ("jam", -1), ("oil", 2), ("salt", None))
    before = store.version(STOCK)
    for is_rehearsal in (True, False):
        with pytest.raises(JobError) as error:
            migrated(store, STOCK, is_rehearsal=is_rehearsal)
        assert str(error.value) == (
            "stock: rows of it break today's contract, so it was not changed: pieces is null in 1 "
            "rows; the check not_negative (pieces >= 0) is broken in 3 rows. Correct or delete "
            "them, or move the table away and run the job stock again."
        )
    assert store.version(STOCK) == before


def test_a_column_that_no_row_can_do_without_is_refused(store, older):
    older(replace(STOCK, columns=(STOCK.columns[0], STOCK.columns[2]), checks={}), ("tea", 0.5))
    with pytest.raises(JobError, match="missing pieces") as error:
        migrated(store, STOCK)
    assert str(error.value).endswith("or move it away and run the job stock again.")


def test_a_check_of_a_column_that_is_new_sees_nulls(store, older):
    older(replace(OLD, columns=(STOCK.columns[0], STOCK.columns[1])), ("tea", 3))
    assert migrated(store, STRICT).changes == (
        "adds weight", "adds the check not_negative", "adds the check light",
    )  # fmt: skip
    asked = {"weighed": "weight IS NOT NULL"}
    with pytest.raises(JobError, match=r"weighed .weight IS NOT NULL. is broken in 1 rows"):
        migrated(store, replace(STRICT, checks=STRICT.checks | asked))


def test_a_commit_of_somebody_else_meanwhile_is_built_upon(store, stock, older, monkeypatch):
    older(OLD, ("tea", 3))
    before, path = store.version(STOCK), Path(store.path(STOCK))
    write, tries = creation.write_version, []

    def late(log, version, actions):
        if not tries:
            table = deltalake.DeltaTable(path)
            table.alter.set_table_properties({"delta.appendOnly": "false"})
        tries.append(version)
        write(log, version, actions)

    monkeypatch.setattr(creation, "write_version", late)
    migrated(store, STOCK)
    assert tries == [before + 1, before + 2]
    configuration = deltalake.DeltaTable(path).metadata().configuration
    assert configuration["delta.appendOnly"] == "false"
    assert rows(store.read(STOCK, FIRST).rows) == [("tea", 3, None)]


def test_a_table_without_checks_gets_the_writer_that_knows_them(store, older):
    older(replace(STOCK, checks={}), ("tea", 3, 0.5))
    assert deltalake.DeltaTable(store.path(STOCK)).protocol().min_writer_version == 2
    migrated(store, STOCK)
    assert deltalake.DeltaTable(store.path(STOCK)).protocol().min_writer_version == 3


@pytest.mark.parametrize("way", ["spark"])
def test_on_a_uri_spark_does_the_same(store, stock, older):
    old = replace(OLD, columns=(OLD.columns[0], STOCK.columns[1]))
    older(old, ("tea", 3))
    done = ("adds weight", "adds the check not_negative")
    for is_rehearsal in (True, False):
        assert migrated_by_spark(store, STOCK, is_rehearsal=is_rehearsal).changes == done
    assert migrated_by_spark(store, STOCK, is_rehearsal=False).changes == ()
    assert rows(store.read(STOCK, FIRST).rows) == [("tea", 3, None)]
    stock(SECOND, ("tea", 2, 0.5))
    with pytest.raises(JobError, match="is broken in 1 rows"):
        migrated_by_spark(store, replace(STRICT, checks={"few": "pieces < 3"}), is_rehearsal=False)
    optional = replace(
        STOCK, columns=(column("item_id", StringType(), "", optional=True), *STOCK.columns[1:])
    )
    assert migrated_by_spark(store, optional, is_rehearsal=False).changes == (
        "item_id may be null",
    )
    with pytest.raises(JobError, match="Spark cannot make item_id required"):
        migrated_by_spark(store, STOCK, is_rehearsal=False)
