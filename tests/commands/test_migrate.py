"""`alsobought migrate`: every table of the warehouse, each by itself."""

import json

import deltalake
import pyarrow as pa
import pytest

from tests.command import printed, separately
from tests.commands.serving_tables import FIRST, lists_of
from tests.project import settings, toml

WORDS = ("migrate", "--env", "test")


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """The lists of a day, in tables that lack a check each."""
    for folder in ("conf", "jobs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "conf" / "test.toml").write_text(toml(settings()), encoding="utf-8")
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    lists_of(tmp_path / "tables", FIRST, "jam")
    for name in ("related_items", "recommendations"):
        log(tmp_path / "tables", name).alter.drop_constraint("rank_from_one")
    return tmp_path / "tables"


def log(tables, name):
    return deltalake.DeltaTable(str(tables / name))


def test_tables_that_lack_something_get_it_and_a_rehearsal_says_what(tables):
    before = {name: log(tables, name).version() for name in ("related_items", "recommendations")}
    would = [
        "table changes fault",
        "related_items adds the check rank_from_one",
        "recommendations adds the check rank_from_one",
        "0 of 2 tables are as this version has them.",
        "Nothing was changed.",
    ]
    assert printed(*WORDS, "--dry-run") == (0, would)
    assert {name: log(tables, name).version() for name in before} == before
    assert printed(*WORDS) == (0, would[:-1])
    assert log(tables, "related_items").version() == before["related_items"] + 1
    last = log(tables, "related_items").history(1)[0]
    assert (last["operation"], "userMetadata" in last) == ("MIGRATE", False)
    assert printed(*WORDS) == (0, ["2 of 2 tables are as this version has them."])


def test_a_table_whose_rows_break_a_check_keeps_no_other_from_it(tables):
    delta = log(tables, "related_items")
    rows = delta.to_pyarrow_table()
    place = rows.schema.get_field_index("rank")
    bad = rows.set_column(place, rows.schema.field(place), pa.array([0], pa.int32()))
    deltalake.write_deltalake(delta, bad, mode="append")
    code, out, err = separately(*WORDS, "--json")
    said = (
        "related_items: rows of it break today's contract, so it was not changed: the check "
        "rank_from_one (rank >= 1) is broken in 1 rows. Correct or delete them, or move the table "
        "away and run the job related_items again."
    )
    assert (code, err) == (1, f"error: {said}\n")
    assert json.loads(out) == [
        {"table": "related_items", "changes": "", "fault": said},
        {"table": "recommendations", "changes": "adds the check rank_from_one", "fault": None},
    ]
