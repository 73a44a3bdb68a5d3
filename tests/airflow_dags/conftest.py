"""Airflow without a database, and the jobs as the DAGs' tests need to know them."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPO = HERE.parents[1]
DAGS = REPO / "airflow_dags"
MAIN_PYTHON = REPO / ".venv" / "bin" / "python"

_airflow_home = tempfile.TemporaryDirectory(prefix="alsobought-airflow-")

# Airflow reads these at import. Time zone and data intervals are set to what would move a run's
# day, had the DAGs not said themselves when a day begins.
os.environ |= {
    "AIRFLOW_HOME": _airflow_home.name,
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Pacific/Auckland",
    "AIRFLOW__SCHEDULER__CREATE_CRON_DATA_INTERVALS": "True",
    "AIRFLOW_VAR_ALSOBOUGHT_HOME": "/opt/alsobought",
    "AIRFLOW_VAR_ALSOBOUGHT_ENV": "cluster",
    "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "yarn"}),
}


@pytest.fixture(scope="session")
def bag():
    """The DAG files as Airflow's command line parses them, with airflow_dags on Python's path."""
    from airflow.dag_processing.dagbag import BundleDagBag

    return BundleDagBag(dag_folder=DAGS, bundle_path=DAGS, bundle_name="dags-folder")


@pytest.fixture(scope="session")
def reads() -> dict[str, set[str]]:
    """For each job of jobs/, the tables that it reads; asked of the Python that can import it."""
    return {job: set(tables) for job, tables in in_main_python("tables_read.py", REPO).items()}


def in_main_python(script: str, *args: object):
    """The JSON that a script of this folder prints in the jobs' own Python."""
    command = [MAIN_PYTHON, HERE / script, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
