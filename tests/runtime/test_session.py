"""The session: what every job relies on, and what is said where Spark cannot start."""

import os
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from alsobought.errors import JobError
from alsobought.ingest.files import java_virtual_machine
from alsobought.runtime import class_archive, java, session
from tests import command
from tests.rows import rows


@pytest.fixture
def bare(monkeypatch):
    """A process whose Java was not started for it, without JAVA_HOME."""
    for name in ("JAVA_HOME", "PYSPARK_GATEWAY_PORT"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "settings", "asked"),
    [
        ({"SPARK_REMOTE": "sc://host"}, {}, "SPARK_REMOTE"),
        ({"SPARK_CONNECT_MODE_ENABLED": "1"}, {}, "SPARK_CONNECT_MODE_ENABLED"),
        ({}, {"spark.remote": "local[1]"}, "spark.remote"),
        ({}, {"spark.api.mode": "connect"}, "spark.api.mode"),
        ({"SPARK_API_MODE": "Connect"}, {}, "SPARK_API_MODE"),
    ],
)
def test_spark_connect_is_refused_before_anything_starts(bare, variables, settings, asked):
    bare.setenv("PATH", "")  # not even Java is looked for
    for name, value in variables.items():
        bare.setenv(name, value)
    with pytest.raises(JobError) as error:
        session.build("job", settings)
    assert str(error.value) == (
        f"{asked} asks for a session of Spark Connect, which has no sparkContext, and jobs need "
        "one: take it away and name a master, or call spark-submit where the driver is."
    )


def test_a_session_of_spark_connect_that_is_handed_out_all_the_same():
    with pytest.raises(JobError, match="This platform asks for a session of Spark Connect, which"):
        session._require_delta(object())


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


def test_workers_are_forked_by_a_daemon_that_has_their_modules(spark):
    def worker(batches):
        modules = ("pandas", "pyarrow.parquet", "alsobought.copurchase.engine.kernels.pairs")
        loaded = str([name for name in modules if name not in sys.modules])
        parent = Path(f"/proc/{os.getppid()}/cmdline").read_text().split("\0")
        for batch in batches:
            values = (loaded, parent[2])
            yield pa.record_batch([[value] * batch.num_rows for value in values], names=[*"ab"])

    made = spark.range(1).mapInArrow(worker, "a string, b string")
    assert rows(made) == [("[]", "alsobought.runtime.daemon")]


@pytest.mark.parametrize(
    ("settings", "python", "loaded"),
    [
        ({"spark.master": "local[2]"}, sys.executable, True),
        ({"spark.master": "spark://host:7077"}, sys.executable, False),
        ({"spark.master": "yarn"}, sys.executable, False),
        ({}, sys.executable, False),  # spark-defaults.conf may say anything
        ({"spark.master": "local[2]"}, "/opt/other/bin/python", False),
    ],
)
def test_the_daemon_is_ours_only_where_workers_are_sure_to_have_it(bare, settings, python, loaded):
    bare.setenv("PYSPARK_PYTHON", python)
    assert session._workers_have_package(settings) is loaded


def test_java_starts_with_the_archive_of_its_classes(spark):
    arguments = java_virtual_machine(spark).java.lang.management.ManagementFactory
    given = list(arguments.getRuntimeMXBean().getInputArguments())
    assert f"-XX:SharedArchiveFile={class_archive.ARCHIVE}" in given


def test_java_starts_without_an_archive_where_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(class_archive, "ARCHIVE", tmp_path / "classes.jsa")
    options = session._java_options({session.JAVA_OPTIONS: "-Dx=1"}, debug=True)
    assert options == f"{java.LATE_SECOND_COMPILER} -Dx=1"


def test_spark_submit_starts_java_like_the_command(monkeypatch, tmp_path):
    archive, defaults = tmp_path / "classes.jsa", tmp_path / "conf" / "spark-defaults.conf"
    archive.touch()
    monkeypatch.setattr(class_archive, "ARCHIVE", archive)
    monkeypatch.setattr(class_archive, "DEFAULTS", defaults)
    class_archive.offer_to_spark_submit()
    said = (
        f'spark.driver.extraJavaOptions "-XX:SharedArchiveFile={archive}" {class_archive.SILENT} '
        f"{java.LATE_SECOND_COMPILER}\n"
    )
    assert defaults.read_text(encoding="utf-8") == said
    defaults.write_text("spark.eventLog.enabled true\n", encoding="utf-8")
    class_archive.offer_to_spark_submit()
    assert defaults.read_text(encoding="utf-8") == "spark.eventLog.enabled true\n"


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
