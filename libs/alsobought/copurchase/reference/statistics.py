"""Per item: how many units hold it, its share of all purchases, and what its buyers hold beside."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.tables import ITEM_STATISTICS


def item_statistics(held: DataFrame, window: DataFrame) -> DataFrame:
    """`item_statistics` of baskets: an item counts once per unit, in n_x, P and |c| alike.

    In:   `baskets.of_unit`, and the purchases of the window that they were made of.
    Out:  one row per unit, market and item. other_purchases is exact: no bins, since the cap on
          a unit's items bounds the number of different |c|.
    Cost: one shuffle of (item, |c|) counts; per row, at most as many entries as the cap.
    """
    by_others = held.groupBy("unit", "market", "item_id", (F.col("items") - 1).alias("others")).agg(
        F.count(F.lit(1)).alias("buyers")
    )
    per_item = by_others.groupBy("unit", "market", "item_id").agg(
        F.sum("buyers").alias("buyers"),
        F.array_sort(F.collect_list(F.struct("others", "buyers"))).alias("other_purchases"),
    )
    one_each = held.where("nth = 1").groupBy("unit", "market")
    units = one_each.agg(F.count(F.lit(1)).alias("units"), F.sum("items").alias("all_buyers"))
    share = F.col("buyers") / F.col("all_buyers")
    lines = window.groupBy("market", "item_id").agg(F.count(F.lit(1)).alias("purchases"))
    joined = per_item.join(F.broadcast(units), on=["unit", "market"], how="inner").join(
        lines, on=["market", "item_id"], how="inner"
    )
    return joined.withColumn("share", share).select(*ITEM_STATISTICS.names)
