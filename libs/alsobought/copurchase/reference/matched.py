"""The matched expectation by plain Spark joins: statistics whose shares and histograms make it."""

from itertools import groupby

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.copurchase.matched_rates import Margins, MatchedRates, matched_rates

MARKET = ["unit", "market"]


def matched_statistics(statistics: DataFrame) -> DataFrame:
    """`item_statistics` with what the matched expectation takes for shares and other purchases.

    In:   `item_statistics` without repeats.
    Out:  the same columns; share is 1 - exp(-b), others are the activities beside the item.
    Cost: two aggregations, of units by size and of items by popularity, come to the driver.
    """
    rates = rates_of_markets(statistics)
    shares = [
        (*market, int(n), float(share))
        for market, (margins, of_market) in rates.items()
        for n, share in zip(
            margins.popularities, of_market.shares(margins.popularities), strict=True
        )
    ]
    tables = [
        (*market, m, float(activity), float(slope))
        for market, (_, of_market) in rates.items()
        for m, (activity, slope) in enumerate(
            zip(of_market.activities, of_market.slopes, strict=True)
        )
    ]
    session = statistics.sparkSession
    by_market = "unit string, market string"
    share_of = session.createDataFrame(shares, f"{by_market}, buyers bigint, share double")
    activity_of = session.createDataFrame(
        tables, f"{by_market}, others bigint, activity double, slope double"
    )
    items = statistics.drop("share").join(share_of, on=[*MARKET, "buyers"], how="inner")
    bins = items.select(*MARKET, "item_id", "share", F.inline("other_purchases")).join(
        activity_of, on=[*MARKET, "others"], how="inner"
    )
    others = _activity_beside(F.col("activity"), F.col("slope"), F.col("share")).alias("others")
    histograms = bins.groupBy(*MARKET, "item_id").agg(
        F.array_sort(F.collect_list(F.struct(others, "buyers"))).alias("other_purchases")
    )
    matched = items.drop("other_purchases").join(histograms, on=[*MARKET, "item_id"], how="inner")
    return matched.select(*statistics.columns)


def rates_of_markets(
    statistics: DataFrame,
) -> dict[tuple[str, str], tuple[Margins, MatchedRates]]:
    """The margins and the matched rates of each unit and market.

    A unit of d items is among the buyers of each of them, with d - 1 others.
    """
    bins = statistics.select(*MARKET, F.inline("other_purchases"))
    of_sizes = bins.selectExpr(*MARKET, "others + 1 AS size", "buyers")
    sizes = of_sizes.groupBy(*MARKET, "size").agg(F.expr("sum(buyers) div size").alias("count"))
    popularities = statistics.groupBy(*MARKET, "buyers").agg(F.count(F.lit(1)).alias("count"))
    margins = zip(_by_market(sizes), _by_market(popularities), strict=True)
    rates = {}
    for (market, units), (_, items) in margins:
        of_market = Margins(*units, *items)
        rates[market] = (of_market, matched_rates(of_market))
    return rates


def _by_market(counts: DataFrame) -> list[tuple[tuple[str, str], np.ndarray]]:
    """Of each unit and market the values, ascending, and their counts."""
    rows = sorted(tuple(row) for row in counts.collect())
    return [
        (market, np.array([row[2:] for row in of_market]).T)
        for market, of_market in groupby(rows, lambda row: (row[0], row[1]))
    ]


def _activity_beside(activity: Column, slope: Column, share: Column) -> Column:
    """`formulas.activity_beside` of columns."""
    rate = -F.log1p(-share)
    chance = -F.expm1(-activity * rate)
    of_others = slope - rate * (1 - chance)
    return activity + F.when(of_others > 0, chance / of_others).otherwise(0.0)
