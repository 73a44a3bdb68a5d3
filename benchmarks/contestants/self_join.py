"""A lean Spark self-join: integer codes, each pair counted once, first-order E, a window."""

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from benchmarks.contestants import TOP, Task
from benchmarks.contestants.spark import after, with_delta, write

__all__ = ["after", "ready", "run"]


def ready(task: Task) -> SparkSession:
    return with_delta(task, "10g", 64)


def run(task: Task, spark: SparkSession) -> None:
    purchases = spark.read.format("delta").load(task.purchases)
    owned = distinct_codes(purchases).persist()
    pairs = pair_counts(owned, task.support)
    rows = best(with_evidence(pairs, statistics(owned)))
    names = item_codes(purchases)
    rows = rows.join(F.broadcast(renamed(names, "x", "item_id")), "x").join(
        F.broadcast(renamed(names, "y", "related_item_id")), "y"
    )
    write(rows.drop("x", "y"), task)


def renamed(names: DataFrame, code: str, text: str) -> DataFrame:
    return names.select(F.col("code").alias(code), F.col("item_id").alias(text))


def item_codes(purchases: DataFrame) -> DataFrame:
    """Items numbered in the order of their ids, so that ties go to the smaller id."""
    numbered = F.row_number().over(Window.orderBy("item_id")).cast("int")
    return purchases.select("item_id").distinct().withColumn("code", numbered)


def distinct_codes(purchases: DataFrame) -> DataFrame:
    """One row per customer and item, both as integers."""
    coded = purchases.select("item_id", F.xxhash64("customer_id").alias("customer"))
    joined = coded.join(F.broadcast(item_codes(purchases)), "item_id")
    return joined.select("customer", F.col("code").alias("x")).distinct()


def pair_counts(owned: DataFrame, support: int) -> DataFrame:
    """x, y, both >= support, in both directions."""
    pairs = (
        owned.join(owned.withColumnRenamed("x", "y"), "customer")
        .where("x < y")
        .groupBy("x", "y")
        .agg(F.count(F.lit(1)).alias("both"))
        .where(F.col("both") >= support)
    )
    return pairs.unionByName(pairs.selectExpr("y AS x", "x AS y", "both"))


def statistics(owned: DataFrame) -> DataFrame:
    """x, buyers, share, others (the other items of its buyers in all), units."""
    sizes = owned.groupBy("customer").agg(F.count(F.lit(1)).alias("size"))
    with_sizes = owned.join(sizes, "customer").groupBy("x")
    per_item = with_sizes.agg(
        F.count(F.lit(1)).alias("buyers"), F.sum(F.col("size") - 1).alias("others")
    )
    totals = sizes.agg(F.count(F.lit(1)).alias("units"), F.sum("size").alias("rows"))
    return per_item.crossJoin(F.broadcast(totals)).withColumn("share", F.expr("buyers / rows"))


def with_evidence(pairs: DataFrame, items: DataFrame) -> DataFrame:
    """The pairs with n_x, n_y, n, E = P_y sum |c|, and the score."""
    of_item = items.select("x", "buyers", "others", "units")
    related = items.selectExpr("x AS y", "buyers AS related_buyers", "share")
    joined = pairs.join(F.broadcast(of_item), "x").join(F.broadcast(related), "y")
    return joined.withColumn("expected", F.expr("share * others")).withColumn(
        "score", F.expr("(both - expected) / sqrt(expected)")
    )


def best(evidence: DataFrame) -> DataFrame:
    """The best of each item by score, ties to the smaller id."""
    nth = F.row_number().over(Window.partitionBy("x").orderBy(F.desc("score"), "y"))
    kept = evidence.withColumn("nth", nth).where(F.col("nth") <= TOP)
    return kept.select("x", "y", "both", "expected", "buyers", "related_buyers", "units", "score")
