"""Processes of Spark that are killed while they count, or that have too little memory.

On a cluster the run ends right without them, on one machine with a sentence; the next run heals.
"""

import resource
from pathlib import Path

import pytest
from pyspark.errors import PySparkException

from alsobought.runtime.faults import sentence
from tests.faults.driver import PACKAGE, Driver
from tests.faults.nights import DAYS, JOBS, contents
from tests.rows import rows
from tests.standalone_cluster import WORKERS, standalone_cluster

NO_MEMORY = (
    "Python ran out of memory, in a task or in the driver: lower task_memory_mb or "
    "lists_memory_mb, run fewer tasks at once, or raise spark.executor.pyspark.memory where it is "
    "set, then run again."
)


@pytest.fixture
def cluster(tmp_path):
    folder = tmp_path / "cluster"
    folder.mkdir()
    with standalone_cluster(folder) as running:
        yield running


def test_a_run_outlives_a_python_worker_an_executor_and_a_worker(
    second_night, cluster, undisturbed
):
    """A Python worker and an executor are killed, and then one worker goes for good."""
    home, names = second_night.home, ("item_statistics", "co_purchases")
    second_night.run_jobs(*JOBS, "co_purchases", as_of=DAYS[1])
    assert contents(home) == undisturbed[1]
    pairs = rows(second_night.read("co_purchases"))
    driver = Driver.start(home, **cluster.settings | {"spark.executorEnv.PYTHONPATH": PACKAGE})
    try:
        driver.ready()
        kills = {"pack": "python", "histograms": "executor", "staging": "worker"}
        driver.order(home, *names, as_of=DAYS[1], kill=kills)
        answer = driver.answer()
        assert "done" in answer, answer
        assert all((home / f"{step}-{what}").exists() for step, what in kills.items())
        assert sum(len(cluster.executors(name)) for name in WORKERS) >= len(WORKERS) + 1
        assert [name for name in WORKERS if cluster.processes[name].poll() is not None]
    finally:
        driver.end()
    assert contents(home) == undisturbed[1]
    assert rows(second_night.read("co_purchases")) == pairs


def failure(spark, act):
    """What a user reads where a task does this."""

    def task(batches):
        act()
        yield from batches

    with pytest.raises(PySparkException) as error:
        spark.range(1).mapInArrow(task, "id bigint").collect()
    return sentence(str(error.value))


def test_a_task_without_memory_is_a_sentence(spark):
    def greedy():
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + (64 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        bytearray(1 << 30)

    assert failure(spark, greedy) == NO_MEMORY
