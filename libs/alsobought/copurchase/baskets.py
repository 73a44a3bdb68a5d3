"""From purchase lines to baskets: the items that each unit holds, at most a cap of them."""

from datetime import date, timedelta
from functools import reduce

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from alsobought.copurchase.settings import Baskets, Unit
from alsobought.errors import JobError

SAMPLED_FROM = "sampled_from"  # a unit's distinct items before the cap


def in_window(purchases: DataFrame, as_of: date, look_back_days: int) -> DataFrame:
    """The purchases of the `look_back_days` days before `as_of`, both in UTC."""
    first = as_of - timedelta(days=look_back_days)
    at = F.col("purchased_at")
    return purchases.where(
        (at >= F.lit(first).cast("timestamp")) & (at < F.lit(as_of).cast("timestamp"))
    )


def of_unit(purchases: DataFrame, unit: Unit, max_items: int) -> DataFrame:
    """Each unit's distinct items, at most `max_items` of them.

    In:    market, customer_id, order_id, item_id.
    Out:   unit, market, unit_id, item_id (distinct), lines (purchase lines of the item),
           items (items of the unit that are kept), sampled_from (its distinct items in all),
           nth (numbers the unit's items from 1, so that nth = 1 is one row a unit).
           A unit above the cap keeps those of smallest xxhash64(unit_id, item_id): the same ones
           on every run, whatever the partitions.
    Cost:  one shuffle by unit and item, one by unit.
    """
    unit_id = F.col(f"{unit}_id").alias("unit_id")
    held = (
        purchases.select("market", unit_id, "item_id")
        .groupBy("market", "unit_id", "item_id")
        .agg(F.count(F.lit(1)).alias("lines"))
    )
    whole = Window.partitionBy("market", "unit_id")
    by_hash = whole.orderBy(F.xxhash64("unit_id", "item_id"), "item_id")
    nth = held.withColumns(
        {"nth": F.row_number().over(by_hash), SAMPLED_FROM: F.count(F.lit(1)).over(whole)}
    )
    kept = nth.where(F.col("nth") <= max_items)
    items = F.least(F.col(SAMPLED_FROM), F.lit(max_items).cast("bigint"))
    return kept.withColumns({"unit": F.lit(unit), "items": items})


def all_units(purchases: DataFrame, baskets: Baskets, as_of: date) -> DataFrame:
    """`of_unit` for every configured unit over the look-back window, one below the other."""
    window = in_window(purchases, as_of, baskets.look_back_days)
    parts = [of_unit(window, unit, baskets.max_items[unit]) for unit in baskets.units]
    return reduce(DataFrame.unionByName, parts)


def cap_effect(held: DataFrame) -> DataFrame:
    """Per unit: how many units there are, how many were above the cap, and the pairs it took.

    Out: unit, units, sampled_units, pairs (unordered, after the cap), lost_pairs (by the cap).
    """
    pairs = F.expr("items * (items - 1) div 2")
    before = F.expr("sampled_from * (sampled_from - 1) div 2")
    one_each = held.where("nth = 1")
    return one_each.groupBy("unit").agg(
        F.count(F.lit(1)).alias("units"),
        F.count_if(F.col(SAMPLED_FROM) > F.col("items")).alias("sampled_units"),
        F.sum(pairs).alias("pairs"),
        F.sum(before - pairs).alias("lost_pairs"),
    )


def account(held: DataFrame) -> DataFrame:
    """One row: by_unit, the rows of `cap_effect` as an array."""
    effect = cap_effect(held)
    return effect.agg(F.collect_list(F.struct(*effect.columns)).alias("by_unit"))


def told(account: Row, baskets: Baskets, as_of: date) -> list[str]:
    """The baskets and the effect of the caps, one sentence a unit.

    Raises JobError where the look-back window has no purchases.
    """
    if not account["by_unit"]:
        first = as_of - timedelta(days=baskets.look_back_days)
        raise JobError(
            f"purchases has none from {first} to {as_of}, the days that [baskets] looks back: "
            f"run the job purchases for {as_of}, or choose another day."
        )
    return [_told(row, baskets) for row in sorted(account["by_unit"], key=lambda row: row["unit"])]


def _told(row: Row, baskets: Baskets) -> str:
    said = f"{row['unit']}: {row['units']:,} units, {row['pairs']:,} pairs"
    if not row["sampled_units"]:
        return said
    share = row["lost_pairs"] / (row["pairs"] + row["lost_pairs"])
    return (
        f"{said}; {row['sampled_units']:,} units above max_items = "
        f"{baskets.max_items[row['unit']]:,} were sampled, "
        f"which left out {row['lost_pairs']:,} pairs ({share:.1%})"
    )
