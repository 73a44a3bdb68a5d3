"""The same rows on a real cluster: a master and two workers, each a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyspark
import pytest

from tests import command
from tests.rows import rows

SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
PATIENCE = 120


def said(log, pattern, process):
    """What a process says once it is up."""
    for _ in range(PATIENCE * 10):
        found = re.search(pattern, log.read_text(encoding="utf-8"))
        if found or process.poll() is not None:
            break
        time.sleep(0.1)
    assert found, log.read_text(encoding="utf-8")
    return found[0]


@pytest.fixture
def cluster(tmp_path):
    """The URL of a standalone cluster of two workers with one core each."""
    processes = []

    def started(name, kind, pattern, *words):
        log = tmp_path / f"{name}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [SPARK_CLASS, f"org.apache.spark.deploy.{kind}", "--host", "127.0.0.1",
                 "--port", "0", "--webui-port", "0", *words],
                cwd=tmp_path,
                env=command.environment(
                    JDK_JAVA_OPTIONS=command.QUICK_JAVA, PYSPARK_PYTHON=sys.executable
                ),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        processes.append(process)
        return lambda: said(log, pattern, process)

    try:
        url = started("master", "master.Master", r"spark://127\.0\.0\.1:\d+")()
        own = ["--cores", "1", "--memory", "1g", "--work-dir"]
        workers = [
            started(
                name, "worker.Worker", "Successfully registered", *own, str(tmp_path / name), url
            )
            for name in ("worker1", "worker2")
        ]
        for registered in workers:
            registered()
        yield url
    finally:
        for process in reversed(processes):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_cluster_counts_what_one_machine_counts(counted, cluster, tmp_path):
    tables = ("item_statistics", "co_purchases")
    local = {name: rows(counted.read(name)) for name in tables}
    versions = {name: counted.version(name) for name in tables}

    options = command.write_conf(
        counted,
        **{
            "spark.master": cluster,
            "spark.driver.host": "127.0.0.1",
            "spark.executor.memory": "512m",
            "spark.executor.cores": "1",
        },
    )
    ended = command.run(
        "alsobought", "run", *tables, "--force", *options,
        home=counted.home,
        JDK_JAVA_OPTIONS=command.QUICK_JAVA,
        PYSPARK_PYTHON=sys.executable,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    # one executor of the application on each worker
    assert [len(list((tmp_path / name).glob("app-*/*"))) for name in ("worker1", "worker2")] == [
        1, 1,
    ]  # fmt: skip
    for name in tables:
        assert counted.version(name) == versions[name] + 1
        assert rows(counted.read(name)) == local[name]
