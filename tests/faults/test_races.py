"""Two runs at once, each a process of its own, while a reader looks on: no row is lost, no day is
mixed, and who comes second says so."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from alsobought.runtime.faults import CONCURRENT
from tests.command import printed
from tests.faults import nights
from tests.faults.nights import DAYS, JOBS, contents, rows_of

LOSES = {"said": f"{CONCURRENT}."}


@contextmanager
def watched(home, table):
    """What a reader sees of a table from now on: its rows at every look."""
    seen, is_over = [], threading.Event()

    def look():
        while True:
            is_last = is_over.wait(0.01)
            seen.append(rows_of(home, table))
            if is_last:
                return

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield seen
        finally:
            is_over.set()
    looking.result()
    assert len(seen) > 5


def distinct(seen):
    """The states that a reader has seen, each once, in order."""
    return [rows for rows, before in zip(seen, [None, *seen], strict=False) if rows != before]


def of_day(rows, day):
    return [row for row in rows if row[0] == day]


@pytest.fixture
def of_orders_alone(second_night):
    """An environment beside the project's, by which item_statistics has other rows."""
    units = second_night.conf["baskets"]["units"]
    second_night.conf["baskets"]["units"] = ["order"]
    nights.write_conf(second_night, "orders")
    second_night.conf["baskets"]["units"] = units


@pytest.mark.usefixtures("of_orders_alone")
@pytest.mark.parametrize("first", [0, 1])
def test_of_two_runs_of_one_day_the_first_to_commit_wins(second_night, drivers, undisturbed, first):
    home, racers = second_night.home, drivers(2)
    second_night.run_job("purchases", DAYS[1])
    before = rows_of(home, "item_statistics")
    for driver, env in zip(racers, ("test", "orders"), strict=True):
        driver.order(
            home, "item_statistics", as_of=DAYS[1], env=env, stop="before", table="item_statistics"
        )
    with watched(home, "item_statistics") as seen:
        for driver in racers:
            driver.stopped()
        for driver in (racers[first], racers[1 - first]):
            driver.go()
            answer = driver.answer()
            assert answer == LOSES if driver is racers[1 - first] else "done" in answer
    units = {row[1] for row in of_day(rows_of(home, "item_statistics"), DAYS[1])}
    assert units == ({"order"} if first else {"order", "customer"})
    assert distinct(seen) == [before, rows_of(home, "item_statistics")]

    # the one that has lost is run again
    driver = racers[1 - first]
    driver.order(home, "item_statistics", as_of=DAYS[1], env=("orders", "test")[first])
    assert "done" in driver.answer()
    units = {row[1] for row in of_day(rows_of(home, "item_statistics"), DAYS[1])}
    assert units == ({"order", "customer"} if first else {"order"})
    second_night.run_job("item_statistics", DAYS[1])
    assert contents(home) == undisturbed[1]


def test_runs_of_two_days_both_write_in_any_zone(second_night, drivers, undisturbed):
    """Their clocks, and those of their Java, show other days than UTC; the rows are UTC's."""
    home, racers = second_night.home, drivers(2)
    second_night.run_job("purchases", DAYS[1])
    before = rows_of(home, "item_statistics")
    with watched(home, "item_statistics") as seen:
        for driver, day in zip(racers, DAYS, strict=True):
            driver.order(home, "item_statistics", as_of=day, stop="before", table="item_statistics")
        for driver in racers:
            driver.stopped()
        for driver in racers:
            driver.go()
        assert ["done" in driver.answer() for driver in racers] == [True, True]
    after = rows_of(home, "item_statistics")
    for day in DAYS:
        states = [of_day(rows, day) for rows in seen]
        assert distinct(states) == [of_day(rows, day) for rows in (before, after)]
    second_night.run_job("item_statistics", DAYS[0])
    second_night.run_job("item_statistics", DAYS[1])
    assert rows_of(home, "item_statistics") == after
    assert of_day(after, DAYS[1]) == of_day(undisturbed[1]["item_statistics"], DAYS[1])


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_loads_of_the_same_files_one_writes(second_night, drivers, undisturbed, first):
    """Each in another zone of the clock: the times of the lines are UTC."""
    home, racers = second_night.home, drivers(2)
    with watched(home, "purchases") as seen:
        for driver in racers:
            driver.order(home, "purchases", as_of=DAYS[1], stop="before", table="purchases")
        for driver in racers:
            driver.stopped()
        racers[first].go()
        assert racers[first].answer()["done"][0].startswith("purchases: 5 rows added, 2 removed")
        racers[1 - first].go()
        assert racers[1 - first].answer() == LOSES
    assert distinct(seen) == [night["purchases"] for night in undisturbed]
    racers[1 - first].order(home, *JOBS, as_of=DAYS[1])
    assert racers[1 - first].answer()["done"][0].startswith("purchases: nothing new in 3 files")
    assert contents(home) == undisturbed[1]


def maintained(project):
    """What `alsobought maintain` says."""
    project.conf["maintenance"] = {"keep_days": 1, "rollback_days": 1, "vacuum_days": 1}
    nights.write_conf(project)
    return printed("maintain", "test", "--as-of", "2017-11-22")


def test_maintenance_beside_a_run(second_night, drivers, monkeypatch):
    """It drops old days beside a run of another, and joins files beside a load, which gives up."""
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(second_night.home))
    home, (loads, counts) = second_night.home, drivers(2)
    second_night.file("purchases/0.csv", f"{nights.HEAD}eva,9,tea,2017-11-01\n")
    loads.order(home, "purchases", as_of=DAYS[1])
    assert loads.answer()["done"][0].startswith("purchases: 6 rows added, 2 removed")
    second_night.file("purchases/4.csv", f"{nights.HEAD}eva,10,tea,2017-11-01\n")
    loads.order(home, "purchases", as_of=DAYS[1], stop="before", table="purchases")
    counts.order(home, "item_statistics", as_of=DAYS[1], stop="before", table="item_statistics")
    for driver in (loads, counts):
        driver.stopped()
    before = rows_of(home, "purchases")
    code, lines = maintained(second_night)
    assert code == 0, lines
    for driver in (loads, counts):
        driver.go()
    assert loads.answer() == LOSES
    assert "done" in counts.answer()
    assert rows_of(home, "purchases") == before
    loads.order(home, *JOBS, as_of=DAYS[1])
    assert loads.answer()["done"][0].startswith("purchases: 1 rows added, 0 removed")
    assert {row[0] for row in rows_of(home, "item_statistics")} == {DAYS[1]}


def test_a_customer_is_forgotten_beside_a_load(second_night, drivers, monkeypatch):
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(second_night.home))
    home, (driver,) = second_night.home, drivers(1)
    driver.order(home, *JOBS, as_of=DAYS[1], stop="before", table="purchases")
    driver.stopped()
    code, lines = printed("forget", "ann", "--env", "test")
    assert code == 0, lines
    driver.go()
    assert driver.answer() == LOSES
    driver.order(home, *JOBS, as_of=DAYS[1])
    assert "done" in driver.answer()
    customers = {row[0] for row in rows_of(home, "purchases")}
    assert customers == {"ben", "cid", "dan"}
