"""replay-rec's ItemKNN: cosine of the best 50, to Parquet; it has no support."""

from pyspark.sql import SparkSession

from benchmarks.contestants import TOP, Task
from benchmarks.contestants.replay import dataset, ready
from benchmarks.contestants.spark import after

__all__ = ["after", "ready", "run"]


def run(task: Task, spark: SparkSession) -> None:
    from replay.models import ItemKNN

    model = ItemKNN(num_neighbours=TOP)
    model.fit(dataset(task, spark))
    model.similarity.write.mode("overwrite").parquet(task.out)
