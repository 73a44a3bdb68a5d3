"""Ranked lists as one row each, as a key-value store takes them."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

LIST = ("market", "unit", "relation", "metric", "item_id")
SEPARATOR = "/"


def whole_lists(ranked: DataFrame, parts: int) -> DataFrame:
    """One row a list, in `parts` partitions, each sorted by key.

    In:  rows of `related_items`, of one day.
    Out: key (the columns of LIST with SEPARATOR between them), these columns, and `related_items`:
         array of (rank, item_id, score, both, expected), best first.
    Cost: one shuffle of the rows.
    """
    place = F.struct("rank", F.col("related_item_id").alias("item_id"), "score", "both", "expected")
    places = F.sort_array(F.collect_list(place)).alias("related_items")
    lists = ranked.repartition(parts, *LIST).groupBy(*LIST).agg(places)
    key = F.concat_ws(SEPARATOR, *LIST).alias("key")
    return lists.select(key, *LIST, "related_items").sortWithinPartitions("key")
