"""The only builder of a SparkSession."""

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from alsobought.errors import JobError
from alsobought.ingest.files import java_virtual_machine
from alsobought.runtime import class_archive, java
from alsobought.runtime.machine import is_local

JAVA_OPTIONS = "spark.driver.extraJavaOptions"
DAEMON = "spark.python.daemon.module"
OUR_DAEMON = "alsobought.runtime.daemon"
CONNECT_ENABLED, API_MODE = "SPARK_CONNECT_MODE_ENABLED", "spark.api.mode"
NO_CONNECT = (
    "asks for a session of Spark Connect, which has no sparkContext, and jobs need one: take it "
    "away and name a master, or call spark-submit where the driver is"
)
NEEDED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.legacy.javaCharsets": "true",  # files in windows-1252
    "spark.ui.showConsoleProgress": "false",  # jobs show their own, where there is a terminal
    # Java compiles no longer method; one that it only interprets takes twice the time
    "spark.sql.codegen.hugeMethodLimit": "8000",
    "spark.driver.maxResultSize": "0",  # all items come to the driver, above the default 1 GiB, too
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}


def build(name: str, settings: dict[str, str], *, debug: bool = False) -> SparkSession:
    """A session with what every job needs (UTC, ANSI, Delta), then the environment's settings.

    Raises JobError where there is no Java, Delta's jars are missing, or the session is one of Spark
    Connect.
    """
    require_classic(settings)
    require_java()
    if is_local(settings):
        # the workers run this same Python, not whichever python3 is first on the PATH
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if SparkContext._gateway is None:
        settings = {**settings, JAVA_OPTIONS: _java_options(settings, debug=debug)}
    if _workers_have_package(settings):
        settings = {DAEMON: OUR_DAEMON, **settings}
    settings = {**NEEDED, **settings}
    builder = SparkSession.builder.appName(f"alsobought {name}")
    for key, value in settings.items():
        builder = builder.config(key, value)
    if not debug:
        java.start(settings)
    spark = builder.getOrCreate()
    _require_delta(spark)
    spark.sparkContext.setLogLevel("WARN" if debug else "OFF")
    if spark.sparkContext.getConf().get(DAEMON) == OUR_DAEMON:
        # the daemon loads while the driver reads settings and tables
        threading.Thread(target=_start_workers, args=(spark,), daemon=True).start()
    return spark


def _require_delta(spark: SparkSession) -> None:
    """Raise JobError where the session cannot do what jobs ask of it."""
    if not isinstance(spark, SparkSession):  # of a platform that hands out others
        raise JobError(f"This platform {NO_CONNECT}.")
    try:
        java_virtual_machine(spark).java.lang.Class.forName(NEEDED["spark.sql.extensions"])
    except Py4JError:
        raise JobError(
            "Delta's jars are not with Spark: run 'python -m alsobought.runtime.setup' once, "
            "or give spark-submit --packages io.delta:delta-spark_4.2_2.13:4.4.0."
        ) from None


def _start_workers(spark: SparkSession) -> None:
    """Have Spark start its Python daemon, by the smallest query that needs a worker."""

    def unchanged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return batches

    with suppress(Exception):  # the session has ended, or the first job is going to say why not
        spark.range(1).mapInArrow(unchanged, "id bigint").collect()


def _java_options(settings: dict[str, str], *, debug: bool) -> str:
    """The options of a JVM that is still to start: those of the settings are the last word."""
    quiet = Path(__file__).with_name("log4j2.properties")
    logging = "" if debug else f"-Dlog4j2.configurationFile={quiet}"
    given = settings.get(JAVA_OPTIONS, "")
    archive = "" if "ArchiveClassesAtExit" in given else class_archive.java_options()
    options = (logging, archive, java.LATE_SECOND_COMPILER, given)
    return " ".join(option for option in options if option)


def _workers_have_package(settings: dict[str, str]) -> bool:
    """Whether the workers are sure to find this package: this machine's, with this Python.

    A package out of a zip reaches a worker only when it runs a task.
    """
    is_here = _master(settings).startswith("local")
    python = os.environ.get("PYSPARK_PYTHON", "")
    return (
        is_here and Path(python).parent == Path(sys.executable).parent and Path(__file__).is_file()
    )


def _master(settings: dict[str, str]) -> str:
    """The settings' master, or spark-submit's; "" where it is not known before Spark starts."""
    if "spark.master" not in settings and "PYSPARK_GATEWAY_PORT" in os.environ:
        SparkContext._ensure_initialized()
        return SparkConf().get("spark.master", "")
    return settings.get("spark.master", "")


def require_classic(settings: dict[str, str]) -> None:
    """Raise JobError where Spark would hand out a session of Spark Connect."""
    asked = [name for name in ("SPARK_REMOTE", CONNECT_ENABLED) if name in os.environ]
    if "spark.remote" in settings:
        asked.append("spark.remote")
    if settings.get(API_MODE, os.environ.get("SPARK_API_MODE", "")).lower() == "connect":
        asked.append(API_MODE if API_MODE in settings else "SPARK_API_MODE")
    if asked:
        raise JobError(f"{asked[0]} {NO_CONNECT}.")


def require_java() -> None:
    """Raise JobError where Spark would not find a Java."""
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
