"""What each customer is likely to buy, by factors of the matrix of customers and items."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
from pyspark import StorageLevel
from pyspark.ml.recommendation import ALS
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from alsobought.days import days_before
from alsobought.errors import JobError
from alsobought.recommend.baselines.factor_scores import ItemFactors, best_items
from alsobought.recommend.baselines.product_lines import (
    Purchased,
    day_number,
    only_available,
    product_lines,
    purchase_days,
)
from alsobought.recommend.baselines.settings import FactorRecommendations
from alsobought.tables.outcome import Batches, Outcome, WorkerRows
from alsobought.tables.recommend import FACTOR_RECOMMENDATIONS

SECTION = "[jobs.factor_recommendations]"
ROWS = FACTOR_RECOMMENDATIONS.ddl
CODE_BUCKETS = 4096
PAIRS_PER_BLOCK = 1 << 18
MOST_BLOCKS = 200  # a block sends a message to each block of the other side


def factor_recommendations(
    tables: Purchased, settings: FactorRecommendations, as_of: date
) -> Outcome:
    """Each customer's best `top_k` available items not bought before: rows of
    FACTOR_RECOMMENDATIONS.

    A market's matrix has a customer's days of purchase of each item in the look-back days, and is
    factorised by itself, by Spark's ALS for implicit feedback: squares of (preference - x . y),
    weighted 1 + alpha * days, with preference 1 for what was bought and 0 for all else. The score
    is x . y. Items that the customer has ever bought are left out: they fit best of all, and
    `buy_again` knows better when they are due. A customer without a purchase in these days has no
    list.
    Out:   rank 1 has the highest score; equal scores are ranked by item_id.
    Same rows: codes of customers and items, the blocks of the matrix and the first factors follow
           from ids, counts and seed alone, so that two runs differ only as sums of 32-bit numbers
           do whose order is that in which blocks arrive over the network: in the sixth digit of
           scores, and in the order of items whose scores differ by no more. A market of up to
           PAIRS_PER_BLOCK pairs is one block, whose order is fixed.
    Raises JobError where no customer has bought anything in these days.
    Cost:  one shuffle of the lines by customer and one of the pairs; each iteration shuffles the
           factors to the blocks that need them. The factors of a market's items, 4 * rank bytes
           each, are sent to all workers, where all scores of some customers are held at a time.
    Source: Hu, Koren & Volinsky, Collaborative filtering for implicit feedback datasets, ICDM 2008.
    """
    assert tables.items is not None  # the job reads them
    pairs = with_codes(_pairs(tables, settings, as_of)).persist(StorageLevel.DISK_ONLY)
    try:
        markets = _markets(pairs)
        if not markets:
            raise JobError(
                f"No customer's purchase lies in the {settings.look_back_days} days before "
                f"{as_of}: take another --as-of, or a longer look_back_days in {SECTION}."
            )
        models = [fit(pairs, market, settings) for market in markets]
        available = only_available(_items(pairs), tables.items, settings.lists)
        of_items = item_factors(models, available)
    except BaseException:
        pairs.unpersist()
        raise
    rows = recommended(_customers(pairs, models), of_items, settings.top_k)
    notes = [_in_words(market, of_items[market.name], settings) for market in markets]
    return Outcome(rows, notes=notes, reused=(pairs,))


@dataclass(frozen=True)
class Market:
    """The size of a market's matrix."""

    name: str
    customers: int
    items: int
    pairs: int

    @property
    def blocks(self) -> int:
        """Into how many blocks each side of the matrix is cut; it depends on its size alone."""
        return min(MOST_BLOCKS, -(-self.pairs // PAIRS_PER_BLOCK))


@dataclass(frozen=True)
class Factors:
    """A market's factors: `customers` and `items` have id (the code) and features."""

    market: str
    customers: DataFrame
    items: DataFrame


def _pairs(tables: Purchased, settings: FactorRecommendations, as_of: date) -> DataFrame:
    """market, customer_id, item_id, purchases: days of purchase in the look-back days, of items
    that the customer has ever bought; 0: none lately."""
    ever = purchase_days(product_lines(tables, settings, as_of))
    first = day_number(days_before(as_of, settings.look_back_days))
    recent = F.size(F.filter("days", lambda day: day >= first))
    return ever.select("market", "customer_id", "item_id", recent.alias("purchases"))


def with_codes(pairs: DataFrame) -> DataFrame:
    """The pairs of items that somebody bought lately, with `customer` and `item`: 32-bit codes that
    are unique in the market, and depend on nothing but the ids in it.

    A code is the id's place among those of its hash bucket, times the buckets, plus the bucket.
    Cost: the pairs are sorted by customer within buckets; the items' codes are sent to all.
    """
    recent = pairs.where("purchases > 0").select("market", "item_id").distinct()
    items = recent.select("market", "item_id", code("item_id", F.row_number()).alias("item"))
    with_items = pairs.join(F.broadcast(items), ["market", "item_id"])
    return with_items.withColumn("customer", code("customer_id", F.dense_rank()))


def code(name: str, place: Column) -> Column:
    """A code of each id of a market; `place`: row_number() of distinct ids, or dense_rank()."""
    bucket = F.pmod(F.xxhash64(name), F.lit(CODE_BUCKETS))
    nth = place.over(Window.partitionBy("market", bucket).orderBy(name))
    return ((nth - 1) * F.lit(CODE_BUCKETS) + bucket).cast("int")


def _markets(pairs: DataFrame) -> list[Market]:
    """The markets with something to factorise, by name."""
    counts = (
        pairs.where("purchases > 0")
        .groupBy("market")
        .agg(
            F.count_distinct("customer").alias("customers"),
            F.count_distinct("item").alias("items"),
            F.count(F.lit(1)).alias("pairs"),
        )
    )
    return [Market(*row) for row in counts.sort("market").collect()]


def fit(pairs: DataFrame, market: Market, settings: FactorRecommendations) -> Factors:
    """The factors of a market, of the seed."""
    als = ALS(
        rank=settings.rank,
        maxIter=settings.iterations,
        regParam=settings.regularisation,
        alpha=settings.alpha,
        seed=settings.seed,
        implicitPrefs=True,
        userCol="customer",
        itemCol="item",
        ratingCol="purchases",
        numUserBlocks=market.blocks,
        numItemBlocks=market.blocks,
    )
    bought = pairs.where((F.col("market") == market.name) & (F.col("purchases") > 0))
    ratings = bought.select("customer", "item", F.col("purchases").cast("float"))
    # sums of 32-bit numbers depend on their order
    in_order = ratings.repartition(market.blocks, "customer")
    model = als.fit(in_order.sortWithinPartitions("customer", "item"))
    return Factors(market.name, model.userFactors, model.itemFactors)


def _items(pairs: DataFrame) -> DataFrame:
    return pairs.where("purchases > 0").select("market", "item_id", "item").distinct()


def item_factors(models: list[Factors], available: DataFrame) -> dict[str, ItemFactors]:
    """The factors of each market's available items, by market. Cost: they come to the driver."""
    factors: dict[str, ItemFactors] = {}
    for model in models:
        of_market = available.where(F.col("market") == model.market)
        codes = of_market.select("item_id", F.col("item").alias("id"))
        factors[model.market] = ItemFactors.of(codes.join(model.items, "id").toArrow())
    return factors


def _customers(pairs: DataFrame, models: list[Factors]) -> DataFrame:
    """market, customer_id, bought (codes of items), features: one row a customer with factors."""
    with_market = [
        model.customers.select(
            F.lit(model.market).alias("market"), F.col("id").alias("customer"), "features"
        )
        for model in models
    ]
    bought = pairs.groupBy("market", "customer", "customer_id").agg(
        F.collect_list("item").alias("bought")
    )
    factors = reduce(DataFrame.unionByName, with_market)
    joined = bought.join(factors, ["market", "customer"])
    return joined.select("market", "customer_id", "bought", "features")


def recommended(
    customers: DataFrame, of_items: Mapping[str, ItemFactors], top_k: int
) -> WorkerRows:
    """The best items of each customer, scored in the workers, which all get the items' factors."""
    factors_sent = customers.sparkSession.sparkContext.broadcast(dict(of_items))

    def recommend(batches: Batches) -> Batches:
        for batch in batches:
            yield from rows_of(batch, factors_sent.value, top_k)

    return WorkerRows(customers, recommend, ROWS)


def rows_of(batch: pa.RecordBatch, of_items: Mapping[str, ItemFactors], top_k: int) -> Batches:
    """Rows of FACTOR_RECOMMENDATIONS, of some customers at a time."""
    for market in batch["market"].unique().to_pylist():
        is_in = pc.equal(batch["market"], market)
        yield from best_items(batch.filter(is_in), of_items[market], top_k)


def _in_words(market: Market, items: ItemFactors, settings: FactorRecommendations) -> str:
    return (
        f"{market.name}: {settings.rank} factors of {market.customers:,} customers and "
        f"{market.items:,} items, from {market.pairs:,} pairs of the last "
        f"{settings.look_back_days} days ({market.pairs / market.customers:.1f} items a customer); "
        f"{len(items.ids):,} of these items are available"
    )
