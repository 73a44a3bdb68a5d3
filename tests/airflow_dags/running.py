"""A DAG as Airflow runs it: its own database, real spark-submit, a project of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from conftest import DAGS, MAIN_PYTHON, REPO, in_main_python

AIRFLOW = REPO / ".venv-airflow" / "bin" / "airflow"


def project(folder: Path, settings: str, sources: Mapping[str, str]) -> Path:
    """A folder with the repository's jobs, one environment, and these source files."""
    shutil.copytree(REPO / "jobs", folder / "jobs", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "conf").mkdir()
    (folder / "conf" / "test.toml").write_text(settings, encoding="utf-8")
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def migrated(airflow_home: Path) -> Path:
    """The folder with the database of an Airflow with nothing in it."""
    airflow(airflow_settings(airflow_home, airflow_home), "db", "migrate")
    return airflow_home


def run_dag(dag_id: str, day: str, home: Path, airflow_home: Path) -> None:
    """One run of the DAG for a day."""
    airflow(airflow_settings(home, airflow_home), "dags", "test", dag_id, day)


def airflow_settings(home: Path, airflow_home: Path) -> dict[str, str]:
    """The environment of an Airflow whose spark-submit is the main venv's."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
    return inherited | {
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",  # a failure shows at once
        "AIRFLOW_VAR_ALSOBOUGHT_HOME": str(home),
        "AIRFLOW_VAR_ALSOBOUGHT_ENV": "test",
        "AIRFLOW_VAR_ALSOBOUGHT_DRIVER_MEMORY": "1g",
        # JSON, since in a URI the scheme is part of the master: spark://local[2] is another one.
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[2]"}),
        "PATH": f"{MAIN_PYTHON.parent}{os.pathsep}{os.environ['PATH']}",
        "PYSPARK_PYTHON": str(MAIN_PYTHON),
        "PYSPARK_DRIVER_PYTHON": str(MAIN_PYTHON),
        # Short-lived JVMs, many: to compile a little at once costs half of compiling well.
        "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "SPARK_SUBMIT_OPTS": in_main_python("java_options.py"),  # as docs/operating.md has it
    }


def airflow(settings: dict[str, str], *arguments: str) -> None:
    """Run an airflow command; where it fails, the test says what it printed."""
    done = subprocess.run(
        [AIRFLOW, *arguments],
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:]


def rows(warehouse, table, *columns):
    return sorted(in_main_python("table_rows.py", warehouse / table, *columns))
