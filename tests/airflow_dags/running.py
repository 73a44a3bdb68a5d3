"""DAGs as Airflow runs them: its own database, real spark-submit, projects of their own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conftest import DAGS, HERE, MAIN_PYTHON, REPO, in_main_python


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

    def command(self) -> tuple[list[str], dict[str, str]]:
        """The words of Airflow's command, and the variables of its environment."""
        words = ["dags", "test", self.dag_id, self.day]
        if self.params:
            words += ["--conf", json.dumps(self.params)]
        if self.only:
            words += ["--mark-success-pattern", f"(?!({'|'.join(self.only)})$).*"]
        return words, {"AIRFLOW_VAR_ALSOBOUGHT_HOME": str(self.home)}


def project(folder: Path, settings: str, sources: Mapping[str, str]) -> Path:
    """A folder with the repository's jobs, one environment, and these source files."""
    folder.mkdir()
    shutil.copytree(REPO / "jobs", folder / "jobs", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "conf").mkdir()
    (folder / "conf" / "test.toml").write_text(settings, encoding="utf-8")
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run_dags(airflow_home: Path, *runs: Run) -> None:
    """Run DAGs in an Airflow with nothing in it; the test fails with what it has printed."""
    commands = [(["db", "migrate"], {}), *(run.command() for run in runs)]
    done = subprocess.run(
        [sys.executable, HERE / "airflow_commands.py", json.dumps(commands)],
        env=airflow_settings(airflow_home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:]


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
        # JSON, since in a URI the scheme is part of the master: spark://local[2] is another one.
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[2]"}),
        "PATH": f"{MAIN_PYTHON.parent}{os.pathsep}{os.environ['PATH']}",
        "PYSPARK_PYTHON": str(MAIN_PYTHON),
        "PYSPARK_DRIVER_PYTHON": str(MAIN_PYTHON),
        # Short-lived JVMs, many: to compile a little at once costs half of compiling well.
        "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }


def rows(warehouse, table, *columns):
    return sorted(in_main_python("table_rows.py", warehouse / table, *columns))
