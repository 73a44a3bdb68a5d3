"""The jars that set-up puts beside Spark's: of the versions that Spark has, and no more of them."""

from pathlib import Path

import pyspark
import pytest

from alsobought.runtime import setup

JARS = Path(pyspark.__file__).parent / "jars"


def test_the_jars_are_of_the_versions_that_spark_has():
    versions = {package.split(":")[1]: package.split(":")[2] for package in setup.S3.packages}
    assert (JARS / f"hadoop-client-api-{versions.pop('hadoop-aws')}.jar").is_file()
    assert len(set(versions.values())) == 1
    assert setup.jars("s3")[-1] == JARS / "hadoop-aws-3.5.0.jar"
    assert [jar.name for jar in setup.jars()] == [
        "delta-spark_4.2_2.13-4.4.0.jar",
        "delta-storage-4.4.0.jar",
    ]


@pytest.mark.parametrize("group", ["httpcore", "netty-common", "slf4j-api", "commons-codec"])
def test_what_is_not_fetched_is_there(group):
    assert any(JARS.glob(f"{group}-*.jar"))


def test_jars_that_are_there_are_not_fetched_again(monkeypatch):
    monkeypatch.setattr(setup.subprocess, "run", pytest.fail)
    assert setup.install_jars() == setup.jars()


def test_only_what_comes_apart_is_asked_for_by_name(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["setup", "--with", "gcs"])
    with pytest.raises(SystemExit):
        setup.main()
    assert "invalid choice: 'gcs'" in capsys.readouterr().err
