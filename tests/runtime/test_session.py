"""The session: what every job relies on, and what is said where Spark cannot start."""

import sys

import pyarrow as pa
import pytest

from alsobought.errors import JobError
from alsobought.runtime import session
from tests import command
from tests.rows import rows


@pytest.fixture
def bare(monkeypatch):
    """A process whose Java was not started for it, without JAVA_HOME."""
    for name in ("JAVA_HOME", "PYSPARK_GATEWAY_PORT"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_days_begin_in_utc_and_a_division_by_zero_is_a_fault(spark):
    assert rows(spark.sql("SELECT timestamp'2017-12-01' = timestamp'2017-12-01T00:00:00Z'")) == [
        (True,)
    ]
    assert spark.conf.get("spark.sql.ansi.enabled") == "true"


def test_the_workers_run_the_drivers_python(spark):
    def python(batches):
        for batch in batches:
            yield pa.record_batch([[sys.executable] * batch.num_rows], names=["python"])

    made = spark.range(1).mapInArrow(python, "python string")
    assert rows(made) == [(sys.executable,)]


def test_no_java(bare, tmp_path):
    bare.setenv("PATH", str(tmp_path))
    with pytest.raises(JobError) as refused:
        session.build("tests", {})
    assert str(refused.value) == (
        "No Java was found on PATH or in JAVA_HOME: install Java 17, which Spark needs."
    )


def test_a_java_home_without_java_is_refused_even_where_the_path_has_one(bare, tmp_path):
    bare.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(JobError) as refused:
        session.build("tests", {})
    assert str(refused.value) == (
        f"JAVA_HOME is {tmp_path}, which has no bin/java: correct it, or unset it."
    )


def test_the_command_without_java(project):
    options = command.write_conf(project)
    ended = command.run(
        "alsobought", "run", "items", *options, home=project.home, PATH="", JAVA_HOME=""
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        1,
        "",
        "error: No Java was found on PATH or in JAVA_HOME: install Java 17, which Spark needs.\n",
    )
