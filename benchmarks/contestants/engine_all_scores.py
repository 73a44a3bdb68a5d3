"""The engine with every score, those that take a prior among them, and matched expectation."""

from pyspark.sql import SparkSession

from alsobought.copurchase.scores import NAMES
from benchmarks.contestants import Task, engine
from benchmarks.contestants.engine import after, ready

__all__ = ["after", "ready", "run"]


def run(task: Task, spark: SparkSession) -> dict[str, float]:
    return engine.run(task, spark, engine.Counts(metrics=NAMES, expectation="matched"))
