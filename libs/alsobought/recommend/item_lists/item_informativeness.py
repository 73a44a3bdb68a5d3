"""How much better than bestsellers an item's list has predicted what its buyers bought later."""

from datetime import date
from functools import partial

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from alsobought.days import days_before, in_window, midnight
from alsobought.recommend.item_lists.settings import ItemInformativeness
from alsobought.returns import counting
from alsobought.tables.outcome import Outcome
from alsobought.tables.recommend import ITEM_INFORMATIVENESS

ITEM = ["market", "item_id"]
CUSTOMER = ["market", "customer_id"]


def lists_day(settings: ItemInformativeness, as_of: date) -> date:
    """The day whose lists are measured: T0, so many days before the as-of day."""
    return days_before(as_of, settings.truth_days)


def item_informativeness(
    purchases: DataFrame,
    returned: DataFrame | None,
    lists: DataFrame,
    settings: ItemInformativeness,
    as_of: date,
) -> Outcome:
    """The rows of ITEM_INFORMATIVENESS: what an item's list of T0 = `lists_day` has predicted.

    A trigger is a customer and one of the last items that the customer had bought before T0, where
    the customer bought something for the first time in [T0, as_of). It is a hit where the item's
    list has one of these new items, and a bestseller hit where the first of the bestsellers that
    the customer had not bought do, as many as the list has places.
    In:   `purchases`, `returned_purchases` of `as_of`, `related_items` of T0; no rows: no weights.
    Out:  items with a list and a trigger. Items that no list has, which may be no products, count
          as bought by nobody; guests count nowhere.
    Cost: purchases are grouped by customer once; then triggers are joined to lists by item. A
          task holds one customer's distinct items; items of a market are sorted in one task.
    """
    first_places = _first_places(lists, settings)
    pairs = _pairs(_lines(purchases, returned, settings, as_of), first_places, settings, as_of)
    triggers = _triggers(pairs, _bestsellers(pairs), settings)
    rows = with_informativeness(_hits(triggers, first_places), settings.prior_hits)
    return Outcome(
        rows.select(*ITEM_INFORMATIVENESS.names),
        _account(lists, first_places, rows),
        partial(judge, settings=settings, as_of=as_of),
        reused=(first_places, pairs, rows),
    )


def _first_places(lists: DataFrame, settings: ItemInformativeness) -> DataFrame:
    """market, item_id, related: the items of its list's first places."""
    asked = lists.where(
        (F.col("unit") == settings.unit)
        & (F.col("relation") == settings.relation)
        & (F.col("metric") == settings.metric)
        & (F.col("rank") <= settings.top_k)
    )
    return asked.groupBy(*ITEM).agg(F.collect_list("related_item_id").alias("related"))


def _lines(
    purchases: DataFrame, returned: DataFrame | None, settings: ItemInformativeness, as_of: date
) -> DataFrame:
    """The lines of customers that count: of those before T0 what was known then, so also what was
    returned later; of those since what is known now."""
    of_customers = purchases.where("customer_id IS NOT NULL")
    day = lists_day(settings, as_of)
    before = of_customers.where(F.col("purchased_at") < midnight(day))
    since = in_window(of_customers, as_of, settings.truth_days)
    return counting(before, returned, day).unionByName(counting(since, returned, as_of))


def _pairs(
    lines: DataFrame, first_places: DataFrame, settings: ItemInformativeness, as_of: date
) -> DataFrame:
    """Per customer and item of any list: `last`, the last purchase before T0, null: the item is
    new; and whether that is within the days of triggers, and of bestsellers."""
    day = lists_day(settings, as_of)
    items = first_places.select("market", "item_id").unionByName(
        first_places.select("market", F.explode("related").alias("item_id"))
    )
    at = F.col("purchased_at")
    last = F.max(F.when(at < midnight(day), at)).alias("last")
    bought = lines.join(items.distinct(), ITEM, "left_semi").groupBy(*CUSTOMER, "item_id").agg(last)

    def is_since(days: int) -> Column:
        return F.coalesce(F.col("last") >= midnight(days_before(day, days)), F.lit(False))

    return bought.withColumns(
        {
            "is_trigger": is_since(settings.look_back_days),
            "is_recent": is_since(settings.bestseller_days),
        }
    )


def _bestsellers(pairs: DataFrame) -> DataFrame:
    """market, item_id, place: 1 has most customers in the days of bestsellers."""
    counts = pairs.where("is_recent").groupBy(*ITEM).agg(F.count(F.lit(1)).alias("buyers"))
    most = Window.partitionBy("market").orderBy(F.desc("buyers"), F.asc("item_id"))
    return counts.withColumn("place", F.row_number().over(most)).drop("buyers")


def _triggers(pairs: DataFrame, bestsellers: DataFrame, settings: ItemInformativeness) -> DataFrame:
    """market, item_id, new_items, place: one row a trigger. `place`: that of the customer's first
    new item among the bestsellers that the customer had not bought; null: none is a bestseller."""
    is_new = F.col("last").isNull()
    # the newest first, then by id
    trigger = F.struct((-F.unix_micros("last")).alias("age"), "item_id")
    of_customer = (
        pairs.join(bestsellers, ITEM, "left")
        .groupBy(*CUSTOMER)
        .agg(
            F.collect_list(F.when(is_new, F.col("item_id"))).alias("new_items"),
            F.min(F.when(is_new, F.col("place"))).alias("first_new"),
            F.collect_list(F.when(~is_new, F.col("place"))).alias("bought_places"),
            F.collect_list(F.when(F.col("is_trigger"), trigger)).alias("bought"),
        )
        .where("size(new_items) > 0")
    )
    before = F.filter("bought_places", lambda place: place < F.col("first_new"))
    last_bought = F.slice(F.array_sort("bought"), 1, settings.triggers)
    return of_customer.select(
        "market",
        F.explode(last_bought).alias("trigger"),
        "new_items",
        (F.col("first_new") - F.size(before)).alias("place"),
    ).select("market", "trigger.item_id", "new_items", "place")


def _hits(triggers: DataFrame, first_places: DataFrame) -> DataFrame:
    """market, item_id, buyers, hits, bestseller_hits, of the triggers that have a list."""
    is_hit = F.arrays_overlap("related", "new_items")
    is_bestseller_hit = F.col("place") <= F.size("related")
    return (
        triggers.join(first_places, ITEM)
        .groupBy(*ITEM)
        .agg(
            F.count(F.lit(1)).alias("buyers"),
            F.count_if(is_hit).alias("hits"),
            F.count_if(is_bestseller_hit).alias("bestseller_hits"),
        )
    )


def with_informativeness(hits: DataFrame, prior_hits: float) -> DataFrame:
    """The counts of hits with `informativeness`: hits against bestsellers' hits, shrunk to usual.

        weight = (hits + a) / (expected + a) / mean over triggers of the same
        expected = bestseller_hits * (hits of all items / bestseller hits of all items)

    It is the posterior mean of a Poisson rate per expected hit, whose gamma prior has the mean 1
    and the weight of `prior_hits` a expected hits; over a market's triggers its mean is 1. Where
    bestsellers hit nothing there is nothing to compare with: all weigh 1.
    Source: DuMouchel, Bayesian data mining in large frequency tables, 1999 (the gamma-Poisson
    shrinker, of one component); that a trigger weighs as its list has predicted: Smith & Linden,
    Two decades of recommender systems at Amazon.com, 2017.
    """
    # in the order of items, so that sums of doubles come out alike on any number of partitions
    market = Window.partitionBy("market").orderBy("item_id")
    whole = market.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    usual = F.try_divide(F.sum("hits").over(whole), F.sum("bestseller_hits").over(whole))
    expected = F.col("bestseller_hits") * usual
    ratio = (F.col("hits") + F.lit(prior_hits)) / (expected + F.lit(prior_hits))
    shrunk = hits.withColumn("ratio", F.coalesce(ratio, F.lit(1.0)))
    total = F.sum(F.col("ratio") * F.col("buyers")).over(whole)
    return shrunk.withColumn(
        "informativeness", F.col("ratio") * F.sum("buyers").over(whole) / total
    )


def _account(lists: DataFrame, first_places: DataFrame, rows: DataFrame) -> DataFrame:
    """One row: places in the lists of T0, lists of the kind asked for, items that have a weight,
    and their triggers, hits and bestseller hits."""
    counts = rows.agg(
        F.count(F.lit(1)).alias("items"),
        *(
            F.coalesce(F.sum(name), F.lit(0)).alias(total)
            for name, total in [
                ("buyers", "triggers"),
                ("hits", "hits"),
                ("bestseller_hits", "bestseller_hits"),
            ]
        ),
    )
    places = lists.agg(F.count(F.lit(1)).alias("places"))
    return places.crossJoin(first_places.agg(F.count(F.lit(1)).alias("lists"))).crossJoin(counts)


def judge(account: Row, settings: ItemInformativeness, as_of: date) -> list[str]:
    """The account as sentences."""
    day = lists_day(settings, as_of)
    if account["places"] == 0:
        return [
            f"There are no related_items of {day}, {settings.truth_days} days before {as_of}: no "
            f"item has a weight, so all weigh alike; run the job related_items --as-of {day}."
        ]
    if account["lists"] == 0:
        # not a fault: a score that the shop has added today has no lists of T0 for some nights
        return [
            f"related_items of {day} has no lists by {settings.unit}, {settings.relation}, "
            f"{settings.metric}: no item has a weight, so all weigh alike until it has, or others "
            f"are taken in [jobs.item_informativeness]."
        ]
    if account["triggers"] == 0:
        return [
            f"No customer bought something new from {day} on after an item with a list: no item "
            f"has a weight, so all weigh alike."
        ]
    rates = (account[name] / account["triggers"] for name in ("hits", "bestseller_hits"))
    hits, bestseller_hits = (f"{rate:.1%}" for rate in rates)
    return [
        f"lists of {day}, and what was bought since: of {account['triggers']:,} purchases of "
        f"{account['items']:,} items the item's list had {hits}, as many bestsellers "
        f"{bestseller_hits}"
    ]
