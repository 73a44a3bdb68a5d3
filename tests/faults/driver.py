"""A driver of Spark as a process of its own, which a test stops where it wants to, and kills.

The process reads orders from stdin and answers on stdout, one JSON object a line. It runs the jobs
of a project as the command does; around the commit of a table, and in tasks, it does what the order
says. The commit and the tasks themselves are the package's.
"""

import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

import alsobought
from alsobought.ingest.files import java_virtual_machine
from alsobought.runtime import commits, progress, session
from alsobought.runtime import job as jobs
from alsobought.runtime.faults import FAILURES, said_of
from alsobought.runtime.run import context, execute_all
from tests import command
from tests.project import REPO

PATIENCE = 600  # seconds; other work may run on the same cores
HALF_AN_ENTRY = 100  # bytes of a log's entry, which has more than a thousand
PACKAGE = str(Path(alsobought.__file__).parents[1])


@dataclass
class Driver:
    """The process, as a test sees it."""

    process: subprocess.Popen[bytes]
    zone: str
    """Of its clock, and of its Java's."""
    java: int = 0
    """The id of its Java's process, once it is ready."""
    is_idle: bool = False
    """Whether it waits for an order."""

    @classmethod
    def start(cls, home: Path, zone: str = "UTC", **spark: str) -> "Driver":
        """Start the process; what it says on stderr goes to a file in the folder."""
        settings = json.dumps(command.SETTINGS | command.FEW_ROWS | spark)
        with (home / "driver.stderr").open("ab") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.driver", settings],
                cwd=home,
                env=command.environment(
                    TZ=zone,
                    PYTHONPATH=os.pathsep.join([str(REPO), PACKAGE]),
                    PYSPARK_PYTHON=sys.executable,
                    JDK_JAVA_OPTIONS=command.QUICK_JAVA,
                ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
                start_new_session=True,
            )
        return cls(process, zone)

    def ready(self) -> None:
        """Return when it takes orders."""
        self.java = self.answer()["ready"]

    def order(self, home: Path, *names: str, as_of: str, **more: Any) -> None:
        """Have it run jobs.

        more: env: of the TOML, "test" where it is not given; stop: "before" or "after" the commit
        of `table`, where it waits for `go`, or "during", where it dies of a signal; kill: by the
        name of a step's module what its first task kills, "python", "executor" (on one machine
        the driver's Java) or "worker".
        """
        self.is_idle = False
        self._write({"home": str(home), "jobs": names, "as_of": as_of, "env": "test"} | more)

    def go(self) -> None:
        """Have it go on from where it has stopped."""
        self._write({})

    def answer(self) -> dict[str, Any]:
        """What it says next: "stopped", or what it printed as "done", or "said" of a failure."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else b""
        assert line, f"the driver ended with {self.process.poll()}"
        answer: dict[str, Any] = json.loads(line)
        self.is_idle = "stopped" not in answer
        return answer

    def stopped(self) -> None:
        """Return when it has stopped where the order says."""
        assert self.answer() == {"stopped": True}

    def kill(self) -> None:
        """End the process as kill -9 does; its Java goes by itself."""
        self.process.kill()
        self.wait()

    def end(self) -> None:
        """End the process and all that it has started, unless a test has done so."""
        self.is_idle = False
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def wait(self) -> None:
        """Return when the process has ended, and its Java with it."""
        self.is_idle = False
        self.process.wait(PATIENCE)
        for _ in range(PATIENCE * 10):
            if not Path(f"/proc/{self.java}").exists():
                return
            time.sleep(0.1)
        raise AssertionError("Java runs on without its driver")

    def _write(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")


def main(settings: str) -> None:
    """The process itself."""
    spark = session.build("faults", json.loads(settings))
    java = java_virtual_machine(spark).java.lang.ProcessHandle.current().pid()
    tell(ready=int(java))
    frames = type(spark.range(1))
    commit, map_in_arrow = commits.Log.commit_partitions, frames.mapInArrow
    while line := sys.stdin.readline():
        order = json.loads(line)
        commits.Log.commit_partitions = around(commit, order)
        frames.mapInArrow = with_kills(map_in_arrow, order)
        home = Path(order["home"])
        try:
            with progress.OUT.capture() as printed:
                in_order = [jobs.load(home, name) for name in order["jobs"]]
                day = date.fromisoformat(order["as_of"])
                where = context(home, order["env"], day, in_order)
                execute_all(in_order, where, spark)
        except FAILURES as error:
            traceback.print_exc()
            tell(said=said_of(error))
        else:
            tell(done=[line.strip() for line in printed.get().splitlines()])


def tell(**answer: Any) -> None:
    """Answer the test."""
    os.write(1, json.dumps(answer).encode() + b"\n")


def around(commit: Callable[..., None], order: dict[str, Any]) -> Callable[..., None]:
    """The commit of the order's table with a stop before or after it, or with a limit under which
    the process dies in the middle of its log's entry; that of any other table as it is."""

    def stop(at: str) -> None:
        if order.get("stop") == at:
            del order["stop"]  # a commit that comes second is tried again
            tell(stopped=True)
            sys.stdin.readline()

    def stopping(log: commits.Log, *given: Any) -> None:
        if Path(log.path).name != order.get("table"):
            return commit(log, *given)
        stop("before")
        if order.get("stop") == "during":
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python would go on with an error
            resource.setrlimit(resource.RLIMIT_FSIZE, (HALF_AN_ENTRY, HALF_AN_ENTRY))
        commit(log, *given)
        stop("after")

    return stopping


def with_kills(map_in_arrow: Callable[..., DataFrame], order: dict[str, Any]) -> Any:
    """Spark's mapInArrow, where the first task of a step that the order names kills what it says,
    once it has made its first batch."""
    home, kills = order.get("home", ""), order.get("kill", {})

    def mapped(rows: DataFrame, function: Any, *given: Any, **named: Any) -> DataFrame:
        module = function.__module__.rpartition(".")[2]
        what = kills.get(module)
        if what is None:
            return map_in_arrow(rows, function, *given, **named)

        def killing(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for made in function(batches):
                kill_once(what, f"{home}/{module}-{what}")
                yield made

        return map_in_arrow(rows, killing, *given, **named)

    return mapped


def kill_once(what: str, mark: str) -> None:
    """Kill the Python worker that calls this, its executor, or with it the executor's worker;
    nothing where the file `mark` says that it was done."""
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return

    def parent_of(process: int) -> int:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])

    executor = parent_of(os.getppid())  # the daemon of Python workers is between
    if what == "worker":
        os.killpg(os.getpgid(executor), signal.SIGKILL)
    if what == "executor":
        os.kill(executor, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
