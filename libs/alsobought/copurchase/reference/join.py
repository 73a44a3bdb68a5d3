"""The reference count of pairs: a plain Spark self-join, slow and easy to trust."""

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from alsobought.copurchase.reference.expected import expected
from alsobought.copurchase.scores import score
from alsobought.copurchase.settings import Lists
from alsobought.tables.copurchase import CO_PURCHASES


def pair_counts(baskets: DataFrame, min_support: int) -> DataFrame:
    """N: for each ordered pair of different items, the units that hold both.

    In:   `baskets.of_unit`: distinct items per unit.
    Out:  unit, market, item_id, related_item_id, both >= min_support.
    Cost: a unit of m items makes m(m-1)/2 rows, all of them shuffled.
    """
    items = baskets.select("unit", "market", "unit_id", "item_id")
    others = items.withColumnRenamed("item_id", "related_item_id")
    pairs = (
        items.join(others, on=["unit", "market", "unit_id"], how="inner")
        .where("item_id < related_item_id")
        .groupBy("unit", "market", "item_id", "related_item_id")
        .agg(F.count(F.lit(1)).alias("both"))
        .where(F.col("both") >= min_support)
    )
    mirrored = pairs.withColumns(
        {"item_id": F.col("related_item_id"), "related_item_id": F.col("item_id")}
    )
    return pairs.unionByName(mirrored)


def with_evidence(
    pairs: DataFrame, statistics: DataFrame, prior: Column | None = None
) -> DataFrame:
    """Pairs with n_x, n_y, n and E beside N, as `co_purchases`.

    In: `pair_counts` and `item_statistics` of the same baskets; `prior`: of unit and market.
    """
    key = ["unit", "market", "item_id"]
    of_item = statistics.select(*key, "buyers", "units", "other_purchases")
    related = statistics.select(
        "unit",
        "market",
        F.col("item_id").alias("related_item_id"),
        F.col("buyers").alias("related_buyers"),
        "share",
    )
    joined = pairs.join(of_item, on=key, how="inner").join(
        related, on=["unit", "market", "related_item_id"], how="inner"
    )
    with_expected = joined.withColumns(
        {
            "expected": expected(F.col("other_purchases"), F.col("share")),
            "relation": F.lit("together"),
            "prior": (F.lit(None) if prior is None else prior).cast("array<double>"),
        }
    )
    return with_expected.select(*CO_PURCHASES.names)


def candidates(evidence: DataFrame, lists: Lists, per_item: int) -> DataFrame:
    """The pairs that are among the best `per_item` of their item under at least one metric.

    Ties go to the smaller related_item_id, so the choice is total. Out: the columns of `evidence`.
    """
    best = Window.partitionBy("unit", "market", "item_id")

    def nth(metric: str) -> Column:
        return F.row_number().over(best.orderBy(F.desc(metric), F.asc("related_item_id")))

    scored = evidence.withColumns({f"_{metric}": score(metric) for metric in lists.metrics})
    ranked = scored.withColumns({f"_rank_{m}": nth(f"_{m}") for m in lists.metrics})
    kept = reduce(Column.__or__, [F.col(f"_rank_{m}") <= per_item for m in lists.metrics])
    return ranked.where(kept).select(*evidence.columns)
