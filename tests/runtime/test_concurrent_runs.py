"""Two runs at once: of one day only one writes, of two days both do."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from alsobought.errors import JobError
from alsobought.runtime import commits
from alsobought.runtime.faults import CONCURRENT, sentence
from alsobought.tables.outcome import Outcome
from tests.rows import rows
from tests.runtime.small_tables import COLUMNS, FIRST, SECOND, STOCK

PATIENCE = 120


def waiting(lines, folder):
    """The same rows; when they are read, not before the file `go` lies in the folder.

    `began` says that they wait.
    """
    began, go = folder / "began", folder / "go"

    def wait(batches):
        began.touch()
        while not go.exists():
            time.sleep(0.05)
        yield from batches

    return lines.mapInArrow(wait, COLUMNS)


@pytest.fixture
def meanwhile(store, frame, tmp_path):
    """meanwhile(act) runs `act` while a slow run of FIRST reads its rows. Returns that slow run."""

    def slow(act):
        lines = waiting(frame(COLUMNS, ("slow", 1, None)).coalesce(1), tmp_path)
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


def said_by(run):
    error = run.exception()
    return str(error) if isinstance(error, JobError) else sentence(str(error))


@pytest.mark.parametrize("way", ["workers", "spark"])
@pytest.mark.parametrize("before", [FIRST, SECOND, None], ids=["its day", "other day", "no table"])
def test_two_runs_of_one_day_at_once_the_second_to_finish_writes_nothing(
    stock, stored, meanwhile, before, way
):
    """Also the first two of a new day or table: neither removes a file of the other."""
    if before is not None:
        stock(before, ("old", 9, None))
    run = meanwhile(lambda: stock(FIRST, ("quick", 2, None)))
    assert said_by(run) == f"{CONCURRENT}."
    of_day = [row for row in stored()[0] if row[0] == FIRST]
    assert of_day == [(FIRST, "quick", 2, None)]


def test_a_run_of_the_same_day_between_the_last_look_and_the_commit(stock, store, monkeypatch):
    """The version is taken only where nobody has taken it: then the run looks again."""
    stock(SECOND, ("old", 9, None))
    look = commits.Log.commit

    def commit_after_another(log, *given):
        monkeypatch.setattr(commits.Log, "commit", look)
        stock(FIRST, ("quick", 2, None))
        look(log, *given)

    monkeypatch.setattr(commits.Log, "commit", commit_after_another)
    with pytest.raises(JobError, match=CONCURRENT):
        stock(FIRST, ("slow", 1, None))
    assert rows(store.read(STOCK, FIRST).rows) == [("quick", 2, None)]


@pytest.mark.parametrize("way", ["workers", "spark"])
def test_two_runs_of_two_days_at_once_both_write(stock, stored, meanwhile, way):
    stock(FIRST, ("old", 9, None))
    run = meanwhile(lambda: stock(SECOND, ("quick", 2, None), ("third", 2, None)))
    assert run.result() == 1
    assert stored()[0] == [
        (FIRST, "slow", 1, None),
        (SECOND, "quick", 2, None),
        (SECOND, "third", 2, None),
    ]
