"""`alsobought maintain`: by the TOML's policy, without what jobs and readers need."""

import json
import shutil
from datetime import date, timedelta

import pytest

from alsobought.evaluate.gate.decisions import may_be_served
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.serving import Decision, State
from tests.command import printed, separately
from tests.commands.serving_tables import decide, lists_of
from tests.project import REPO, settings, toml

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(8)]
POLICY = {"keep_days": 2, "rollback_days": 3, "vacuum_days": 1}
EVALUATIONS = {"truth_days": 14, "cut_offs": 2, "every_days": 7, "seed": 1}


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """Lists of eight days, of which the fifth was promoted, then the seventh."""
    shutil.copytree(REPO / "jobs", tmp_path / "jobs")
    (tmp_path / "conf").mkdir()
    write(tmp_path, maintenance=POLICY)
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    versions = [lists_of(tmp_path / "tables", day, "jam") for day in DAYS]
    first, fifth, seventh = (("promoted", DAYS[n], versions[n]) for n in (0, 4, 6))
    decide(tmp_path / "tables", first, fifth, seventh)
    return tmp_path / "tables"


def write(home, jobs=None, **more):
    conf = settings() | more
    conf["jobs"] |= jobs or {}
    (home / "conf" / "test.toml").write_text(toml(conf), encoding="utf-8")


def days_of(tables):
    return Warehouse(str(tables)).days("related_items")


def test_maintain_drops_what_is_old_and_may_not_be_served(tables):
    words = ("maintain", "test", "--as-of", "2024-01-08")
    code, lines = printed(*words, "--dry-run")
    assert code == 0
    assert lines[0] == ("table days dropped first last files joined files removed MB removed fault")
    assert "related_items 4 2024-01-01 2024-01-04 0 0 0.0" in lines
    assert lines[-1].startswith("Nothing was changed")
    assert len(days_of(tables)) == 8
    assert not Warehouse(str(tables)).has("runs")

    code, out, err = separately(*words, "--json")
    rows = {row["table"]: row for row in json.loads(out)}
    assert (code, err) == (0, "")
    assert rows["related_items"] == {
        "table": "related_items", "dropped_days": 4, "first": "2024-01-01", "last": "2024-01-04",
        "files_joined": 0, "files_removed": 0, "bytes_removed": 0, "fault": None,
    }  # fmt: skip
    assert rows["promotions"]["files_joined"] == 3
    assert days_of(tables) == ["2024-01-05", "2024-01-06", "2024-01-07", "2024-01-08"]
    assert printed("rollback", "--env", "test")[0] == 0
    (run,) = Warehouse(str(tables)).rows("SELECT job, outcome FROM runs", "runs")
    assert run == {"job": "maintain", "outcome": "done"}


def test_a_fault_of_one_table_keeps_no_other_from_its_upkeep(tables):
    (tables / "related_items" / "_delta_log" / "00000000000000000005.json").write_text("{")
    code, out, err = separately("maintain", "test", "--as-of", "2024-01-08", "--json")
    rows = {row["table"]: row for row in json.loads(out)}
    assert (code, rows["related_items"]["dropped_days"]) == (1, 0)
    assert rows["related_items"]["fault"].startswith("related_items cannot be read: ")
    assert rows["recommendations"]["dropped_days"] == 4
    assert err.startswith("error: related_items cannot be read: ")


def test_a_policy_that_drops_what_a_job_reads_is_refused(tables):
    write(tables.parent, {"evaluations": EVALUATIONS}, maintenance=POLICY)
    code, (said,) = printed("maintain", "test", "--as-of", "2024-01-08")
    assert code == 1
    assert said.startswith(f"error: {tables.parent}/conf/test.toml: [maintenance] keeps 2 days of ")
    assert (
        "[maintenance] keeps 2 days of related_items, of which evaluations reads the lists of 21 "
        "days before: keep 21 or more"
    ) in said
    assert len(days_of(tables)) == 8


def test_days_of_a_table_that_there_is_not_are_a_fault(tables):
    write(tables.parent, maintenance=POLICY | {"keep_days_of": {"related": 3, "purchases": 3}})
    code, (said,) = printed("maintain", "test", "--as-of", "2024-01-08")
    assert code == 1
    assert said.endswith(
        "maintenance.keep_days_of.related: no table that is so called keeps days; "
        "maintenance.keep_days_of.purchases: no table that is so called keeps days."
    )


def test_without_a_policy_nothing_is_done(tables):
    write(tables.parent)
    code, (said,) = printed("maintain", "test", "--as-of", "2024-01-08")
    assert (code, said) == (
        1,
        f"error: {tables.parent}/conf/test.toml has no [maintenance]: add it, as "
        "docs/configuration.md says.",
    )


def test_lists_that_may_be_served_are_those_of_now_before_and_of_late():
    def decision(number, what, day, served):
        state = State(DAYS[served], {"related_items": served}, {"related_items": "id"})
        return Decision(number, what, DAYS[day], state)

    so_far = [
        decision(1, "promoted", 0, 0), decision(2, "promoted", 1, 1),
        decision(3, "promoted", 2, 2), decision(4, "promoted", 5, 5),
        decision(5, "refused", 6, 5),
    ]  # fmt: skip

    def days(since):
        return [state.as_of for state in may_be_served(so_far, since)]

    assert days(DAYS[7]) == [DAYS[5], DAYS[2]]
    assert days(DAYS[1]) == [DAYS[5], DAYS[2], DAYS[1]]
    assert may_be_served([], DAYS[0]) == []
    assert [s.as_of for s in may_be_served(so_far[:1], DAYS[7])] == [DAYS[0]]
