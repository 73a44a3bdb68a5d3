"""Running jobs: what a run leaves behind it, what stops it, and what stands when it is stopped."""

import hashlib
import json
import os
import re
import signal
import socket
import time
import urllib.request
from datetime import date

import deltalake
import pytest

from alsobought import __version__
from alsobought.copurchase.engine.stages import partition
from alsobought.errors import JobError
from alsobought.runtime.run import require_writable
from tests import command
from tests.rows import rows

HEAD = "customer,order,item,time\n"
LINES = HEAD + "c1,o1,tea,2017-11-30\nc1,o1,jam,2017-11-30\nc2,o2,tea,2017-11-30\n"
TITLES = "item,title\ntea,Green tea\njam,Plum jam\n"
PATIENCE = 300
METRICS = {
    "spark.ui.enabled": "true",
    "spark.metrics.namespace": "alsobought",
    "spark.metrics.conf.*.sink.prometheusServlet.class": (
        "org.apache.spark.metrics.sink.PrometheusServlet"
    ),
    "spark.metrics.conf.*.sink.prometheusServlet.path": "/metrics/prometheus",
}

# A job whose rows are read to be checked, then to be written; the second task waits at the nth of
# these for as long as `hold` is there.
SLOW = """
import time
from pathlib import Path

from pydantic import BaseModel
from pyspark import TaskContext
from pyspark.sql.types import StringType

from alsobought.runtime.job import Job
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS
from alsobought.tables.table import Table
from alsobought.tables.table import column


class Params(BaseModel):
    hold: str


def slow(items, params, as_of):
    def wait(batches):
        hold = Path(params.hold)
        if TaskContext.get().partitionId() > 0 and hold.exists():
            hold.with_suffix(".waits").touch()
            while hold.exists():
                time.sleep(0.05)
        yield from batches

    rows = items.select("item_id").repartition(2).mapInArrow(wait, "item_id string")
    return Outcome(rows, reused=())


SLOW = Table(
    "slow",
    "Slow rows.",
    (column("item_id", StringType(), "x"),),
    ("as_of", "item_id"),
    "per_as_of",
)
JOB = Job(slow, Params, {"items": ITEMS}, SLOW)
"""


@pytest.fixture
def shop(project):
    """Two orders of tea and jam, and a catalogue of both."""
    project.file("purchases/1.csv", LINES)
    project.file("items/1.csv", TITLES)
    return project


def last_run(project, table):
    """The run that wrote the table last, as its commit tells."""
    commit = deltalake.DeltaTable(str(project.home / "tables" / table)).history(1)[0]
    return json.loads(commit["userMetadata"])


def test_the_commit_tells_of_its_run(shop):
    shop.run_job("purchases")
    shop.run_job("items")
    shop.run_jobs("item_statistics", "co_purchases")
    shop.run_job("co_purchases")
    shop.run_job("related_items")
    names = ("co_purchases", "items", "item_statistics")
    tables = {name: deltalake.DeltaTable(str(shop.home / "tables" / name)) for name in names}
    source = (shop.home / "jobs" / "related_items.py").read_bytes()
    assert last_run(shop, "related_items") == {
        "job": "related_items",
        "as_of": "2017-12-01",
        "environment": "test",
        "code_version": __version__,
        "job_hash": hashlib.sha256(source).hexdigest(),
        "parameters": {
            "lists": {
                "metrics": ["pearson_residual", "lift"],
                "min_support": 1,
                "unknown_items": "leave_out",
                "kinds": [],
                "min_customers": None,
                "max_per_title": None,
                "max_per_brand": None,
                "max_per_category": None,
            },
            "markets": None,
            "top_k": 5,
        },
        "read_versions": {"co_purchases": 2, "items": 1, "item_statistics": 1},
        "read_tables": {name: str(table.metadata().id) for name, table in tables.items()},
        "account": {},
    }
    told = last_run(shop, "co_purchases")
    assert told["read_versions"] == {"purchases": 1}
    assert told["account"]["notes"][:2] == ["order: 2 units, 1 pairs", "customer: 2 units, 1 pairs"]
    told = last_run(shop, "purchases")
    assert told["read_versions"] == {}
    assert told["account"] == {
        "read": 3, "good": 3, "rejected": 0, "ahead": 0, "repeated": 0, "by_reason": {},
        "unchanged": 0,
    }  # fmt: skip
    record = shop.home / "tables" / "purchases" / "_loaded_files" / told["loaded_files"]
    assert record.is_file()


def test_jobs_of_one_run_pack_the_same_baskets_once_and_give_their_memory_back(
    shop, spark, monkeypatch
):
    partition_lines, scans = partition.partition_lines, []

    def scanned(*given):
        scans.append(given)
        return partition_lines(*given)

    monkeypatch.setattr(partition, "partition_lines", scanned)
    shop.run_job("purchases")
    kept = len(spark.sparkContext._jsc.getPersistentRDDs())
    shop.run_jobs("item_statistics", "purchases", "co_purchases")
    assert len(scans) == 1
    assert len(spark.sparkContext._jsc.getPersistentRDDs()) == kept
    shop.run_job("co_purchases")
    assert len(scans) == 2


def test_a_job_before_those_that_it_waits_for(shop):
    said = "co_purchases is not built yet: run the job co_purchases first."
    assert shop.refusal("related_items") == said


def test_a_day_that_an_input_does_not_have(shop):
    for job in ("purchases", "items", "co_purchases"):
        shop.run_job(job)
    assert shop.refusal("related_items", "2017-12-02") == (
        "co_purchases has no as-of day 2017-12-02 (it has 2017-12-01): "
        "run the job co_purchases --as-of 2017-12-02 first."
    )


def test_a_warehouse_below_a_file(tmp_path):
    (tmp_path / "tables").touch()
    for path, reason in (("tables", "File exists"), ("tables/night", "Not a directory")):
        with pytest.raises(JobError) as refused:
            require_writable(f"{tmp_path}/{path}")
        assert str(refused.value) == (
            f"The warehouse {tmp_path}/{path} cannot be written ({reason}): "
            "correct its permissions, or 'warehouse' in the environment's TOML."
        )


def test_a_warehouse_where_nothing_can_be_made():
    with pytest.raises(JobError) as refused:
        require_writable("/proc/tables")
    assert str(refused.value) == (
        "The warehouse /proc/tables cannot be written (No such file or directory): "
        "correct its permissions, or 'warehouse' in the environment's TOML."
    )


def test_a_warehouse_that_can_be_written_is_made_and_left_empty(tmp_path):
    require_writable(str(tmp_path / "a" / "b"))
    assert list((tmp_path / "a" / "b").iterdir()) == []
    require_writable("s3a://bucket/tables")  # its own store will tell


def until(true, process):
    """Wait until something is true, for as long as the process runs."""
    for _ in range(PATIENCE * 20):
        if true() or process.poll() is not None:
            break
        time.sleep(0.05)
    assert true(), process.communicate()


def ended_half_way(shop):
    """Run `slow` as a user does, and have it end when one task has written its rows.

    What a killed run leaves is in tests/faults. Returns what Prometheus reads of it meanwhile, with
    the settings of docs/operations.md.
    """
    version, hold = shop.version("slow"), shop.home / "hold"
    hold.touch()
    port = free_port()
    options = command.write_conf(shop, **METRICS, **{"spark.ui.port": str(port)})
    process = command.start("alsobought", "run", "slow", *options, home=shop.home)
    try:
        until(hold.with_suffix(".waits").exists, process)
        assert shop.version("slow") == version
        metrics = read(f"http://127.0.0.1:{port}/metrics/prometheus/")
        metrics += read(f"http://127.0.0.1:{port}/metrics/executors/prometheus/")
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(PATIENCE) == -signal.SIGTERM
    finally:
        hold.unlink()
        hold.with_suffix(".waits").unlink(missing_ok=True)
        os.killpg(process.pid, signal.SIGKILL)  # its Java ends by itself, but later
    return metrics


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def read(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read().decode()


def test_a_run_that_is_ended_half_way_leaves_the_table_as_it_was(shop):
    """One task has written its rows, the other one waits."""
    shop.file("jobs/slow.py", SLOW)
    shop.conf["jobs"]["slow"] = {"hold": str(shop.home / "hold")}
    shop.run_job("items")
    assert shop.run_job("slow") == ["slow: 2 rows"]
    version, stored = shop.version("slow"), rows(shop.read("slow"))
    assert stored == [(date(2017, 12, 1), "jam"), (date(2017, 12, 1), "tea")]

    shop.file("items/2.csv", "item,title\nmilk,Milk\n")
    shop.run_job("items")
    metrics = ended_half_way(shop)
    assert re.search(r'^metrics_alsobought_driver_DAGScheduler_job_activeJobs_Value\S* [1-9]$',
                     metrics, re.MULTILINE)  # fmt: skip
    assert "metrics_executor_activeTasks" in metrics
    assert shop.version("slow") == version
    assert rows(shop.read("slow")) == stored

    assert shop.run_job("slow") == ["slow: 3 rows"]
    assert shop.version("slow") == version + 1
    assert rows(shop.read("slow")) == [*stored[:1], (date(2017, 12, 1), "milk"), *stored[1:]]


# A job that has an account, and notes beside it.
NOTED = """
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from alsobought.runtime.job import Job
from alsobought.settings import Settings
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS
from alsobought.tables.table import Table, column


def noted(items, params, as_of):
    account = items.agg(F.count("*").alias("n"))
    judge = lambda row: [f"{row['n']} in all"]
    return Outcome(items.select("item_id"), account, judge, notes=["known before"])


NOTED = Table("noted", "Noted.", (column("item_id", StringType(), "x"),), ("item_id",), "whole")
JOB = Job(noted, Settings, {"items": ITEMS}, NOTED)
"""


def test_notes_and_the_account_are_both_printed_and_kept(shop):
    shop.file("jobs/noted.py", NOTED)
    shop.run_job("items")
    assert shop.run_job("noted") == ["noted: 2 rows", "known before", "2 in all"]
    assert last_run(shop, "noted")["account"] == {"n": 2, "notes": ["known before"]}
