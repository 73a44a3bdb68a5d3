"""A shop whose files and tables lie in a bucket of an S3 server on this machine."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from alsobought.runtime import setup
from tests import command
from tests.jobs import shop as small_shop
from tests.project import Project, toml

BY_SPARK, BY_WORKERS = "by-spark", "by-workers"  # who opens the files: each way has a bucket
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAOFNOBODY000TEST1",
    "AWS_SECRET_ACCESS_KEY": "sEcReT/of+nobody/1234",
}
NEEDED = pytest.mark.skipif(
    not all(jar.is_file() for jar in setup.jars("s3")),
    reason="the jars of S3 are not there: python -m alsobought.runtime.setup --with s3",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(NEEDED)


@dataclass
class Shop:
    """The project, the server's clients, and all that commands have printed."""

    project: Project
    bucket: Any
    printed: list[str]

    @property
    def is_by_workers(self) -> bool:
        """Whether workers open the files of the tables."""
        return bool(self.bucket.name == BY_WORKERS)

    @property
    def uri(self) -> str:
        """The bucket's, as Spark and Delta name it."""
        return f"s3a://{self.bucket.name}"

    @property
    def home(self) -> Path:
        """The project's folder, which has conf/ and jobs/ alone."""
        return self.project.home

    def deliver(self, *files: Path) -> None:
        """Bring source files of the project's folder into the bucket."""
        for file in files:
            self.bucket.upload_file(str(file), f"{file.parent.name}/{file.name}")

    def run(self, *words: str) -> list[str]:
        """A command that must end well; the lines that it prints."""
        code, lines = self.here(*words)
        assert code == 0, lines
        return lines

    def here(self, *words: str) -> tuple[int, list[str]]:
        """The exit code and the lines of a command, whose Spark starts in this process."""
        code, lines = command.printed(*words)
        self.printed += lines
        return code, lines


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Where the server is; it ends with the tests."""
    port = _free_port()
    # in a process of its own: delta-rs waits for it with Python's lock, which a thread would need
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not _answers(port):
        assert server.poll() is None, "moto's server has ended"
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.fixture(scope="session", params=[BY_SPARK, BY_WORKERS])
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, endpoint: str
) -> Iterator[Shop]:
    """The shop of `jobs.shop`, with customers' lists and a decision what is served."""
    home = tmp_path_factory.mktemp("s3")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in KEYS.items():
            patched.setenv(name, value)
        patched.setenv("AWS_REGION", "us-east-1")
        # for what reads tables without Spark
        patched.setenv("AWS_ENDPOINT_URL", endpoint)
        patched.setenv("AWS_ALLOW_HTTP", "true")
        patched.setenv("ALSOBOUGHT_HOME", str(home))
        bucket = boto3.resource("s3", endpoint_url=endpoint).create_bucket(Bucket=request.param)
        made = Shop(_project(home, endpoint, request.param), bucket, [])
        made.deliver(*home.glob("*/*.csv"))
        yield made


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _project(home: Path, endpoint: str, bucket: str) -> Project:
    project = Project(home, None)  # type: ignore[arg-type] - no job runs in this process
    small_shop.fill(project)
    project.conf["warehouse"] = f"s3a://{bucket}/tables"
    project.conf["workers_have_keys"] = bucket == BY_WORKERS
    project.conf["logs"] = "logs"
    for name, source in project.conf["sources"].items():
        source["path"] = f"s3a://{bucket}/{name}"
        source["max_rejected_share"] = 0.5
    project.conf["spark"] = (
        command.SETTINGS
        | command.FEW_ROWS
        | {
            "spark.hadoop.fs.s3a.endpoint": endpoint,
            "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        }
    )
    project.conf["jobs"] |= {
        "bestsellers": {"days": 60, "top_k": 9},
        "recommendations": {
            "models": ["sum"],
            "sources": [{"unit": "customer", "relation": "together", "metric": "lift"}],
            "triggers": 9,
            "look_back_days": 365,
            "half_life_days": 90.0,
            "shrinkage": 5.0,
            "top_k": 3,
        },
        "promotions": {
            "models": ["sum"],
            "k": 2,
            "margin": 0.1,
            "min_rows_share": 0.5,
            "max_changed_share": 1.0,
            "min_items_with_list": 0.1,
            "min_customers_with_list": 0.1,
            "customer_days": 60,
            "max_age_days": 60,
        },
    }
    project.conf["maintenance"] = {"keep_days": 30, "rollback_days": 3, "vacuum_days": 7}
    (home / "conf" / "test.toml").write_text(toml(project.conf), encoding="utf-8")
    return project
