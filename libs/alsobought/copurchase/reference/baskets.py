"""From purchase lines to baskets: the items that each unit holds, at most a cap of them."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from alsobought.copurchase.settings import Baskets, Unit
from alsobought.days import in_window
from alsobought.products import Exclusions


def of_unit(purchases: DataFrame, unit: Unit, max_items: int, *, count_repeats: bool) -> DataFrame:
    """Each unit's distinct items, at most `max_items` of them.

    In:    market, home (as `with_groups` has them), customer_id, order_id, item_id; a line without
           the unit's id is in no unit.
    Out:   unit, market, unit_id (of an order the home and the id), item_id (distinct), lines
           (purchase lines of the item, or 1 without `count_repeats`), total (lines of all items of
           the unit that are kept), nth (numbers the unit's items from 1, so that nth = 1 is one row
           a unit).
           A unit above the cap keeps the items with the smallest xxhash64(hash of the unit, hash
           of the item): the same ones on every run, whatever the partitions.
    Cost:  one shuffle by unit and item, one by unit.
    """
    home = F.col("home") if unit == "order" else F.lit(None).cast("string")
    unit_id = F.struct(home.alias("home"), F.col(f"{unit}_id").alias("id")).alias("unit_id")
    lines = F.count(F.lit(1)) if count_repeats else F.lit(1).cast("bigint")
    distinct = (
        purchases.select("market", unit_id, "item_id")
        .where("unit_id.id IS NOT NULL")
        .groupBy("market", "unit_id", "item_id")
        .agg(lines.alias("lines"))
    )
    whole = Window.partitionBy("market", "unit_id")
    unit_hash = F.xxhash64("market", "unit_id.home", "unit_id.id")  # nulls change no hash
    item_hash = F.xxhash64("market", "item_id")
    by_hash = whole.orderBy(F.xxhash64(unit_hash, item_hash), item_hash)
    numbered = distinct.withColumn("nth", F.row_number().over(by_hash))
    capped = numbered.where(F.col("nth") <= max_items)
    return capped.withColumns({"unit": F.lit(unit), "total": F.sum("lines").over(whole)})


def with_groups(purchases: DataFrame, groups: Mapping[str, Sequence[str]]) -> DataFrame:
    """The purchases, and once more those of each group's markets, with the group as their market.

    Out: as in, and home: the market that the order id belongs to; null where it is `market` itself.
    """
    plain = purchases.withColumn("home", F.lit(None).cast("string"))
    of_groups = [
        purchases.where(F.col("market").isin([*members])).withColumns(
            {"home": F.col("market"), "market": F.lit(group)}
        )
        for group, members in groups.items()
    ]
    return reduce(DataFrame.unionByName, [plain, *of_groups])


def without_excluded(
    purchases: DataFrame, exclude: Exclusions, catalogue: DataFrame | None = None
) -> DataFrame:
    """The purchases of products. Cost: a join by item where attributes exclude some."""
    is_product = ~F.col("item_id").isin(exclude.ids)
    for pattern in exclude.patterns:
        is_product &= ~F.col("item_id").rlike(f"\\A(?:{pattern})\\z")
    products = purchases.where(is_product)
    if catalogue is None:
        return products
    excluded = [
        catalogue.where(F.exists(_values(name), lambda value: value.isin(values)))  # noqa: B023
        for name, values in exclude.attributes.items()
    ]
    for items in excluded:
        products = products.join(items.select("item_id"), on="item_id", how="left_anti")
    return products


def _values(name: str) -> Column:
    """The values of a catalogue's item under the name of a column or an attribute, an array."""
    if name == "category":
        return F.col(name)
    value = (
        F.col(name) if name in ("title", "brand") else F.try_element_at("attributes", F.lit(name))
    )
    return F.array(value)


def all_units(
    purchases: DataFrame,
    baskets: Baskets,
    as_of: date,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> DataFrame:
    """`of_unit` for every configured unit over the look-back window, one below the other."""
    window = with_groups(in_window(purchases, as_of, baskets.look_back_days), groups or {})
    parts = [
        of_unit(window, unit, baskets.max_items[unit], count_repeats=baskets.count_repeats)
        for unit in baskets.units
    ]
    return reduce(DataFrame.unionByName, parts)
