"""The project's plain Spark join: exact E, text ids, the same rows as the engine."""

from pyspark.sql import SparkSession

from benchmarks.contestants import TOP, Task
from benchmarks.contestants.engine import PEERS, baskets, lists
from benchmarks.contestants.spark import after, with_delta, write
from benchmarks.data_sets import AS_OF

__all__ = ["after", "ready", "run"]


def ready(task: Task) -> SparkSession:
    return with_delta(task, "10g", 64)


def run(task: Task, spark: SparkSession) -> None:
    from alsobought.copurchase.reference.baskets import all_units
    from alsobought.copurchase.reference.join import candidates, pair_counts, with_evidence
    from alsobought.copurchase.reference.statistics import item_statistics
    from alsobought.copurchase.scores import score

    purchases = spark.read.format("delta").load(task.purchases)
    baskets_of_units = all_units(purchases, baskets(), AS_OF).persist()
    evidence = with_evidence(
        pair_counts(baskets_of_units, task.support), item_statistics(baskets_of_units)
    )
    rows = candidates(evidence, lists(task), TOP).withColumn("score", score(PEERS.metrics[0]))
    write(rows, task)
