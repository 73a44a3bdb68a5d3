"""What goes wrong on a day of the backfill, each a function of the run that it happens to."""

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
DAEMON = "alsobought.runtime.daemon"
SPARK_WORKER = "org.apache.spark.deploy.worker.Worker"


@dataclass
class World:
    """The run of a day, the cluster's processes, and the project's folder."""

    home: Path
    day: str
    driver: subprocess.Popen[str]
    cluster: list[int]
    """The ids of the master's and the workers' processes."""
    dice: random.Random
    rival: subprocess.Popen[str] | None = None
    """Another driver, which waits to be given a day; of the fault that is called so."""
    is_over: threading.Event = field(default_factory=threading.Event)
    """The run has ended the day, or itself."""

    def processes(self, words: str) -> Iterator[psutil.Process]:
        """The processes below the cluster's whose command line has these words."""
        for one in self.cluster:
            if not psutil.pid_exists(one):
                continue
            for process in psutil.Process(one).children(recursive=True):
                try:
                    if words in " ".join(process.cmdline()):
                        yield process
                except psutil.Error:
                    continue  # it has ended meanwhile

    def one_of(self, words: str) -> psutil.Process | None:
        """One of them by chance, waited for if there is none yet."""
        for _ in range(600):
            there = list(self.processes(words))
            if there:
                return self.dice.choice(there)
            if self.driver.poll() is not None:
                return None
            time.sleep(0.1)
        return None


def driver(world: World) -> str:
    """kill -9 of the driver, Java and Python."""
    try:
        os.killpg(world.driver.pid, signal.SIGKILL)
    except ProcessLookupError:
        return "the driver had ended by itself"
    return "killed the driver"


def executor(world: World) -> str:
    """kill -9 of an executor."""
    return _killed(world.one_of(EXECUTOR), "an executor")


def python_worker(world: World) -> str:
    """kill -9 of a Python worker, or of the daemon that forks them."""
    return _killed(world.one_of(DAEMON), "a Python worker")


def worker(world: World) -> str:
    """A worker that leaves, with its executor; the cluster is whole again on the next day."""
    leaving = [p for p in world.cluster if SPARK_WORKER in " ".join(psutil.Process(p).cmdline())]
    chosen = psutil.Process(world.dice.choice(leaving))
    below = chosen.children(recursive=True)
    for process in (chosen, *below):
        process.kill()
    return "a worker left for good"


def rival(world: World) -> str:
    """The same day by another driver, on this machine, into the same warehouse, at once."""
    assert world.rival is not None
    world.rival.communicate(f"{world.day}\n")
    if world.rival.returncode == 0:
        return "another run of the day, which ended well"
    errors = world.home / "errors-rival"
    return f"another run of the day: {errors.read_text(encoding='utf-8').strip().splitlines()[-1]}"


def torn_log(world: World) -> str:
    """The last entry of a table's log cut short, as by a full disk; then put back."""
    log = world.home / "cluster" / "purchases" / "_delta_log"
    entry = max(log.glob("*.json"))
    return _damaged(world, entry, "the last entry of purchases' log cut short")


def torn_file(world: World) -> str:
    """A data file of purchases cut short; then put back."""
    files = sorted((world.home / "cluster" / "purchases").glob("*.parquet"))
    return _damaged(world, world.dice.choice(files), "a data file of purchases cut short")


def _damaged(world: World, file: Path, what: str) -> str:
    copy = world.home / "copy"
    shutil.copy2(file, copy)
    os.truncate(file, file.stat().st_size // 2)
    world.is_over.wait()
    shutil.copy2(copy, file)
    return what


def _killed(process: psutil.Process | None, what: str) -> str:
    if process is None:
        return f"there was no longer {what}"
    process.kill()
    return f"killed {what}"


ALL: tuple[Callable[[World], str], ...] = (
    driver, executor, python_worker, worker, rival, torn_log, torn_file,
)  # fmt: skip
