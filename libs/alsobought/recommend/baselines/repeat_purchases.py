"""How often, and after how long, the customers of an item buy it again."""

from datetime import date
from functools import partial

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.recommend.baselines import formulas
from alsobought.recommend.baselines.product_lines import (
    Purchased,
    day_number,
    product_lines,
    purchase_days,
)
from alsobought.recommend.baselines.settings import RepeatPurchases
from alsobought.tables.outcome import Outcome
from alsobought.tables.recommend import REPEAT_PURCHASES

SECTION = "[jobs.repeat_purchases]"
ITEM = ("market", "item_id")
SUMS = (
    "buyers", "repeat_buyers", "gaps", "gap_days", "t", "nn", "nt", "tt", "logs", "squares",
)  # fmt: skip
EXACT = "decimal(28, 18)"


def repeat_purchases(tables: Purchased, settings: RepeatPurchases, as_of: date) -> Outcome:
    """Each market's items with the chance, the gaps and the rates of repeat purchases.

    Customers' days of purchase count, not lines; guests count nowhere. What is estimated (all but
    the counts) is estimated from the item's sums and those of `shrinkage` more customers, whose
    sums are the mean of the market's (customer, item) pairs: pseudo-counts, so that an item with
    one buyer, who came back, has no probability of 1. See `formulas` for each estimate.
    Out:   rows of REPEAT_PURCHASES: every item that a customer bought in the look-back days.
    Raises JobError (by the account's judge) where there is none.
    Cost:  one shuffle of the lines by customer, in which each customer's item becomes its sums, and
           one of these by item. All else is of the size of items.
    """
    pairs = purchase_days(product_lines(tables, settings, as_of, settings.look_back_days))
    sums = _sums(pairs, as_of)
    return Outcome(
        with_estimates(sums, _of_markets(sums), settings.shrinkage),
        _account(sums),
        partial(judge, settings=settings, as_of=as_of),
        reused=(sums,),
    )


def _sums(pairs: DataFrame, as_of: date) -> DataFrame:
    """Per market and item SUMS over its customers.

    n (whose sum are the gaps), t and their products are those of `formulas`; gap_days: from the
    first to the last purchase; logs, squares: of ln(gap) and its square, over all gaps. All are
    whole numbers or decimals, which add up alike in any order.
    """
    repeats = (F.size("days") - 1).cast("bigint")
    days = (day_number(as_of) - F.element_at("days", 1)).cast("bigint")
    span = F.element_at("days", -1) - F.element_at("days", 1)
    of_pairs = pairs.select(
        *ITEM,
        repeats.alias("n"),
        days.alias("t"),
        span.cast("bigint").alias("gap_days"),
        _logarithms(1).alias("logs"),
        _logarithms(2).alias("squares"),
    )
    n, t = F.col("n"), F.col("t")
    return of_pairs.groupBy(*ITEM).agg(
        F.count(F.lit(1)).alias("buyers"),
        F.count_if(n > 0).alias("repeat_buyers"),
        F.sum(n).alias("gaps"),
        F.sum("gap_days").alias("gap_days"),
        F.sum(t).alias("t"),
        F.sum(n * n).alias("nn"),
        F.sum(n * t).alias("nt"),
        F.sum(t * t).alias("tt"),
        F.sum("logs").alias("logs"),
        F.sum("squares").alias("squares"),
    )


def _logarithms(power: int) -> Column:
    """The sum of ln(gap) ** power over the gaps between a customer's successive `days`."""
    gaps = F.expr("zip_with(slice(days, 2, size(days)), days, (b, a) -> b - a)")

    def add(total: Column, gap: Column) -> Column:
        return total + F.pow(F.log(gap), F.lit(power))

    total = F.aggregate(F.filter(gaps, lambda gap: gap.isNotNull()), F.lit(0.0), add)
    has_gaps = F.size("days") > 1  # most customers' items have none
    return F.when(has_gaps, total).otherwise(0.0).cast(EXACT)


def _of_markets(sums: DataFrame) -> DataFrame:
    """Per market the sums over all customers and items, as `market_<name>`."""
    return sums.groupBy("market").agg(*(F.sum(name).alias(f"market_{name}") for name in SUMS))


def with_estimates(items: DataFrame, markets: DataFrame, shrinkage: float) -> DataFrame:
    """Rows of REPEAT_PURCHASES of items with SUMS, and of their markets' totals."""

    def shrunk(name: str) -> Column:
        of_item, of_market = (F.col(f"{of}{name}").cast("double") for of in ("", "market_"))
        return of_item + F.lit(shrinkage) * of_market / F.col("market_buyers")

    log_mean, log_deviation = formulas.gap_logarithms(*map(shrunk, ("gaps", "logs", "squares")))
    rates = {"n": shrunk("gaps")} | {name: shrunk(name) for name in ("t", "nn", "nt", "tt")}
    shape, rate_days = formulas.gamma_of_rates(rates)
    probability = formulas.repeat_probability(shrunk("repeat_buyers"), shrunk("buyers"))
    columns = {
        "repeat_probability": probability,
        "mean_gap_days": F.try_divide(shrunk("gap_days"), shrunk("gaps")),
        "log_gap_mean": log_mean,
        "log_gap_deviation": log_deviation,
        "rate_shape": shape,
        "rate_days": rate_days,
    }
    together = items.join(F.broadcast(markets), "market")
    return together.withColumns(columns).select(*REPEAT_PURCHASES.names)


def _account(sums: DataFrame) -> DataFrame:
    """One row: items, those bought again, buyers, those who came back, gaps, days of all gaps."""
    totals = ("buyers", "repeat_buyers", "gaps", "gap_days")
    return sums.agg(
        F.count(F.lit(1)).alias("items"),
        F.count_if(F.col("repeat_buyers") > 0).alias("repeat_items"),
        *(F.sum(name).alias(name) for name in totals),
    )


def judge(account: Row, settings: RepeatPurchases, as_of: date) -> list[str]:
    """The account as a sentence. Raises JobError where no customer has bought anything."""
    if not account["items"]:
        raise JobError(
            f"No customer's purchase lies in the {settings.look_back_days} days before {as_of}: "
            f"take another --as-of, or a longer look_back_days in {SECTION}."
        )
    buyers, repeat_buyers, gaps = (account[n] for n in ("buyers", "repeat_buyers", "gaps"))
    of_items = f"{account['repeat_items']:,} of {account['items']:,} items were bought again"
    if not gaps:
        return [f"{of_items}: no item has gaps or rates"]
    return [
        f"{of_items}, by {repeat_buyers / buyers:.1%} of their buyers ({repeat_buyers:,} of "
        f"{buyers:,} pairs of customer and item), after {account['gap_days'] / gaps:.0f} days in "
        f"the mean of {gaps:,} gaps"
    ]
