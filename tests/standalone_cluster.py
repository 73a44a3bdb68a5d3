"""Spark's standalone cluster on this machine: a master and workers, each a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyspark

from tests import command

SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
PATIENCE = 600  # seconds; other work may run on the same cores
WORKERS = ("worker1", "worker2")


@dataclass
class Cluster:
    """A running cluster: its URL, the process of each worker, and the folders where they work."""

    folder: Path
    url: str = ""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """Spark's settings of an application with an executor of one core on each worker."""
        return {
            "spark.master": self.url,
            "spark.driver.host": "127.0.0.1",
            "spark.executor.memory": "512m",
            "spark.executor.cores": "1",
        }

    def executors(self, worker: str) -> list[Path]:
        """The folders of the executors that a worker has started."""
        return sorted((self.folder / worker).glob("app-*/*"))

    def start(self, name: str, kind: str, pattern: str, *words: str) -> Callable[[], str]:
        """Start the master or a worker; what is returned waits until it is up, and has what it
        says then."""
        log = self.folder / f"{name}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [SPARK_CLASS, f"org.apache.spark.deploy.{kind}", "--host", "127.0.0.1",
                 "--port", "0", "--webui-port", "0", *words],
                cwd=self.folder,
                env=command.environment(
                    JDK_JAVA_OPTIONS=command.QUICK_JAVA, PYSPARK_PYTHON=sys.executable
                ),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self.processes[name] = process
        return lambda: printed(log, pattern, process)

    def kill(self, name: str) -> None:
        """End the master or a worker, and what it has started, by SIGKILL."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def printed(log: Path, pattern: str, process: subprocess.Popen[bytes]) -> str:
    """What a process prints once it is up."""
    for _ in range(PATIENCE * 10):
        found = re.search(pattern, log.read_text(encoding="utf-8"))
        if found or process.poll() is not None:
            break
        time.sleep(0.1)
    assert found, log.read_text(encoding="utf-8")
    return found[0]


@contextmanager
def standalone_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster of two workers with one core each, whose logs and work lie in the folder."""
    cluster = Cluster(folder)
    try:
        cluster.url = cluster.start("master", "master.Master", r"spark://127\.0\.0\.1:\d+")()
        limits = ["--cores", "1", "--memory", "1g", "--work-dir"]
        workers = [
            cluster.start(
                name, "worker.Worker", "Successfully registered",
                *limits, str(folder / name), cluster.url,
            )
            for name in WORKERS
        ]  # fmt: skip
        for registered in workers:
            registered()
        yield cluster
    finally:
        for name in reversed(list(cluster.processes)):
            cluster.kill(name)
