"""From purchase lines to baskets: the items that each unit holds, at most a cap of them."""

from datetime import date
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from alsobought.copurchase.settings import Baskets, Unit
from alsobought.days import in_window


def of_unit(purchases: DataFrame, unit: Unit, max_items: int, *, count_repeats: bool) -> DataFrame:
    """Each unit's distinct items, at most `max_items` of them.

    In:    market, customer_id, order_id, item_id; a line without the unit's id is in no unit.
    Out:   unit, market, unit_id, item_id (distinct), lines (purchase lines of the item, or 1
           without `count_repeats`), total (lines of all items of the unit that are kept),
           nth (numbers the unit's items from 1, so that nth = 1 is one row a unit).
           A unit above the cap keeps the items with the smallest xxhash64(hash of the unit, hash
           of the item): the same ones on every run, whatever the partitions.
    Cost:  one shuffle by unit and item, one by unit.
    """
    unit_id = F.col(f"{unit}_id").alias("unit_id")
    lines = F.count(F.lit(1)) if count_repeats else F.lit(1).cast("bigint")
    distinct = (
        purchases.select("market", unit_id, "item_id")
        .where("unit_id IS NOT NULL")
        .groupBy("market", "unit_id", "item_id")
        .agg(lines.alias("lines"))
    )
    whole = Window.partitionBy("market", "unit_id")
    unit_hash, item_hash = (F.xxhash64("market", name) for name in ("unit_id", "item_id"))
    by_hash = whole.orderBy(F.xxhash64(unit_hash, item_hash), item_hash)
    numbered = distinct.withColumn("nth", F.row_number().over(by_hash))
    capped = numbered.where(F.col("nth") <= max_items)
    return capped.withColumns({"unit": F.lit(unit), "total": F.sum("lines").over(whole)})


def all_units(purchases: DataFrame, baskets: Baskets, as_of: date) -> DataFrame:
    """`of_unit` for every configured unit over the look-back window, one below the other."""
    window = in_window(purchases, as_of, baskets.look_back_days)
    parts = [
        of_unit(window, unit, baskets.max_items[unit], count_repeats=baskets.count_repeats)
        for unit in baskets.units
    ]
    return reduce(DataFrame.unionByName, parts)
