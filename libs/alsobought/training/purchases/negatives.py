"""Negatives by inverse-CDF sampling over cumulative item weights, with hashes as random numbers.

Each item of a market has an interval [start, start + mass) of the market's cumulative masses; a
hash modulo their sum is a place, and the item whose interval holds it is drawn. All places are
whole numbers, so nothing depends on rounding, on partitions or on the order of rows.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from alsobought.sampling import bucket, keyed

MASS_OF_ONE = 1 << 20  # of an item bought once; others have count ** exponent times as much
CUSTOMER = ["market", "customer_id"]
PLACE = ("start", "mass", "masses", "cell_width")


def with_places(items: DataFrame, exponent: float) -> DataFrame:
    """`items` (market, item_id, item_purchases) with their interval of their market's masses.

    Adds mass = item_purchases ** exponent in units of 1 / 2**20, start = the masses before it by
    item_id, masses = all of them, log_q = ln(mass / masses), most_purchases of any item, and
    cell_width: the sum of masses is cut into as many cells as there are items.
    Cost: one task sorts the items of a market; a row of an item is about 100 bytes.
    """
    market = Window.partitionBy("market")
    before = market.orderBy("item_id").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    mass = F.round(F.pow("item_purchases", F.lit(exponent)) * F.lit(MASS_OF_ONE)).cast("bigint")
    with_masses = items.withColumn("mass", mass).withColumns(
        {
            "start": F.sum("mass").over(before) - F.col("mass"),
            "masses": F.sum("mass").over(market),
            "of_market": F.count(F.lit(1)).over(market),
            "most_purchases": F.max("item_purchases").over(market),
        }
    )
    width = F.expr("(masses + of_market - 1) div of_market")
    log_q = F.log(F.col("mass") / F.col("masses"))
    return with_masses.withColumns({"cell_width": width, "log_q": log_q}).drop("of_market")


def draw_negatives(
    positives: DataFrame, items: DataFrame, per_positive: int, seed: int
) -> DataFrame:
    """For each positive, `per_positive` items by their masses, none a positive of the customer.

    In: positives (market, customer_id, item_id, PLACE), items as of `with_places`. Out: market,
    customer_id, positive_id, copy (1 and on), item_id. Draws are independent, so an item may come
    twice. A customer who bought every item of the market has no negatives.
    A place is xxhash64(market, customer, positive, copy, seed) modulo the sum of masses without the
    customer's positives, then moved past those that lie before it: exact, without rejection.
    Cells are an index of the intervals (Chen and Asau, 1974): a draw meets two items on average, in
    an equi-join whose keys are all alike in size.
    Cost: rows = positives x per_positive, shuffled once; a customer with P positives takes
    P x P x per_positive steps.
    """
    bought = F.array_sort(F.collect_list(F.struct("start", "mass", "item_id")))
    customers = positives.groupBy(*CUSTOMER, "masses", "cell_width").agg(bought.alias("bought"))
    taken = F.aggregate("bought", F.lit(0).cast("bigint"), lambda total, one: total + one["mass"])
    customers = customers.withColumn("free", F.col("masses") - taken).where("free > 0")
    places = customers.select(*CUSTOMER, "cell_width", F.inline(_draws(per_positive, seed)))
    places = places.withColumn("cell", F.expr("place div cell_width"))
    candidates = places.join(_cells(items), ["market", "cell"], "inner")
    return candidates.where("place >= start AND place < start + mass").select(
        *CUSTOMER, "positive_id", "copy", "item_id"
    )


def in_batch(positives: DataFrame) -> DataFrame:
    """item_id and log_q = ln(its share of all positives): how often it comes up in a batch.

    A trainer takes the other positives of a batch as negatives, and subtracts log_q from every
    score to undo that popular items come up more often (Yi et al., Sampling-bias-corrected neural
    modeling, 2019).
    """
    by_item = positives.groupBy("item_id").agg(F.count(F.lit(1)).alias("times"))
    total = F.broadcast(by_item.agg(F.sum("times").alias("all_times")))
    share = F.col("times") / F.col("all_times")
    return by_item.crossJoin(total).select("item_id", F.log(share).alias("log_q"))


def _draws(per_positive: int, seed: int) -> Column:
    """An array of (positive_id, copy, place) for the positives that the customer `bought`."""
    copies = F.sequence(F.lit(1), F.lit(per_positive))

    def of_positive(positive: Column) -> Column:
        return F.transform(copies, lambda copy: draw(positive, copy))

    def draw(positive: Column, copy: Column) -> Column:
        hashed = keyed(*CUSTOMER, positive["item_id"], copy.cast("bigint"), seed=seed)
        place = bucket(hashed, F.col("free"))
        return F.struct(
            positive["item_id"].alias("positive_id"),
            copy.alias("copy"),
            F.aggregate("bought", place, _past).alias("place"),
        )

    return F.flatten(F.transform("bought", of_positive))


def _past(place: Column, taken: Column) -> Column:
    """The place among all masses, when `taken` and all before it are put back."""
    return F.when(taken["start"] <= place, place + taken["mass"]).otherwise(place)


def _cells(items: DataFrame) -> DataFrame:
    """Per cell of a market the items that reach into it: at most twice as many rows as items."""
    cells = "explode(sequence(start div cell_width, (start + mass - 1) div cell_width))"
    return items.selectExpr("market", "item_id", "start", "mass", f"{cells} AS cell")
