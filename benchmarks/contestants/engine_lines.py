"""The engine with every purchase line counted in E (count_repeats), as the demo has it."""

from pyspark.sql import SparkSession

from benchmarks.contestants import Task, engine
from benchmarks.contestants.engine import after, ready

__all__ = ["after", "ready", "run"]


def run(task: Task, spark: SparkSession) -> dict[str, float]:
    return engine.run(task, spark, engine.Counts(count_repeats=True))
