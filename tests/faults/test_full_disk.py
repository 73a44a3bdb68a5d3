"""A disk that is full, of the warehouse or of Spark's scratch files: a small one is filled up.

One sentence says where, the tables stay, and the run that finds room ends well.
"""

import subprocess
from contextlib import suppress

import pytest

from alsobought.runtime import commits
from tests.faults import nights
from tests.faults.driver import Driver
from tests.faults.nights import DAYS, JOBS, contents

MANY = 60_000  # lines whose table takes megabytes


def mount(folder, *options):
    """Mount a file system in memory, or change its size."""
    words = ["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(folder)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture
def small_disk(tmp_path):
    """An empty folder on a file system of 1 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = mount(folder, "size=1m")
    if mounted.returncode:
        pytest.skip(f"a file system can only be mounted by root: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Take all room that is left on the folder's file system."""
    with (folder / "taken").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(512)):
            pass


def many_lines(project):
    lines = (f"c{n},x{n},tea{n % 999},2017-11-{1 + n % 19:02}" for n in range(MANY))
    project.file("purchases/9.csv", nights.HEAD + "".join(f"{line}\n" for line in lines))


def test_a_full_warehouse(project, small_disk, undisturbed):
    """What the run has written is removed again, so that there is room for the next one."""
    project.conf["warehouse"] = str(small_disk / "tables")
    nights.deliver(project, 0)
    project.run_jobs(*JOBS, as_of=DAYS[0])
    assert contents(project.home, small_disk) == undisturbed[0]
    nights.deliver(project, 1)
    many_lines(project)
    said = project.refusal("purchases", DAYS[1])
    assert said.startswith("The disk of small/tables/")
    assert said.endswith(" is full: make room there, then run again.")
    assert contents(project.home, small_disk) == undisturbed[0]
    (project.home / "purchases" / "9.csv").unlink()
    project.run_jobs(*JOBS, as_of=DAYS[1])
    assert contents(project.home, small_disk) == undisturbed[1]


def test_a_disk_that_is_full_when_a_run_is_to_commit(project, small_disk, undisturbed, monkeypatch):
    project.conf["warehouse"] = str(small_disk / "tables")
    nights.deliver(project, 0)
    project.run_jobs(*JOBS, as_of=DAYS[0])
    nights.deliver(project, 1)
    commit = commits.Log.commit_partitions

    def full(log, *given):
        if log.path.endswith("/purchases"):
            fill(small_disk)
        commit(log, *given)

    monkeypatch.setattr(commits.Log, "commit_partitions", full)
    assert project.refusal("purchases", DAYS[1]) == (
        "The disk of small/tables/purchases is full: make room there, then run again."
    )
    monkeypatch.undo()
    left = contents(project.home, small_disk)
    rejected = "rejected_purchases"  # are committed before
    assert left == undisturbed[0] | {rejected: undisturbed[1][rejected]}
    assert " is full" in project.refusal("purchases", DAYS[1])
    (small_disk / "taken").unlink()
    project.run_jobs(*JOBS, as_of=DAYS[1])
    assert contents(project.home, small_disk) == undisturbed[1]


def test_full_scratch(project, small_disk):
    many_lines(project)
    nights.write_conf(project)
    driver = Driver.start(project.home, **{"spark.local.dir": str(small_disk)})
    try:
        driver.ready()
        driver.order(project.home, *JOBS, as_of=DAYS[0])
        assert driver.answer()["said"] == (
            "A disk is full, most likely the one of Spark's scratch files (spark.local.dir, "
            "SPARK_LOCAL_DIRS, else /tmp): make room there, then run again."
        )
        assert mount(small_disk, "remount", "size=64m").returncode == 0
        driver.order(project.home, *JOBS, as_of=DAYS[0])
        assert driver.answer()["done"][-1].startswith("item_statistics: 1,998 rows in")
    finally:
        driver.end()
