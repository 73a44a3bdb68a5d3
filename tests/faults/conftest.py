"""Drivers of Spark that tests share, as each takes seconds to start, and nights without a fault."""

from collections.abc import Callable, Iterator

import pytest
from pyspark.sql import SparkSession

from tests.faults import nights
from tests.faults.driver import Driver
from tests.project import Project

ZONES = ("Pacific/Kiritimati", "America/Los_Angeles")
"""Of the drivers: their calendars are a day apart for most of the time."""


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Driver]]:
    """All drivers that were started; they end with the tests."""
    drivers: list[Driver] = []
    yield drivers
    for driver in drivers:
        driver.end()


@pytest.fixture
def drivers(
    started: list[Driver], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], list[Driver]]:
    """drivers(n): one or two that run, those of other tests, if they have left them alive."""

    def running(n: int) -> list[Driver]:
        alive = [driver for driver in started if driver.is_idle]
        home = tmp_path_factory.mktemp("drivers")
        zones = [zone for zone in ZONES if zone not in {driver.zone for driver in alive}]
        new = [Driver.start(home, zone) for zone in zones[: max(n - len(alive), 0)]]
        started.extend(new)
        for driver in new:
            driver.ready()
        return [*alive, *new][:n]

    return running


@pytest.fixture(scope="session")
def undisturbed(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, list[tuple[str, ...]]]]:
    """What the tables hold after the first night, and after the second, where nothing happens."""
    project = Project(tmp_path_factory.mktemp("undisturbed"), spark)
    after = []
    for number in range(2):
        nights.deliver(project, number)
        project.run_jobs(*nights.JOBS, as_of=nights.DAYS[number])
        after.append(nights.contents(project.home))
    return after


@pytest.fixture
def second_night(project: Project) -> Project:
    """A shop whose first night is over, and the files of the second are there."""
    nights.deliver(project, 0)
    project.run_jobs(*nights.JOBS, as_of=nights.DAYS[0])
    nights.deliver(project, 1)
    nights.write_conf(project)
    return project
