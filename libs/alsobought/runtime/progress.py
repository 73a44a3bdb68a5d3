"""What a running job shows: its name, the stage it is in, and at the end one line."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession
from rich.console import Console
from rich.status import Status


class PatientConsole(Console):
    """A console whose reader may leave before the end, as `| head` does: the rest goes nowhere."""

    def on_broken_pipe(self) -> None:
        """Go on without a reader; what is printed next, Python's own flush too, is lost."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())


OUT = PatientConsole(highlight=False, soft_wrap=True)
POLL_SECONDS = 0.3


@contextmanager
def shown(spark: SparkSession, job: str) -> Iterator[Callable[[str, list[str]], None]]:
    """Show the job's progress while it works; yields the function that prints its outcome."""
    done = threading.Event()
    status = Status(job, console=OUT)
    watcher = threading.Thread(target=_watch, args=(spark, job, status, done), daemon=True)
    if OUT.is_terminal:
        status.start()
        watcher.start()
    try:
        yield _say
    finally:
        done.set()
        if OUT.is_terminal:
            watcher.join()
            status.stop()


def printable(text: str) -> str:
    """The text with a space for every line break and control character: names from files and tables
    must not steer a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _say(line: str, sentences: list[str]) -> None:
    OUT.print(printable(line), style="bold", markup=False)
    for sentence in sentences:
        OUT.print(f"  {printable(sentence)}", markup=False)


def _watch(spark: SparkSession, job: str, status: Status, done: threading.Event) -> None:
    tracker = spark.sparkContext.statusTracker()
    while not done.wait(POLL_SECONDS):
        stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        tasks = [(s.numCompletedTasks, s.numTasks) for s in stages if s is not None]
        finished, total = sum(t[0] for t in tasks), sum(t[1] for t in tasks)
        status.update(f"{job}: {finished} of {total} tasks" if total else job)
