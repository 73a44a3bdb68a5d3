"""One warm Spark session for the whole run, small tables, and temporary projects."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from alsobought.runtime import session
from tests import command
from tests.project import Project


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    os.environ["TZ"] = "UTC"  # pyspark hands out times in the machine's own zone
    time.tzset()
    scratch = tmp_path_factory.mktemp("spark")
    built = session.build(
        "tests",
        {
            "spark.master": "local[2]",
            "spark.driver.memory": "2g",
            "spark.sql.shuffle.partitions": "2",  # two, so that a wrong partitioning shows
            "spark.databricks.delta.snapshotPartitions": "2",  # 50 by default: seconds a commit
            **command.FEW_ROWS,
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.warehouse.dir": str(scratch / "warehouse"),
            "spark.driver.extraJavaOptions": f"{command.QUICK} -Dderby.system.home={scratch}",
        },
    )
    yield built
    built.stop()


@pytest.fixture(scope="session")
def frame(spark: SparkSession) -> Callable[..., DataFrame]:
    """frame("item string, orders bigint", ("tea", 3), ("jam", 1)) is that small table."""

    def made(columns: str, *rows: tuple[Any, ...]) -> DataFrame:
        return spark.createDataFrame(list(rows), columns)

    return made


@pytest.fixture
def project(spark: SparkSession, tmp_path: Path) -> Project:
    return Project(tmp_path, spark)
