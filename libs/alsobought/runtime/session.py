"""The only builder of a SparkSession."""

import os
import shutil
import sys
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.sql import SparkSession

from alsobought.errors import JobError
from alsobought.ingest.files import java_virtual_machine

JAVA_OPTIONS = "spark.driver.extraJavaOptions"
NEEDED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}


def build(name: str, settings: dict[str, str], *, debug: bool = False) -> SparkSession:
    """A session with what every job needs (UTC, ANSI, Delta), then the environment's settings.

    Raises JobError where there is no Java, or Delta's jars are missing.
    """
    _require_java()
    if settings.get("spark.master", "local").startswith("local"):
        # the workers run this same Python, not whichever python3 is first on the PATH
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if not debug and SparkContext._gateway is None:
        # the JVM is still to start: it must know before its first line that its log is quiet
        quiet = Path(__file__).with_name("log4j2.properties")
        given = settings.get(JAVA_OPTIONS, "")
        settings = {**settings, JAVA_OPTIONS: f"-Dlog4j2.configurationFile={quiet} {given}".strip()}
    builder = SparkSession.builder.appName(f"alsobought {name}")
    for key, value in {**NEEDED, **settings}.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN" if debug else "OFF")
    try:
        java_virtual_machine(spark).java.lang.Class.forName(NEEDED["spark.sql.extensions"])
    except Py4JError:
        raise JobError(
            "Delta's jars are not with Spark: run 'python -m alsobought.runtime.setup' once, "
            "or give spark-submit --packages io.delta:delta-spark_4.2_2.13:4.4.0."
        ) from None
    return spark


def _require_java() -> None:
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        return  # spark-submit has started this Python, so its Java runs already
    home = os.environ.get("JAVA_HOME")
    if home and not (Path(home) / "bin" / "java").is_file():
        # Spark looks nowhere else when it is set
        raise JobError(f"JAVA_HOME is {home}, which has no bin/java: correct it, or unset it.")
    if not home and shutil.which("java") is None:
        raise JobError(
            "No Java was found on PATH or in JAVA_HOME: install Java 17, which Spark needs."
        )


def shuffled_bytes(spark: SparkSession) -> int:
    """What the session's executors have written to shuffles so far."""
    executors = spark.sparkContext._jsc.sc().statusStore().executorList(False)
    return sum(executors.apply(i).totalShuffleWrite() for i in range(executors.size()))
