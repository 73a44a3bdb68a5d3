"""Set-up, once a machine: Delta's jars, the engine's loops compiled, an archive of Java's classes.

Run as `python -m alsobought.runtime.setup`, where tables or sources lie on S3 with `--with s3`.
Spark's resolver would fetch 33 jars with Delta, most of them older copies of what Spark has; two
are enough. With hadoop-aws it would fetch all clients of Amazon, 690 MB in one jar; the modules
that it calls are 13 MB.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyspark

from alsobought.runtime import class_archive

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from alsobought.copurchase.settings import Baskets, Lists
    from alsobought.tables.stored import Stored

ABOUT = "Put the jars that jobs need beside Spark's, compile loops, and archive Java's classes."


class Jars(NamedTuple):
    """Packages of Maven Central, and what of their dependencies is not fetched: Spark has it, or
    nothing of ours calls it."""

    packages: tuple[str, ...]
    excluded: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The files of the packages themselves."""
        return [f"{p.split(':')[1]}-{p.split(':')[2]}.jar" for p in self.packages]


DELTA = Jars(
    ("io.delta:delta-spark_4.2_2.13:4.4.0", "io.delta:delta-storage:4.4.0"),
    (
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
    ),
)
# the version of Spark's own Hadoop, and of Amazon's clients that which its project file names
S3 = Jars(
    (
        "software.amazon.awssdk:s3:2.35.4",
        "software.amazon.awssdk:s3-transfer-manager:2.35.4",
        "software.amazon.awssdk:sts:2.35.4",
        "org.apache.hadoop:hadoop-aws:3.5.0",
    ),
    (
        "commons-codec:*",
        "commons-logging:*",
        "io.netty:*",
        "org.apache.httpcomponents:*",
        "org.slf4j:*",
        "org.wildfly.openssl:*",
        "software.amazon.awssdk:bundle",
    ),
)
KINDS = {"delta": DELTA, "s3": S3}


def install_jars(kind: str = "delta") -> list[Path]:
    """Put jars into pyspark's own jars folder, where every session and spark-submit sees them.

    Returns the files of the packages. Does nothing where they are there already. Needs Java and the
    network.
    """
    wanted = jars(kind)
    if all(jar.is_file() for jar in wanted):
        return wanted
    with tempfile.TemporaryDirectory() as cache:
        # in a process of its own: its JVM will look for the fetched jars where they no longer are
        resolve = f"from alsobought.runtime import setup; setup.resolve({kind!r}, {cache!r})"
        subprocess.run([sys.executable, "-c", resolve], check=True)
        fetched = {jar.name.partition("_")[2]: jar for jar in Path(cache, "jars").glob("*.jar")}
        # those of the packages last: they say that all is there
        for name in sorted(fetched, key=KINDS[kind].names.__contains__):
            jar = wanted[0].with_name(name)
            shutil.copyfile(fetched[name], jar.with_suffix(".part"))
            jar.with_suffix(".part").rename(jar)
    return wanted


def jars(kind: str = "delta") -> list[Path]:
    """Where the jars of the packages are, or should be."""
    folder = Path(pyspark.__file__).parent / "jars"
    return [folder / name for name in KINDS[kind].names]


def resolve(kind: str, cache: str) -> None:
    """Fetch jars into `cache`/jars with Spark's own resolver."""
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.jars.ivy", cache)
        .config("spark.jars.packages", ",".join(KINDS[kind].packages))
        .config("spark.jars.excludes", ",".join(KINDS[kind].excluded))
        .getOrCreate()
    )
    spark.stop()


def rehearse() -> None:
    """Do once what jobs do, so that the compiled loops are in this machine's cache.

    Counts nine purchases and writes a table, in a session whose Java archives its classes.
    """
    from datetime import UTC, date, datetime

    from alsobought.copurchase.engine import pipeline
    from alsobought.copurchase.settings import After, Baskets, Lists
    from alsobought.related.listable_pairs import ListInputs
    from alsobought.related.related_items import related_items
    from alsobought.runtime import session
    from alsobought.runtime.store import Store
    from alsobought.tables.copurchase import CO_PURCHASES, ITEM_STATISTICS
    from alsobought.tables.outcome import Outcome
    from alsobought.tables.stored import Stored

    settings = {"spark.master": "local[1]", "spark.ui.enabled": "false"}
    settings[session.JAVA_OPTIONS] = class_archive.recording()
    spark = session.build("setup", {**settings, "spark.sql.shuffle.partitions": "1"})
    days = [(customer, item, datetime(2017, 1, day, tzinfo=UTC)) for customer, item, day in LINES]
    rows = spark.createDataFrame(days, "customer_id string, item_id string, purchased_at timestamp")
    lines, day = Stored(rows.selectExpr("*", "'' market", "'' order_id")), date(2017, 1, 9)
    values = {"units": ["customer"], "look_back_days": 9, "count_repeats": True}
    baskets = Baskets.model_validate(values | {"max_items": {"customer": 2, "order": 2}})
    lists = Lists(metrics=["lift", "confidence", "eb05"], min_support=1)
    for after in (None, After(within_days=9)):
        related = baskets.model_copy(update={"after": after})
        packed = pipeline.pack_purchases(lines, related, day)
        for support in (3, 1):  # by 3, the one item left is a head
            plan = pipeline.plan_blocks(packed, support, 64 << 20)
            pairs = pipeline.count_co_purchases(plan, lists, 1)
            pairs.as_frame().collect()
    statistics = pipeline.count_item_statistics(packed)
    with tempfile.TemporaryDirectory() as warehouse:
        store = Store(spark, warehouse)
        for _ in range(2):
            store.write(ITEM_STATISTICS, Outcome(statistics), day, {})
        items = store.read(ITEM_STATISTICS, day).rows
        store.write(CO_PURCHASES, Outcome(pairs), day, {})
        candidates = Stored(store.read(CO_PURCHASES, day).rows, store.files(CO_PURCHASES, day, 1))
        catalogue = Stored(items.selectExpr("item_id", "true is_available"))
        ranked = Outcome(related_items(candidates, ListInputs(catalogue), lists, 1)).frame
        _rehearse_customers_lists(lines, ranked, items, baskets, lists)
    spark.stop()
    class_archive.end_java()
    _rehearse_loops()


def _rehearse_loops() -> None:
    """Call the loops that no rehearsed job calls."""
    import numpy as np
    import pyarrow as pa

    from alsobought.compiled.hashing import hash_columns
    from alsobought.related.together_or_apart import counts_of_lines, pair_index

    hash_columns([pa.array(["x"]), pa.array([1]), pa.array([True])])
    bought = pa.record_batch([pa.array([1, 1])] * 3, ["customer_id", "order_id", "item_id"])
    list(counts_of_lines(iter([bought]), pair_index(np.array([1]), np.array([2]))))


def _rehearse_customers_lists(
    purchases: "Stored",
    related: "DataFrame",
    statistics: "DataFrame",
    baskets: "Baskets",
    lists: "Lists",
) -> None:
    """Make the lists of the customers who bought, by one source of `related`."""
    from datetime import date

    from alsobought.recommend.inputs import Inputs
    from alsobought.recommend.recommendations import recommendations
    from alsobought.recommend.settings import Recommendations

    values = {
        "models": ["sum"],
        "sources": [{"unit": "customer", "relation": "together", "metric": lists.metrics[0]}],
        "trials": [{"days": 1, "weight": 0.5}],
        **dict.fromkeys(("triggers", "look_back_days", "top_k"), 9),
        **dict.fromkeys(("half_life_days", "shrinkage"), 1.0),
    }
    settings = Recommendations.model_validate(values | {"baskets": baskets, "lists": lists})
    catalogue = statistics.selectExpr(
        "item_id", "true is_available", "'' brand", "array('') category"
    )
    bestsellers = statistics.selectExpr("market", "item_id", "1 rank")
    tables = Inputs(purchases, related, statistics, catalogue.distinct(), bestsellers)
    recommendations(tables, settings, date(2017, 1, 9)).frame.collect()


LINES = [(c, i, d) for d, c in enumerate("abcde", 1) for i in ("xyz" if c in "ab" else "x")]


def main() -> None:
    """Install what is asked for, then compile and archive what every start needs."""
    parser = argparse.ArgumentParser(prog="python -m alsobought.runtime.setup", description=ABOUT)
    parser.add_argument("--with", dest="others", action="append", choices=["s3"], default=[])
    for kind in dict.fromkeys(["delta", *parser.parse_args().others]):
        for path in install_jars(kind):
            sys.stdout.write(f"{path.name} is beside Spark's jars\n")
    archive = class_archive.make("from alsobought.runtime import setup; setup.rehearse()")
    class_archive.offer_to_spark_submit()
    sys.stdout.write(f"The engine's loops are compiled; {archive.name} has Spark's classes\n")


if __name__ == "__main__":
    main()
