"""The DAG as Airflow runs it: its own database, real spark-submit, files in, Delta tables out."""

import json
import os
import shutil
import subprocess

import pytest
from conftest import DAGS, MAIN_PYTHON, REPO, in_main_python

DAY = "2017-03-01"
AIRFLOW = REPO / ".venv-airflow" / "bin" / "airflow"

# With min_support 1: tea is in 3 of 4 orders, jam in 3, milk in 1.
PURCHASES = """\
customer,order,item,bought
ann,1,tea,2017-02-01T10:00:00Z
ann,1,jam,2017-02-01T10:00:00Z
ben,2,tea,2017-02-02T10:00:00Z
ben,2,jam,2017-02-02T10:00:00Z
cid,3,tea,2017-02-03T10:00:00Z
cid,3,milk,2017-02-03T10:00:00Z
dan,4,jam,2017-02-28T23:59:59Z
,5,jam,2017-02-05T10:00:00Z
eve,6,milk,2017-03-01T00:00:00Z
"""
# Milk is sold out: it is in nobody's list, and keeps a list of its own.
ITEMS = """\
item,name,for_sale
tea,Green tea,true
jam,Plum jam,true
milk,Oat milk,false
"""
SETTINGS = """\
warehouse = "warehouse"

[spark]
"spark.master" = "local[2]"
"spark.sql.shuffle.partitions" = "1"
"spark.databricks.delta.snapshotPartitions" = "2"
"spark.ui.enabled" = "false"

[sources.purchases]
path = "purchases.csv"
format = "csv"
max_rejected_share = 0.2
max_future_share = 0.2

[sources.purchases.columns]
customer_id = "customer"
order_id = "order"
item_id = "item"
purchased_at = "bought"

[sources.items]
path = "items.csv"
format = "csv"

[sources.items.columns]
item_id = "item"
title = "name"
is_available = "for_sale"

[baskets]
units = ["order"]
look_back_days = 365
count_repeats = true

[baskets.max_items]
order = 100

[lists]
metrics = ["confidence"]
min_support = 1

[jobs.co_purchases]
candidates = 10
task_memory_mb = 64

[jobs.related_items]
top_k = 10
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A project of its own: the repository's jobs, a small shop, one environment."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(REPO / "jobs", folder / "jobs", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "conf").mkdir()
    (folder / "conf" / "test.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "purchases.csv").write_text(PURCHASES, encoding="utf-8")
    (folder / "items.csv").write_text(ITEMS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def warehouse(home, tmp_path_factory):
    """The tables after one run of the DAG for DAY."""
    settings = airflow_settings(home, tmp_path_factory.mktemp("airflow"))
    airflow(settings, "db", "migrate")
    airflow(settings, "dags", "test", "related_items", DAY)
    return home / "warehouse"


def airflow_settings(home, airflow_home) -> dict[str, str]:
    """The environment of an Airflow with nothing in it, whose spark-submit is the main venv's."""
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
        # Six short-lived JVMs: to compile a little at once costs half of compiling well.
        "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }


def airflow(settings: dict[str, str], *arguments: str) -> None:
    """Run an airflow command; where it fails, the test says what it printed."""
    done = subprocess.run(
        [AIRFLOW, *arguments],
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:]


def rows(warehouse, table, *columns):
    return sorted(in_main_python("table_rows.py", warehouse / table, *columns))


def test_the_night_ends_with_the_lists_of_the_day(warehouse):
    told = rows(
        warehouse, "related_items", "as_of", "metric", "item_id", "rank", "related_item_id",
        "score", "both", "buyers", "related_buyers", "units",
    )  # fmt: skip
    assert told == [
        [DAY, "confidence", "jam", 1, "tea", 2 / 3, 2, 3, 3, 4],
        [DAY, "confidence", "milk", 1, "tea", 1.0, 1, 1, 3, 4],
        [DAY, "confidence", "tea", 1, "jam", 2 / 3, 2, 3, 3, 4],
    ]


def test_the_night_tells_the_rows_it_refused(warehouse):
    told = rows(warehouse, "rejected_purchases", "as_of", "reasons")
    assert told == [[DAY, ["future_time"]], [DAY, ["missing_customer_id"]]]
