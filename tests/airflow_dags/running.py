"""DAGs as Airflow runs them: its own database, real spark-submit, projects of their own."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conftest import DAGS, HERE, MAIN_PYTHON, REPO, in_main_python

PATIENCE = 2400  # seconds; a night is many processes, and other work may run on the same cores


def quick_java() -> str:
    """Java's options for short-lived JVMs, many, the executors' too.

    To compile a little at once costs half of compiling well; the archive of classes is the one that
    set-up has spark-submit use.
    """
    settings = MAIN_PYTHON.parents[1].glob("lib/python*/site-packages/pyspark/conf/*-defaults.conf")
    archives = [re.search(r"-XX:SharedArchiveFile=[^\s\"]+", file.read_text()) for file in settings]
    archive = [f"{found[0]} -Xshare:auto -Xlog:disable" for found in archives if found]
    return " ".join(["-XX:TieredStopAtLevel=1 -XX:+UseSerialGC", *archive])


QUICK_JAVA = quick_java()


@dataclass(frozen=True)
class Run:
    """One run of a DAG for a day, in the project in `home`."""

    dag_id: str
    day: str
    home: Path
    only: Sequence[str] = ()
    """The tasks that run, if not all; Airflow marks the others as done."""
    params: Mapping[str, str] = field(default_factory=dict)
    """What is given by hand."""
    submitted: Mapping[str, str] = field(default_factory=dict)
    """Variables by which Spark is another one than this machine's."""

    def command(self) -> tuple[list[str], dict[str, str]]:
        """The words of Airflow's command, and the variables of its environment."""
        words = ["dags", "test", self.dag_id, self.day]
        if self.params:
            words += ["--conf", json.dumps(self.params)]
        if self.only:
            words += ["--mark-success-pattern", f"(?!({'|'.join(self.only)})$).*"]
        return words, {
            "AIRFLOW_VAR_ALSOBOUGHT_HOME": str(self.home),
            **submitted_to("local[2]"),
            **self.submitted,
        }


def submitted_to(master: str) -> dict[str, str]:
    """The variable by which Airflow submits to a master."""
    # JSON, since in a URI the scheme is part of the master: spark://local[2] is another one.
    return {"AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": master})}


@dataclass(frozen=True)
class Cluster:
    """A cluster that `make cluster` has started, by its port."""

    port: int

    @property
    def url(self) -> str:
        """What spark-submit is given as master."""
        return f"spark://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        """Where its logs are, and what its workers have done."""
        return REPO / "build" / f"cluster-{self.port}"

    def applications(self, worker: int) -> list[str]:
        """The applications for which a worker has started executors."""
        return sorted(path.name for path in self.folder.glob(f"worker-{worker}/app-*"))


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster on a port that was free, for as long as the context lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Cluster(port)
    # short-lived JVMs, the executors' too, get the daemons' variables
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    started = inherited | {"JDK_JAVA_OPTIONS": QUICK_JAVA}
    made = ["make", "--directory", str(REPO), f"CLUSTER_PORT={port}"]
    try:
        subprocess.run([*made, "cluster"], env=started, check=True, timeout=300)
        yield running
    finally:
        subprocess.run([*made, "cluster-stop"], env=inherited, check=True, timeout=60)
        shutil.rmtree(running.folder, ignore_errors=True)


def run_here(home: Path, *words: str) -> None:
    """Run a command of alsobought in a project, on this machine."""
    settings = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [MAIN_PYTHON.parent / "alsobought", *words],
        cwd=home,
        env=settings | {"JDK_JAVA_OPTIONS": QUICK_JAVA},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def project(folder: Path, settings: Mapping[str, str], sources: Mapping[str, str]) -> Path:
    """A folder with the repository's jobs, these environments, and these source files."""
    folder.mkdir()
    shutil.copytree(REPO / "jobs", folder / "jobs", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "conf").mkdir()
    for name, text in settings.items():
        (folder / "conf" / f"{name}.toml").write_text(text, encoding="utf-8")
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run_dags(airflow_home: Path, *runs: Run) -> None:
    """Run DAGs in an Airflow with nothing in it; the test fails with what it has printed."""
    _run(airflow_home, [(["db", "migrate"], {}), *(run.command() for run in runs)])


def output_of(airflow_home: Path, commands: Sequence[Sequence[str]]) -> str:
    """What commands of Airflow print, one after the other; the same."""
    return _run(airflow_home, [(words, {}) for words in commands])


def _run(airflow_home: Path, commands: Sequence[tuple[Sequence[str], Mapping[str, str]]]) -> str:
    done = subprocess.run(
        [sys.executable, HERE / "airflow_commands.py", json.dumps(commands)],
        env=airflow_settings(airflow_home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:]
    return done.stdout


def airflow_settings(airflow_home: Path) -> dict[str, str]:
    """The environment of an Airflow whose spark-submit is the main venv's."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
    return inherited | {
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",  # a failure shows at once
        "AIRFLOW_VAR_ALSOBOUGHT_ENV": "test",
        "AIRFLOW_VAR_ALSOBOUGHT_DRIVER_MEMORY": "1g",
        "PATH": f"{MAIN_PYTHON.parent}{os.pathsep}{os.environ['PATH']}",
        "PYSPARK_PYTHON": str(MAIN_PYTHON),
        "PYSPARK_DRIVER_PYTHON": str(MAIN_PYTHON),
        "JDK_JAVA_OPTIONS": QUICK_JAVA,
    }


def rows(warehouse, table, *columns):
    return sorted(in_main_python("table_rows.py", warehouse / table, *columns))
