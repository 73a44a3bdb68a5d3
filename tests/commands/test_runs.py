"""`alsobought runs`: the last nights, and how long jobs took against their usual time."""

import json
from datetime import UTC, date, datetime

import pytest

from alsobought.commands.runs import of_latest_nights, with_usual
from alsobought.runtime import creation
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.operations import RUNS
from tests.command import printed, separately


def run(day, job, seconds, outcome="done", **more):
    blank = dict.fromkeys(RUNS.names) | {"run_id": f"r{day}", "code_version": "0.1.0"}
    return blank | {
        "job": job, "as_of": date(2024, 1, day), "seconds": float(seconds), "outcome": outcome,
        "started_at": datetime(2024, 1, day, 0, 5, tzinfo=UTC), **more,
    }  # fmt: skip


ROWS = [
    run(1, "items", 2),
    run(1, "purchases", 10, rows_read=500, rows_written=450, bytes_written=2_000_000),
    run(2, "items", 4),
    run(2, "purchases", 30),
    run(3, "items", 90, "failed", said="The file is cut short."),
    run(3, "purchases", 0, "unchanged"),
    run(4, "items", 6),
]


def test_the_usual_time_is_the_median_of_earlier_runs_that_did_their_work():
    usual = [(row["as_of"].day, row["job"], row["usual_seconds"]) for row in with_usual(ROWS)]
    assert usual == [
        (1, "items", None), (1, "purchases", None), (2, "items", 2.0), (2, "purchases", 10.0),
        (3, "items", 3.0), (3, "purchases", 20.0), (4, "items", 3.0),
    ]  # fmt: skip
    many = [run(n % 28 + 1, "items", n) for n in range(50)]
    assert with_usual(many)[49]["usual_seconds"] == 38.5  # of 29 to 48, the last twenty


def test_nights_are_the_days_that_were_run_last():
    backfilled = [*ROWS, run(1, "items", 1) | {"started_at": datetime(2024, 1, 9, tzinfo=UTC)}]
    days = [row["as_of"].day for row in of_latest_nights(backfilled, 2)]
    assert days == [1, 1, 4, 1]


@pytest.fixture
def recorded(catalogue):
    creation.create(f"{catalogue}/runs", RUNS)
    Warehouse(str(catalogue)).add(RUNS, ROWS)


@pytest.mark.usefixtures("recorded")
def test_runs_prints_the_last_nights():
    code, lines = printed("runs", "--nights", "2")
    assert code == 0
    assert lines[0] == (
        "as of job started (UTC) outcome seconds usual times rows read rows written MB written why"
    )
    assert lines[1:] == [
        "2024-01-03 items 2024-01-03 00:05:00 failed 90.0 3.0 30.0 The file is cut short.",
        "2024-01-03 purchases 2024-01-03 00:05:00 unchanged 0.0 20.0 0.0",
        "2024-01-04 items 2024-01-04 00:05:00 done 6.0 3.0 2.0",
        "1 failed: items.",
    ]
    assert (
        "2024-01-01 purchases 2024-01-01 00:05:00 done 10.0 500 450 2.0"
        in printed("runs", "--nights", "9")[1]
    )


@pytest.mark.usefixtures("recorded")
def test_runs_for_programs():
    code, out, err = separately("runs", "--nights", "1", "--json")
    (row,) = json.loads(out)
    assert (code, err) == (0, "")
    assert row == {
        **dict.fromkeys(RUNS.names), "run_id": "r4", "job": "items", "as_of": "2024-01-04",
        "started_at": "2024-01-04 00:05:00+00:00", "seconds": 6.0, "outcome": "done",
        "code_version": "0.1.0", "usual_seconds": 3.0,
    }  # fmt: skip


@pytest.mark.usefixtures("catalogue")
def test_where_nothing_was_recorded():
    assert printed("runs") == (3, ["error: No run of test has been recorded yet."])
