"""The record of runs: rows of `runs` and lines of a log, without Spark."""

import json
import threading
from datetime import UTC, date, datetime

import pytest
from deltalake import DeltaTable

from alsobought import __version__
from alsobought.errors import JobError
from alsobought.runtime.amounts import Amount, Done
from alsobought.runtime.journal import Journal, log_folder
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.operations import RUNS
from alsobought.tables.related import RELATED_ITEMS
from tests.commands.serving_tables import FIRST, SECOND, THIRD, decide, lists_of

DAY = date(2024, 1, 2)
DONE = Done("7 rows", [], Amount(40, 900), 7)


@pytest.fixture
def journal(tmp_path):
    return Journal(f"{tmp_path}/tables", tmp_path / "logs", "shop", DAY, "r1")


def recorded(journal):
    return Warehouse(journal.warehouse).rows("SELECT * FROM runs ORDER BY job", RUNS.name)


def lines(journal):
    (file,) = journal.logs.iterdir()
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_job_that_ended_well_is_a_row_and_two_lines(journal):
    before = datetime.now(UTC)
    with journal.recorded("items") as figures:
        figures.of(DONE, bytes_shuffled=5)
    (row,) = recorded(journal)
    started, seconds = row.pop("started_at"), row.pop("seconds")
    assert 0 <= (started - before).total_seconds() + 0.001 < 10
    assert 0 <= seconds < 10
    figures = {
        "rows_read": 40, "bytes_read": 900, "rows_written": 7, "bytes_written": None,
        "bytes_shuffled": 5, "said": None,
    }  # fmt: skip
    run = {"run_id": "r1", "job": "items", "as_of": DAY}
    assert row == run | figures | {"outcome": "done", "code_version": __version__}
    start, end = lines(journal)
    assert start.pop("at") <= end.pop("at")
    shared = {"run_id": "r1", "environment": "shop", "as_of": "2024-01-02", "job": "items"}
    assert start == shared | {"event": "started"}
    assert end == shared | figures | {"event": "done", "seconds": seconds}


def test_a_job_that_had_nothing_to_do(journal):
    with journal.recorded("items") as figures:
        figures.of(Done("nothing new in 3 files", [], Amount(0, 0), 0, is_unchanged=True), 0)
    assert [row["outcome"] for row in recorded(journal)] == ["unchanged"]


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (JobError("No customer_id 'ann'."), "failed", "No customer_id ***."),
        (OSError(28, "No space left on device", "/w/items"), "failed", "The disk of /w/items is "
         "full: make room there, then run again."),
        (ValueError("odd"), "failed", "It failed: ValueError: odd. Run again with --debug for the "
         "whole trace."),
        (KeyboardInterrupt(), "interrupted", "Interrupted; each table is as it was before a job, "
         "or as a whole job made it."),
    ],
)  # fmt: skip
def test_a_failure_is_recorded_with_its_sentence_and_goes_on(journal, error, outcome, said):
    with pytest.raises(type(error)) as raised, journal.recorded("items"):
        raise error
    assert raised.value is error
    (row,) = recorded(journal)
    assert (row["outcome"], row["said"], row["rows_written"]) == (outcome, said, None)
    assert [line["event"] for line in lines(journal)] == ["started", outcome]


def test_a_job_that_cannot_even_begin_is_recorded_and_one_that_can_is_not(journal):
    with journal.failure("items", RELATED_ITEMS):
        pass
    assert not journal.logs.exists()
    with pytest.raises(JobError), journal.failure("items", RELATED_ITEMS):
        raise JobError("No Java was found.")
    assert [(row["outcome"], row["said"]) for row in recorded(journal)] == [
        ("failed", "No Java was found.")
    ]


def test_a_run_without_a_name_is_not_recorded(journal, tmp_path):
    nameless = Journal(journal.warehouse, journal.logs, "shop", DAY, None)
    with nameless.recorded("items", RELATED_ITEMS) as figures:
        figures.of(DONE, 0)
    with pytest.raises(JobError) as raised, nameless.recorded("items", RELATED_ITEMS):
        raise JobError("It broke.")
    assert list(tmp_path.iterdir()) == []
    assert not getattr(raised.value, "__notes__", [])


def test_runs_that_end_at_the_same_time_are_all_recorded(journal):
    def run(n):
        with journal.recorded(f"job{n}") as figures:
            figures.of(DONE, 0)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row["job"] for row in recorded(journal)] == [f"job{n}" for n in range(6)]
    assert len(lines(journal)) == 12


def test_what_keeps_a_run_from_being_recorded_is_a_note_and_no_failure(tmp_path, capsys):
    (tmp_path / "logs").touch()
    (tmp_path / "tables").touch()
    journal = Journal(f"{tmp_path}/tables", tmp_path / "logs", "shop", DAY, "r1")
    with journal.recorded("items", RELATED_ITEMS) as figures:
        figures.of(DONE, 0)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3  # two lines of the log, and the row
    assert all(line.startswith("note: this run is not in ") for line in said)


def test_a_failure_says_what_readers_have_of_the_table(tmp_path):
    tables = tmp_path / "tables"
    first = lists_of(tables, FIRST, "jam")
    lists_of(tables, SECOND, "milk")
    decide(tables, ("promoted", FIRST, first))

    def note(day):
        journal = Journal(str(tables), None, "shop", day, "r1")
        with pytest.raises(JobError) as raised, journal.recorded("related_items", RELATED_ITEMS):
            raise JobError("It broke.")
        return raised.value.__notes__

    served = "the lists of 2024-01-01 are served."
    assert note(THIRD) == [f"related_items stays as of 2024-01-02; {served}"]
    assert note(SECOND) == [
        f"related_items of 2024-01-02 is as the last run that ended well has made it; {served}"
    ]


def test_where_the_logs_are(tmp_path):
    assert log_folder(tmp_path, "/data/tables", None) == type(tmp_path)("/data/tables-logs")
    assert log_folder(tmp_path, "s3a://bucket/tables", None) is None
    assert log_folder(tmp_path, "s3a://bucket/tables", "logs") == tmp_path / "logs"


def test_every_row_is_one_commit_of_the_contract(journal):
    for _ in range(2):
        with journal.recorded("items") as figures:
            figures.of(DONE, 0)
    table = DeltaTable(f"{journal.warehouse}/runs")
    assert table.version() == 2
    assert {field.name for field in table.schema().fields} == set(RUNS.names)
