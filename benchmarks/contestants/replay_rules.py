"""replay-rec's association rules: confidence and lift of the best 50 by confidence, to Parquet."""

from pyspark.sql import SparkSession

from benchmarks.contestants import TOP, Task
from benchmarks.contestants.replay import CUSTOMER, dataset, ready
from benchmarks.contestants.spark import after

__all__ = ["after", "ready", "run"]


def run(task: Task, spark: SparkSession) -> None:
    from replay.models import AssociationRulesItemRec

    model = AssociationRulesItemRec(
        session_column=CUSTOMER,
        min_item_count=1,
        min_pair_count=task.support,
        num_neighbours=TOP,
    )
    model.fit(dataset(task, spark))
    model.similarity.write.mode("overwrite").parquet(task.out)
