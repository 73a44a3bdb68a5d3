"""Two runs at once: of one day only one writes, of two days both do."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from alsobought.errors import JobError
from alsobought.runtime.faults import CONCURRENT, sentence
from alsobought.tables.outcome import Outcome
from tests.runtime.small_tables import COLUMNS, FIRST, SECOND, STOCK, counts

PATIENCE = 120


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
