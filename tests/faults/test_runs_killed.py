"""kill -9 of a run before, during and after its commit: a reader sees the table as before the run
or as after it, and the next run makes it what it would be without the fault."""

import signal

import pytest

from tests.faults.nights import DAYS, JOBS, contents

KILLED = {
    "python": (
        "A Python worker of Spark crashed or was killed, most often because the machine had no "
        "memory left: run fewer tasks at once (N of spark.master local[N], executor cores), or "
        "give it more memory, then run again."
    ),
    "executor": (
        "Java, which runs Spark's driver, ended before its work was done, most often for want of "
        "memory: raise spark.driver.memory, and look for the reason in Spark's log."
    ),
}


@pytest.mark.parametrize("what", KILLED)
def test_a_process_that_is_killed_on_one_machine(second_night, drivers, undisturbed, what):
    """As the kernel does where no memory is left: a worker that loads, Java while it counts."""
    home, (driver,) = second_night.home, drivers(1)
    step = "staging" if what == "python" else "histograms"
    driver.order(home, *JOBS, as_of=DAYS[1], kill={step: what})
    assert driver.answer() == {"said": KILLED[what]}
    left = contents(home)
    assert left["purchases"] == undisturbed[what == "executor"]["purchases"]
    assert left["item_statistics"] == undisturbed[0]["item_statistics"]
    if what == "executor":
        driver.end()
        second_night.run_jobs(*JOBS, as_of=DAYS[1])
    else:
        driver.order(home, *JOBS, as_of=DAYS[1])
        assert driver.answer()["done"][0].startswith("purchases: 5 rows added, 2 removed")
    assert contents(home) == undisturbed[1]


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_a_load_that_is_killed(second_night, drivers, undisturbed, when):
    home, (driver,) = second_night.home, drivers(1)
    before = contents(home)
    assert before == undisturbed[0]
    driver.order(home, "purchases", as_of=DAYS[1], stop=when, table="purchases")
    if when == "during":
        driver.wait()
    else:
        driver.stopped()
        driver.kill()
    log = home / "tables" / "purchases" / "_delta_log"
    half = [path for path in log.iterdir() if 0 < path.stat().st_size <= 100]
    if when == "during":
        assert driver.process.returncode == -signal.SIGXFSZ
        assert half  # of the entry that no version is made of
    else:
        assert driver.process.returncode == -signal.SIGKILL
        assert half == []
    left = contents(home)
    assert left["purchases"] == undisturbed[when == "after"]["purchases"]
    assert left["item_statistics"] == before["item_statistics"]
    # for Spark too
    assert second_night.read("purchases").count() == len(left["purchases"])

    lines = second_night.run_jobs(*JOBS, as_of=DAYS[1])
    assert lines[0] == (
        "purchases: nothing new in 3 files"
        if when == "after"
        else "purchases: 5 rows added, 2 removed"
    )
    assert contents(home) == undisturbed[1]
