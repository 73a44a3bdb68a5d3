"""From counted candidates to the ranked lists that are served."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from alsobought.copurchase.scores import score
from alsobought.copurchase.settings import Lists
from alsobought.tables.related import RELATED_ITEMS


def only_available(pairs: DataFrame, items: DataFrame) -> DataFrame:
    """The pairs whose related item is in the catalogue and available.

    The item itself may be unavailable: its page still has visitors. Cost: one join by item.
    """
    available = items.where("is_available").select(F.col("item_id").alias("related_item_id"))
    return pairs.join(available, on="related_item_id", how="left_semi")


def ranked(pairs: DataFrame, lists: Lists, top_k: int) -> DataFrame:
    """Each item's best `top_k` related items under each metric, as `related_items`.

    In:   `co_purchases`; a pair below lists.min_support is left out.
    Out:  rank 1 is the highest score; equal scores are ranked by related_item_id.
    Cost: one shuffle of the candidates; each is scored once a metric and sorted.
    """
    # one shuffle serves the ranking and the files: each holds a range of items, for look-ups
    ranged = pairs.repartitionByRange("item_id")
    supported = ranged.where(F.col("both") >= lists.min_support)
    scores = F.array(
        *[
            F.struct(F.lit(metric).alias("metric"), score(metric).alias("score"))
            for metric in lists.metrics
        ]
    )
    scored = supported.select("*", F.explode(scores).alias("_scored"))
    by_metric = scored.select(*supported.columns, "_scored.metric", "_scored.score")
    best = Window.partitionBy("unit", "market", "relation", "metric", "item_id").orderBy(
        F.desc("score"), F.asc("related_item_id")
    )
    numbered = by_metric.withColumn("rank", F.row_number().over(best))
    return numbered.where(F.col("rank") <= top_k).select(*RELATED_ITEMS.names)
