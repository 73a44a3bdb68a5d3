"""What of a machine keeps a run from starting."""

import pytest

from alsobought.errors import Fault
from alsobought.runtime import setup
from alsobought.runtime.machine import machine_bytes, memory_bytes
from alsobought.runtime.readiness import machine_faults, warehouse_faults

NO_SPARK = {"spark.master": "local[2]"}


def java(folder, said):
    """A JAVA_HOME whose java says this of itself."""
    path = folder / "bin" / "java"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\necho '{said}' >&2\n", encoding="utf-8")
    path.chmod(0o755)


def test_a_machine_that_runs_these_tests():
    assert list(machine_faults(NO_SPARK | {"spark.driver.memory": "1g"})) == []


def test_java(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    wrong = f"JAVA_HOME is {tmp_path}, which has no bin/java"
    assert list(machine_faults({})) == [Fault("Java", wrong, "Correct it, or unset it.")]
    java(tmp_path, 'openjdk version "1.8.0_392"')
    wrong = f"{tmp_path}/bin/java is version 8"
    assert list(machine_faults({})) == [Fault("Java", wrong, "Install Java 17, or set JAVA_HOME.")]


def test_deltas_jars(tmp_path, monkeypatch):
    monkeypatch.setattr(setup, "jars", lambda: [tmp_path / "delta-spark.jar"])
    cure = "Run 'python -m alsobought.runtime.setup' once."
    assert list(machine_faults(NO_SPARK)) == [
        Fault("Delta", "delta-spark.jar not beside Spark's jars", cure)
    ]
    assert list(machine_faults({"spark.master": "yarn"})) == []  # they lie where Spark does
    assert (
        list(machine_faults({"spark.jars.packages": "io.delta:delta-spark_4.2_2.13:4.4.0"})) == []
    )


def test_memory():
    (fault,) = machine_faults(NO_SPARK | {"spark.driver.memory": "99999g"})
    assert fault.key == "spark.spark.driver.memory"
    assert fault.wrong == f"99999g is more than the machine's {machine_bytes() / 2**30:,.0f} GB"
    (fault,) = machine_faults(NO_SPARK | {"spark.driver.memory": "much"})
    assert (fault.wrong, fault.cure) == ("'much' is no size", "Write it as 4g or 512m.")


@pytest.mark.parametrize(
    ("text", "size"), [("2g", 2 << 30), ("512m", 512 << 20), ("1GB", 1 << 30), ("64", 64 << 20)]
)
def test_sizes_as_spark_writes_them(text, size):
    assert memory_bytes(text) == size


def test_a_warehouse_that_can_be_made(tmp_path):
    assert list(warehouse_faults(str(tmp_path / "a" / "b"), 1)) == []
    assert list(tmp_path.iterdir()) == []
    assert list(warehouse_faults("s3a://bucket/tables", 1)) == []


def test_a_warehouse_that_cannot(tmp_path):
    (tmp_path / "file").touch()
    (fault,) = warehouse_faults(str(tmp_path / "file" / "tables"), 1)
    assert fault.wrong == f"{tmp_path}/file cannot be written"
    (fault,) = warehouse_faults(str(tmp_path / "tables"), 10**15)
    assert fault.wrong.endswith(" GB free for 1,000,000.0 GB of source files")
