"""What the two models of replay-rec share: a session, and the purchases as they want them."""

from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from benchmarks.contestants import Task, files
from benchmarks.contestants.spark import plain

CUSTOMER, ITEM, RATING = "customer", "item", "rating"


def ready(task: Task) -> SparkSession:
    from replay.utils.session_handler import State

    spark = plain(task, "10g", 64)
    State(spark)
    return spark


def dataset(task: Task, spark: SparkSession) -> Any:
    """The distinct rows of customer and item; the models take a row's customer as its session."""
    from replay.data import Dataset, FeatureHint, FeatureInfo, FeatureSchema, FeatureType

    kinds = (
        (CUSTOMER, FeatureType.CATEGORICAL, FeatureHint.QUERY_ID),
        (ITEM, FeatureType.CATEGORICAL, FeatureHint.ITEM_ID),
        (RATING, FeatureType.NUMERICAL, FeatureHint.RATING),
    )
    schema = FeatureSchema(
        [FeatureInfo(column=c, feature_type=kind, feature_hint=hint) for c, kind, hint in kinds]
    )
    lines = spark.read.parquet(*files(task.purchases))
    # integers, which the models need: the digits of the ids
    rows = lines.select(
        F.expr("int(substr(customer_id, 2))").alias(CUSTOMER),
        F.expr("int(substr(item_id, 2))").alias(ITEM),
        F.lit(1.0).alias(RATING),
    ).distinct()
    return Dataset(schema, rows, check_consistency=False)
