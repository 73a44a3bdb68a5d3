"""Per item: how many units hold it, its share of all purchases, and its buyers' other purchases."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.tables.copurchase import ITEM_STATISTICS


def item_statistics(baskets: DataFrame) -> DataFrame:
    """`item_statistics` of baskets.

    In:   `baskets.of_unit`.
    Out:  one row per unit, market and item. other_purchases is exact: no bins.
    Cost: one shuffle of (item, |c|) counts; per row, at most as many entries as buyers.
    """
    key = ["unit", "market", "item_id"]
    others = (F.col("total") - F.col("lines")).alias("others")
    by_others = baskets.groupBy(*key, others).agg(
        F.count(F.lit(1)).alias("buyers"), F.sum("lines").alias("purchases")
    )
    per_item = by_others.groupBy(*key).agg(
        F.sum("buyers").alias("buyers"),
        F.sum("purchases").alias("purchases"),
        F.array_sort(F.collect_list(F.struct("others", "buyers"))).alias("other_purchases"),
    )
    one_row_a_unit = baskets.where("nth = 1").groupBy("unit", "market")
    units = one_row_a_unit.agg(
        F.count(F.lit(1)).alias("units"), F.sum("total").alias("all_purchases")
    )
    joined = per_item.join(F.broadcast(units), on=["unit", "market"], how="inner")
    share = F.col("purchases") / F.col("all_purchases")
    return joined.withColumn("share", share).select(*ITEM_STATISTICS.names)
