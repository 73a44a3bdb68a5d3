"""What most customers of a market bought in the last days."""

from datetime import date
from functools import partial

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from alsobought.copurchase.reference.baskets import with_groups
from alsobought.days import days_before, midnight
from alsobought.errors import JobError
from alsobought.recommend.baselines.product_lines import Purchased, only_available, product_lines
from alsobought.recommend.baselines.settings import Bestsellers
from alsobought.tables.outcome import Outcome
from alsobought.tables.recommend import BESTSELLERS

MODEL = "bestsellers"
SECTION = "[jobs.bestsellers]"


def bestsellers(tables: Purchased, settings: Bestsellers, as_of: date) -> Outcome:
    """Each market's available items by how many bought them lately: rows of BESTSELLERS.

    Out:   rank 1 has the most buyers; equal ones are ranked by item_id. A customer is one buyer of
           an item however often it was bought, and so is a guest's order.
    Raises JobError (by the account's judge) where no market has a purchase in these days, or none
           of an available item.
    Cost:  two shuffles of the lines of these days, by item and buyer; a market's items are sorted
           in one task. The account scans the times of all purchases.
    """
    items = count_buyers(product_lines(tables, settings, as_of, settings.days))
    assert tables.items is not None  # the job reads them
    rows = ranked(only_available(items, tables.items, settings.lists), settings.top_k)
    return Outcome(
        rows,
        _account(_last_purchases(tables, settings, as_of), items, rows),
        partial(judge, settings=settings, as_of=as_of),
        reused=(items, rows),
    )


def count_buyers(lines: DataFrame) -> DataFrame:
    """Per market and item: buyers (customers, and guests' orders), and purchases (lines)."""
    guest = F.when(F.col("customer_id").isNull(), F.struct("home", "order_id")).alias("guest")
    by_buyer = lines.groupBy("market", "item_id", "customer_id", guest).agg(
        F.count(F.lit(1)).alias("lines")
    )
    return by_buyer.groupBy("market", "item_id").agg(
        F.count(F.lit(1)).alias("buyers"), F.sum("lines").alias("purchases")
    )


def ranked(items: DataFrame, top_k: int) -> DataFrame:
    """The `top_k` items of each market with the most buyers, as rows of BESTSELLERS."""
    most = Window.partitionBy("market").orderBy(F.desc("buyers"), F.asc("item_id"))
    numbered = items.withColumn("rank", F.row_number().over(most)).where(F.col("rank") <= top_k)
    return numbered.withColumns(
        {
            "customer_id": F.lit(None).cast("string"),
            "model": F.lit(MODEL),
            "score": F.col("buyers").cast("double"),
        }
    ).select(*BESTSELLERS.names)


def _last_purchases(tables: Purchased, settings: Bestsellers, as_of: date) -> DataFrame:
    """Of each market and group the time of its last purchase before the as-of day."""
    before = tables.purchases.where(F.col("purchased_at") < midnight(as_of))
    of_markets = before.groupBy("market").agg(F.max("purchased_at").alias("last"))
    return (
        with_groups(of_markets, settings.groups).groupBy("market").agg(F.max("last").alias("last"))
    )


def _account(last_purchases: DataFrame, items: DataFrame, rows: DataFrame) -> DataFrame:
    """One row: `markets`, by name: last purchase, items bought, their purchases, items listed."""
    bought = items.groupBy("market").agg(
        F.count(F.lit(1)).alias("items"), F.sum("purchases").alias("purchases")
    )
    listed = rows.groupBy("market").agg(F.count(F.lit(1)).alias("listed"))
    markets = last_purchases.join(bought, "market", "left").join(listed, "market", "left")
    counted = markets.fillna(0, ["items", "purchases", "listed"])
    of_market = F.struct("market", "last", "items", "purchases", "listed")
    return counted.agg(F.sort_array(F.collect_list(of_market)).alias("markets"))


def judge(account: Row, settings: Bestsellers, as_of: date) -> list[str]:
    """The account as sentences. Raises JobError where there is nothing to list."""
    markets = account["markets"]
    first = days_before(as_of, settings.days)
    bought = sum(market["items"] for market in markets)
    if not bought:
        raise JobError(
            f"No purchase that counts lies in the {settings.days} days before {as_of}: take "
            f"another --as-of, or more days in {SECTION}."
        )
    listed = sum(market["listed"] for market in markets)
    if not listed:
        raise JobError(
            f"None of the {bought:,} items that were bought from {first} on is available: look at "
            f"is_available in [sources.items.columns], or at unknown_items in [lists]."
        )
    lines = sum(market["purchases"] for market in markets)
    return [
        f"from {first} on {lines:,} purchases of {bought:,} items in {_number(markets)}; "
        f"{listed:,} are listed, by customers and guests' orders that bought them",
        *(_without_list(market, first) for market in markets if not market["listed"]),
    ]


def _number(markets: list[Row]) -> str:
    count = sum(market["items"] > 0 for market in markets)
    return f"{count:,} market" + ("s" if count > 1 else "")


def _without_list(market: Row, first: date) -> str:
    """Why a market has no bestsellers."""
    name, items = market["market"], market["items"]
    if items:
        return f"{name}: none of its {items:,} items bought is available, so it has no bestsellers"
    return (
        f"{name}: no purchase counts from {first} on (the last was on {market['last']:%Y-%m-%d}), "
        f"so it has no bestsellers"
    )
