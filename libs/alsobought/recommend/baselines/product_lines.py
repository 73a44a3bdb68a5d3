"""The purchase lines that baselines count, and the items that their lists may show."""

from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.copurchase.reference.baskets import with_groups
from alsobought.copurchase.settings import Lists, Products
from alsobought.days import DAY_MICROS, EPOCH, in_window, midnight
from alsobought.products import only_products
from alsobought.returns import counting

LINE = ("market", "home", "customer_id", "order_id", "item_id", "purchased_at")
CUSTOMER = ("market", "customer_id")
OF_CUSTOMER = (*CUSTOMER, "item_id")


@dataclass(frozen=True)
class Purchased:
    """The tables `purchases`, `returned_purchases` of the as-of day and `items`, as far as there
    are such."""

    purchases: DataFrame
    returned: DataFrame | None = None
    items: DataFrame | None = None


def product_lines(
    tables: Purchased, settings: Products, as_of: date, look_back_days: int | None = None
) -> DataFrame:
    """The lines of products that count on the as-of day, and once more those of groups of markets.

    In:   `look_back_days`: how many days before `as_of`; None: all.
    Out:  LINE; `home`: of a line of a group, the market that its order id belongs to, else null.
    Cost: a scan of the purchases; a join by key where there are returns; where something is
          excluded, a join by item with what is.
    """
    if look_back_days is None:
        before = tables.purchases.where(F.col("purchased_at") < midnight(as_of))
    else:
        before = in_window(tables.purchases, as_of, look_back_days)
    bought = counting(before, tables.returned, as_of)
    products = only_products(bought, settings.exclude, tables.items)
    return with_groups(products, settings.groups).select(*LINE)


def only_available(rows: DataFrame, items: DataFrame, lists: Lists) -> DataFrame:
    """The rows whose item is available, or in no catalogue where lists keep such items.

    Cost: the ids of available items, or of those that are not, are sent to all.
    """
    keep = lists.unknown_items == "keep"
    ids = items.where("NOT is_available" if keep else "is_available").select("item_id")
    return rows.join(F.broadcast(ids), "item_id", "left_anti" if keep else "left_semi")


def purchase_days(lines: DataFrame) -> DataFrame:
    """Per market, customer and item the days on which it was bought; guests have none.

    Out:  OF_CUSTOMER, `days`: the distinct days in UTC, ascending, as numbers from 1970-01-01 on;
          `last_purchased_at`. Lines of one day are one purchase.
    Cost: one shuffle of the lines by customer, in which what follows by customer needs no other. A
          customer's item holds one number a day.
    """
    at = F.col("purchased_at")
    day = F.floor(F.unix_micros(at) / F.lit(DAY_MICROS)).cast("int")
    by_customer = lines.where("customer_id IS NOT NULL").repartition(*CUSTOMER)
    return by_customer.groupBy(*OF_CUSTOMER).agg(
        F.sort_array(F.collect_set(day)).alias("days"), F.max(at).alias("last_purchased_at")
    )


def day_number(day: date) -> Column:
    """The day as `purchase_days` numbers days."""
    return F.lit((day - EPOCH).days)
