"""pysarplus: the lift of every pair, as the table that its fit writes; there is no top 50."""

from pyspark.sql import SparkSession

from benchmarks.contestants import Task, files
from benchmarks.contestants.spark import after, plain

__all__ = ["after", "ready", "run"]


def ready(task: Task) -> SparkSession:
    return plain(task, "10g", 64, warehouse=task.out)


def run(task: Task, spark: SparkSession) -> None:
    from pysarplus import SARPlus

    lines = spark.read.parquet(*files(task.purchases))
    rows = lines.selectExpr("customer_id", "item_id", "1.0 AS rating").distinct().cache()
    model = SARPlus(
        spark,
        col_user="customer_id",
        col_item="item_id",
        col_rating="rating",
        similarity_type="lift",
        threshold=task.support,
    )
    model.fit(rows)
