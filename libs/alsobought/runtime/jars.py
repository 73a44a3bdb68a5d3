"""Delta's jars, fetched once from Maven Central and laid beside Spark's own.

Run as `python -m alsobought.runtime.jars` at set-up. Spark's resolver would fetch 33 jars, most of
them older copies of what Spark has; two are enough.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import pyspark

PACKAGES = ("io.delta:delta-spark_4.2_2.13:4.4.0", "io.delta:delta-storage:4.4.0")
EXCLUDED = (
    "com.fasterxml.jackson.core:*",
    "com.fasterxml.jackson.datatype:*",
    "com.github.luben:*",
    "com.google.code.findbugs:*",
    "commons-pool:*",
    "io.airlift:*",
    "io.delta:delta-kernel-api",
    "io.delta:delta-kernel-defaults",
    "io.delta:delta-kernel-unitycatalog",
    "io.unitycatalog:*",
    "javax.annotation:*",
    "org.apache.logging.log4j:*",
    "org.apache.parquet:*",
    "org.locationtech.jts:*",
    "org.roaringbitmap:*",
    "org.slf4j:*",
    "org.xerial.snappy:*",
)


def install() -> list[Path]:
    """Lay the jars into pyspark's own jars folder, where every session and spark-submit sees them.

    Returns the two files. Does nothing where they are there already. Needs Java and the network.
    """
    folder = Path(pyspark.__file__).parent / "jars"
    wanted = [folder / f"{p.split(':')[1]}-{p.split(':')[2]}.jar" for p in PACKAGES]
    if all(jar.is_file() for jar in wanted):
        return wanted
    with tempfile.TemporaryDirectory() as cache:
        _resolve(cache)
        for jar in wanted:
            fetched = next(Path(cache, "jars").glob(f"*_{jar.name}"))
            shutil.copyfile(fetched, jar.with_suffix(".part"))
            jar.with_suffix(".part").rename(jar)
    return wanted


def _resolve(cache: str) -> None:
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.jars.ivy", cache)
        .config("spark.jars.packages", ",".join(PACKAGES))
        .config("spark.jars.excludes", ",".join(EXCLUDED))
        .getOrCreate()
    )
    spark.stop()


if __name__ == "__main__":
    for path in install():
        sys.stdout.write(f"{path.name} is beside Spark's jars\n")
