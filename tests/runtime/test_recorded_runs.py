"""Runs with real jobs: what is recorded of them, and that no secret is anywhere on the disk."""

import json
from dataclasses import replace
from datetime import date

import pytest
from deltalake import DeltaTable

from alsobought.errors import JobError
from alsobought.runtime import job as jobs
from alsobought.runtime import progress
from alsobought.runtime.run import context, execute_all
from alsobought.runtime.warehouse import Warehouse
from tests.project import AS_OF, toml

HEAD = "customer,order,item,time\n"
LINES = "c1,o1,tea,2017-11-30\nc1,o1,jam,2017-11-30\nc2,o2,tea,2017-11-30\n"
SECRET = "hush-a-very-secret-word"


def ran(project, *names, run_id, as_of=AS_OF):
    """What `alsobought run` does in its session; returns what it prints."""
    (project.home / "conf" / "test.toml").write_text(toml(project.conf), encoding="utf-8")
    in_order = [jobs.load(project.home, name) for name in names]
    where = context(project.home, "test", date.fromisoformat(as_of), in_order)
    with progress.OUT.capture() as printed:
        execute_all(in_order, replace(where, run_id=run_id), project.spark)
    return printed.get()


def recorded(project, run_id):
    figures = "job, outcome, rows_read, bytes_read, rows_written, bytes_written, said"
    query = f"SELECT {figures} FROM runs WHERE run_id = '{run_id}' ORDER BY started_at"
    return Warehouse(str(project.home / "tables")).rows(query, "runs")


def size_of(project, table):
    return sum(path.stat().st_size for path in (project.home / "tables" / table).rglob("*.parquet"))


def test_what_jobs_read_and_wrote_is_recorded(project):
    file = project.file("purchases/1.csv", HEAD + LINES + "c3,o3,tea,never\n")
    project.purchases["max_rejected_share"] = 0.5
    ran(project, "purchases", "item_statistics", run_id="first")
    size = size_of(project, "purchases")
    assert recorded(project, "first") == [
        {
            "job": "purchases", "outcome": "done", "rows_read": 4,
            "bytes_read": file.stat().st_size, "rows_written": 3, "bytes_written": size,
            "said": None,
        },
        {
            "job": "item_statistics", "outcome": "done", "rows_read": 3, "bytes_read": size,
            "rows_written": 4, "bytes_written": size_of(project, "item_statistics"),
            "said": None,
        },
    ]  # fmt: skip
    commit = DeltaTable(str(project.home / "tables" / "item_statistics")).history(1)[0]
    assert json.loads(commit["userMetadata"])["run_id"] == "first"
    catalogue = project.file("items/1.csv", "item,title\ntea,Green tea\n")
    ran(project, "purchases", "items", run_id="second")
    lines, items = recorded(project, "second")
    assert (lines["outcome"], lines["rows_read"], lines["rows_written"]) == ("unchanged", 0, 0)
    read = items["rows_read"], items["bytes_read"]
    assert (read, items["rows_written"]) == ((None, catalogue.stat().st_size), 1)


def test_a_day_that_is_half_there_stops_the_run_and_stays_loaded(project):
    weeks = "".join(
        f"c{n},o{day}-{n},tea,2017-11-{day}\n" for day in ("16", "23", "30") for n in range(4)
    )
    project.purchases["arrival"] = {"min_share": 0.8, "weeks": 2, "min_lines": 4}
    lines = weeks.splitlines(keepends=True)
    project.file("purchases/1.csv", HEAD + "".join(lines[:-2]))
    with pytest.raises(
        JobError, match="The purchases of 2017-11-30 have not all arrived: all has 2"
    ):
        ran(project, "purchases", "item_statistics", run_id="early")
    assert [(row["job"], row["outcome"]) for row in recorded(project, "early")] == [
        ("purchases", "failed")
    ]
    assert project.read("purchases").count() == 10
    with pytest.raises(JobError, match="have not all arrived"):  # nothing has come meanwhile
        ran(project, "purchases", run_id="again")
    project.file("purchases/2.csv", HEAD + "".join(lines[-2:]))
    assert "2 rows added" in ran(project, "purchases", "item_statistics", run_id="late")
    assert [row["outcome"] for row in recorded(project, "late")] == ["done", "done"]


def test_no_secret_is_in_tables_logs_or_history(project, monkeypatch):
    monkeypatch.setenv("SHOP_SECRET_KEY", SECRET)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret-word")
    project.file("purchases/1.csv", HEAD + LINES)
    ran(project, "purchases", "item_statistics", run_id="good")

    def leak(*_):
        raise JobError(f"s3a://ann:hush@bucket cannot be read with {SECRET} of customer_id 'ann'.")

    monkeypatch.setattr("alsobought.runtime.run.require_arrived", leak)
    with pytest.raises(JobError):
        ran(project, "item_statistics", run_id="bad")
    (row,) = recorded(project, "bad")
    assert row["said"] == "s3a://***@bucket cannot be read with *** of customer_id ***."
    files = [path for path in project.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".jsonl" for path in files)
    for word in (SECRET, "another-secret-word", "ann:hush"):
        assert [str(path) for path in files if word.encode() in path.read_bytes()] == []
