"""Whether a day's lists become those that are served: measured, checked, decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.days import EPOCH, days_before, micros, midnight
from alsobought.evaluate.gate import checks
from alsobought.evaluate.gate.checks import Check, Coverage, ListCounts
from alsobought.evaluate.gate.evaluation_checks import BASELINE, Judged, evaluation_checks
from alsobought.evaluate.gate.settings import Limits
from alsobought.returns import counting
from alsobought.tables.evaluate import PROMOTIONS
from alsobought.tables.outcome import Outcome
from alsobought.tables.recommend import RECOMMENDATIONS
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.serving import HitRate, Serving
from alsobought.tables.table import Table


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What the gate looks at; None: the environment has no such table."""

    related_items: DataFrame
    statistics: DataFrame
    purchases: DataFrame
    returned: DataFrame | None
    recommendations: DataFrame | None
    evaluations: DataFrame | None
    """Rows of the as-of day."""

    @property
    def served_tables(self) -> list[tuple[Table, DataFrame]]:
        """The tables whose rows are served, and their rows of the day."""
        both = ((RELATED_ITEMS, self.related_items), (RECOMMENDATIONS, self.recommendations))
        return [(table, rows) for table, rows in both if rows is not None]


@dataclass(frozen=True)
class Arrivals:
    """What the purchases before the day say: the day of the newest, and who has a list."""

    newest: date | None
    customers: Coverage


def promotions(inputs: Inputs, serving: Serving, limits: Limits, as_of: date) -> Outcome:
    """The decision on the day's lists, one row of `promotions`; none where they are served already,
    or were refused already for the same reasons: a day that is run twice gives the same rows.

    In:   related_items, recommendations, item_statistics and evaluations of the day, all purchases.
    Cost: a shuffle of 17 bytes a row of each served table and of its rows as they are served, and
          one of 17 bytes a purchase; item-sized sums. One row reaches the driver of each.
    """
    spark = inputs.related_items.sparkSession
    if checks.is_served_already(serving):
        note = f"{as_of} is served already, by decision {serving.decisions[-1].number}"
        return Outcome(spark.createDataFrame([], PROMOTIONS.ddl), notes=[note])
    rates = hit_rates(inputs.evaluations)
    every = all_checks(inputs, serving, limits, (rates, as_of))
    decision, served, reasons = checks.decided(serving, every)
    before = checks.refused_before(serving, as_of, (decision, served, reasons))
    if before is not None:
        note = f"{as_of} is refused, as by decision {before.number}"
        return Outcome(spark.createDataFrame([], PROMOTIONS.ddl), notes=[note, *reasons])
    number = serving.decisions[-1].number + 1 if serving.decisions else 1
    day = served.as_of if served else None
    pins = (dict(served.versions), dict(served.table_ids)) if served else ({}, {})
    kept = [rate for rate in rates or () if rate.model in limits.models]
    row = (
        number, as_of, decision, day, *pins,
        [tuple(rate) for rate in (kept if decision == "promoted" else serving.hit_rates)],
        [tuple(check) for check in every], reasons,
    )  # fmt: skip
    notes = [f"decision {number}, {decision}: {_in_words(decision, day)}", *reasons]
    return Outcome(spark.createDataFrame([row], PROMOTIONS.ddl), notes=notes)


def _in_words(decision: str, served: date | None) -> str:
    if served is None:
        return "nothing is served"
    return (
        f"{served} is served from here on" if decision == "promoted" else f"{served} stays served"
    )


def all_checks(
    inputs: Inputs,
    serving: Serving,
    limits: Limits,
    evaluated: tuple[Sequence[HitRate] | None, date],
) -> list[Check]:
    """Every check of the day's lists, in the order in which they are told.

    evaluated: the `hit_rates` of the as-of day, and that day.
    """
    rates, as_of = evaluated
    arrivals = arrived(inputs, limits.customer_days, as_of)
    every = [
        checks.day_check(serving, as_of),
        checks.rollback_check(serving),
        checks.tables_check(serving),
        checks.age_check(arrivals.newest, as_of, limits.max_age_days),
    ]
    for table, rows in inputs.served_tables:
        served = serving.served.get(table.name)
        counts = None if served is None else list_counts(rows, served, table)
        nothing = serving.unreadable.get(table.name, f"No {table.name} are served.")
        least, most = limits.min_rows_share, limits.max_changed_share
        every.append(checks.rows_check(table.name, counts or nothing, least))
        every.append(checks.markets_check(table.name, counts or nothing, least))
        every.append(checks.changed_check(table.name, counts or nothing, most))
    items = items_with_list(inputs.statistics, inputs.related_items)
    every.append(
        checks.coverage_check(
            "items with related items", items, limits.min_items_with_list, "min_items_with_list"
        )
    )
    if inputs.recommendations is not None:
        every.append(
            checks.coverage_check(
                f"customers of {limits.customer_days} days with recommendations",
                arrivals.customers,
                limits.min_customers_with_list,
                "min_customers_with_list",
            )
        )
    judged = Judged(rates, limits.models, limits.k, limits.margin)
    return every + evaluation_checks(judged, serving, as_of)


def list_counts(rows: DataFrame, served: DataFrame, table: Table) -> dict[str, ListCounts]:
    """How the lists of the day compare with the served ones, list by list, summed by market.

    A list is changed where fewer than half of the served items are in it, wherever in it.
    """
    key = [name for name in table.key if name not in ("as_of", "rank")]
    listed = "related_item_id" if "related_item_id" in table.names else "item_id"
    columns = "market", F.xxhash64(*key).alias("list"), F.xxhash64(listed).alias("item")
    places = rows.select(*columns, F.lit(False).alias("is_served")).unionByName(
        served.select(*columns, F.lit(True).alias("is_served"))
    )
    lists = places.groupBy("market", "list").agg(
        F.collect_list(F.when(~F.col("is_served"), F.col("item"))).alias("items"),
        F.collect_list(F.when(F.col("is_served"), F.col("item"))).alias("served"),
    )
    stays = F.size(F.array_intersect("items", "served"))
    totals = lists.groupBy("market").agg(
        F.sum(F.size("items")),
        F.sum(F.size("served")),
        F.count_if(F.size("served") > 0),
        F.count_if(2 * stays < F.size("served")),
    )
    return {market: ListCounts(*sums) for market, *sums in totals.collect()}


def items_with_list(statistics: DataFrame, related_items: DataFrame) -> Coverage:
    """How many of the items that were bought in a market have related items there, by any unit."""
    item = F.xxhash64("market", "item_id").alias("item")
    bought = statistics.select(item, F.lit(False).alias("has_list"))
    listed = related_items.where("rank = 1").select(item, F.lit(True).alias("has_list"))
    by_item = bought.unionByName(listed).groupBy("item")
    items = by_item.agg(
        F.bool_or("has_list").alias("has_list"), (~F.bool_and("has_list")).alias("is_bought")
    )
    totals = items.agg(F.count_if("is_bought"), F.count_if(F.expr("is_bought AND has_list")))
    return Coverage(*totals.collect()[0])


def arrived(inputs: Inputs, days: int, as_of: date) -> Arrivals:
    """The newest purchase before the day, and which customers of the last days have a list.

    A customer counts in each market where anything was bought; guests do not.
    """
    lines = counting(inputs.purchases, inputs.returned, as_of)
    past = lines.where(F.col("purchased_at") < midnight(as_of))
    at = F.unix_micros("purchased_at").alias("at")
    seen = past.select(_customer(), at, F.lit(False).alias("has_list"))
    if inputs.recommendations is not None:
        no_time = F.lit(None).cast("bigint").alias("at")
        listed = inputs.recommendations.where("rank = 1")
        seen = seen.unionByName(listed.select(_customer(), no_time, F.lit(True).alias("has_list")))
    by_customer = seen.groupBy("customer").agg(
        F.max("at").alias("at"), F.bool_or("has_list").alias("has_list")
    )
    first = F.lit(micros(days_before(as_of, days)))
    is_wanted = F.col("customer").isNotNull() & (F.col("at") >= first)
    totals = by_customer.agg(
        F.max("at"), F.count_if(is_wanted), F.count_if(is_wanted & F.col("has_list"))
    )
    newest, every, with_list = totals.collect()[0]
    day = None if newest is None else EPOCH + timedelta(microseconds=newest)
    return Arrivals(day, Coverage(every, with_list))


def hit_rates(evaluations: DataFrame | None) -> list[HitRate] | None:
    """The hit rates of every customer, of all models at every k, and how far they are above
    BASELINE; None: there are no evaluations."""
    if evaluations is None:
        return None
    other = F.col("compared_with")
    wanted = evaluations.where(
        (F.col("metric") == "hit")
        & (F.col("segment_by") == "everyone")
        & (other.isNull() | (other == BASELINE))
    )
    rates = [HitRate(*row) for row in wanted.select(*HitRate._fields).collect()]
    return sorted(rates, key=lambda rate: (rate[:2], rate.compared_with or "", rate[3:5]))


def _customer() -> Column:
    """The hash of a customer in a market; null: a guest."""
    return F.when(F.col("customer_id").isNotNull(), F.xxhash64("market", "customer_id")).alias(
        "customer"
    )
