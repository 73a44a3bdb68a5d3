"""Whether lists count more than was bought before their day, by the purchases they were made of."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.days import days_before, midnight
from alsobought.evaluate.purchases_read import Made, PurchasesRead
from alsobought.evaluate.run_parameters import parameter
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.recommend import BESTSELLERS
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import DatedRows

SAMPLED = 1_000
"""Items of a table's day that are counted again: those with the least hashes of their ids."""
COUNTS: Mapping[str, Sequence[tuple[str | None, str, str]]] = {
    RELATED_ITEMS.name: (
        (None, "item_id", "buyers"),
        (None, "related_item_id", "related_buyers"),
    ),
    ITEM_STATISTICS.name: ((None, "item_id", "buyers"),),
    BESTSELLERS.name: (("buyer", "item_id", "buyers"), ("line", "item_id", "purchases")),
}
"""By table what it counts (None: the column `unit` says it), of which item, in which column."""
LOOK_BACK = {BESTSELLERS.name: ("days",), ITEM_STATISTICS.name: ("baskets", "look_back_days")}
"""The parameter of a run that says how many days it counts; other tables' are not looked up."""
KEY = ("kind", "market", "item_id")


def too_many(
    tables: Mapping[str, DatedRows],
    read: PurchasesRead,
    could_leak: Sequence[Made],
    markets: Sequence[str],
) -> DataFrame | None:
    """Per table and day, the sampled counts, and those that are larger than the purchases had it
    which the table was made of: table, day, counts, too_many, example. None: nothing could leak.

    In:   could_leak: the tables' days that are looked at, as of `PurchasesRead.that_could_leak`.

    Counts may be smaller (returns, what is no product, a cap on items), never larger: the version
    of the purchases is that which was read, so no correction since plays a part. A group of markets
    is not looked at: its members are.
    Cost: for each of these days one scan of its lists and one of each version, and a shuffle of
    the lines of SAMPLED items.
    """
    parts = [
        _of_day(made, tables[made[0]], read.lines(made), markets)
        for made in could_leak
        if made[0] in COUNTS
    ]
    return reduce(DataFrame.unionByName, parts) if parts else None


def not_counted(could_leak: Sequence[Made]) -> list[str]:
    """A sentence for each day on tables without counts that could be made again."""
    names: dict[date, list[str]] = {}
    for name, day in could_leak:
        if name not in COUNTS:
            names.setdefault(day, []).append(name)
    return [
        f"{', '.join(sorted(tables))} of {day} was made when there were purchases of that day or "
        f"later already: proved are the items, customers, reasons and times that it names, not its "
        f"scores"
        for day, tables in sorted(names.items())
    ]


def _of_day(
    made: Made, table: DatedRows, versions: Sequence[DataFrame], markets: Sequence[str]
) -> DataFrame:
    name, day = made
    stored = _stored(name, table.rows.where(F.col("as_of") == F.lit(day)), markets)
    least = stored.select("item_id").distinct().orderBy(F.xxhash64("item_id")).limit(SAMPLED)
    items = F.broadcast(least)
    first = _first_day(name, day, table.runs.get(day, {}))
    recounts = [recounted(_before(lines, first, day).join(items, "item_id", "left_semi"))
                for lines in versions]  # fmt: skip
    counted = reduce(DataFrame.unionByName, recounts).groupBy(*KEY).agg(F.max("n").alias("n"))
    both = stored.join(items, "item_id", "left_semi").join(counted, list(KEY), "left")
    n = F.coalesce(F.col("n"), F.lit(0))
    is_larger = F.col("stored") > n
    example = F.struct("item_id", "kind", "stored", n.alias("counted"))
    return both.agg(
        F.lit(name).alias("table"),
        F.lit(day).alias("day"),
        F.count(F.lit(1)).alias("counts"),
        F.count_if(is_larger).alias("too_many"),
        F.min(F.when(is_larger, example)).alias("example"),
    )


def _stored(name: str, rows: DataFrame, markets: Sequence[str]) -> DataFrame:
    """What a table says: KEY and `stored`."""
    of_market = rows.where(F.col("market").isin([*markets]))
    parts = [
        of_market.select(
            (F.col("unit") if kind is None else F.lit(kind)).alias("kind"),
            "market",
            F.col(item).alias("item_id"),
            F.col(count).alias("stored"),
        )
        for kind, item, count in COUNTS[name]
    ]
    every = reduce(DataFrame.unionByName, parts)
    return every.groupBy(*KEY).agg(F.max("stored").alias("stored"))


def _first_day(name: str, day: date, run: Mapping[str, Any]) -> date | None:
    """The first day that a run has counted; None: not looked up, or not recorded."""
    value = parameter(run, ("parameters", *LOOK_BACK.get(name, ())))
    return days_before(day, value) if isinstance(value, int) else None


def _before(lines: DataFrame, first: date | None, day: date) -> DataFrame:
    before = lines.where(F.col("purchased_at") < midnight(day))
    return before if first is None else before.where(F.col("purchased_at") >= midnight(first))


def recounted(lines: DataFrame) -> DataFrame:
    """How many orders, customers, buyers (customers, and guests' orders) and lines have each item:
    KEY and `n`."""
    guests_order = F.when(F.col("customer_id").isNull(), F.col("order_id"))
    customers, guests = F.count_distinct("customer_id"), F.count_distinct(guests_order)
    counts: dict[str, Column] = {
        "order": F.count_distinct("order_id"),
        "customer": customers,
        "buyer": customers + guests,
        "line": F.count(F.lit(1)),
    }
    by_item = lines.groupBy("market", "item_id").agg(*(n.alias(k) for k, n in counts.items()))
    kinds = F.array(*(F.struct(F.lit(k).alias("kind"), F.col(k).alias("n")) for k in counts))
    return by_item.select("market", "item_id", F.inline(kinds))
