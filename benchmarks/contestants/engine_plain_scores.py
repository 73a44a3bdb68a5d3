"""The engine with every score of N, E and the items' counts alone: none that takes a prior."""

from pyspark.sql import SparkSession

from alsobought.copurchase.scores import METRICS
from benchmarks.contestants import Task, engine
from benchmarks.contestants.engine import after, ready

__all__ = ["after", "ready", "run"]


def run(task: Task, spark: SparkSession) -> dict[str, float]:
    return engine.run(task, spark, engine.Counts(metrics=tuple(METRICS)))
