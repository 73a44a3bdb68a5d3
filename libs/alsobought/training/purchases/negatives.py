"""Drawing items by hash: the same draws on any number of partitions, in any order of rows.

Items lie side by side on a line, each as long as its mass; a hash is a place on the line, and the
item that covers the place is drawn. All places are whole numbers, so nothing depends on rounding.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

MASS_OF_ONE = 1 << 20  # an item bought once; others are count ** exponent times as long
CUSTOMER = ["market", "customer_id"]
PLACE = ("start", "mass", "masses", "cell_width")


def sampled(items: DataFrame, exponent: float) -> DataFrame:
    """`items` (market, item_id, item_purchases) with their places on their market's line.

    Adds mass = item_purchases ** exponent in units of 1 / 2**20, start = the masses before it by
    item_id, masses = all of them, log_q = ln(mass / masses), most_purchases of any item, and
    cell_width: the line is cut into as many cells as there are items.
    Cost: one task sorts the items of a market; a row of an item is about 100 bytes.
    """
    market = Window.partitionBy("market")
    before = market.orderBy("item_id").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    mass = F.round(F.pow("item_purchases", F.lit(exponent)) * F.lit(MASS_OF_ONE)).cast("bigint")
    placed = items.withColumn("mass", mass).withColumns(
        {
            "start": F.sum("mass").over(before) - F.col("mass"),
            "masses": F.sum("mass").over(market),
            "of_market": F.count(F.lit(1)).over(market),
            "most_purchases": F.max("item_purchases").over(market),
        }
    )
    width = F.expr("(masses + of_market - 1) div of_market")
    log_q = F.log(F.col("mass") / F.col("masses"))
    return placed.withColumns({"cell_width": width, "log_q": log_q}).drop("of_market")


def drawn(positives: DataFrame, items: DataFrame, per_positive: int, seed: int) -> DataFrame:
    """For each positive, `per_positive` items by their masses, none a positive of the customer.

    In: positives (market, customer_id, item_id, PLACE), items as of `sampled`. Out: market,
    customer_id, positive_id, copy (1 and on), item_id. Draws are independent, so an item may come
    twice. A customer who bought every item of the market has no negatives.
    A place is xxhash64(market, customer, positive, copy, seed) modulo the line without the
    customer's own items, then moved past those that lie before it: exact, and nothing is drawn
    twice over. Cells are an index into the line (Chen and Asau, 1974): a draw meets two items on
    average, in an equi-join whose keys are all alike in size.
    Cost: rows = positives x per_positive, shuffled once; a customer with P positives takes
    P x P x per_positive steps.
    """
    own = F.array_sort(F.collect_list(F.struct("start", "mass", "item_id")))
    customers = positives.groupBy(*CUSTOMER, "masses", "cell_width").agg(own.alias("own"))
    taken = F.aggregate("own", F.lit(0).cast("bigint"), lambda total, one: total + one["mass"])
    customers = customers.withColumn("free", F.col("masses") - taken).where("free > 0")
    places = customers.select(*CUSTOMER, "cell_width", F.inline(_draws(per_positive, seed)))
    places = places.withColumn("cell", F.expr("place div cell_width"))
    met = places.join(_cells(items), ["market", "cell"], "inner")
    return met.where("place >= start AND place < start + mass").select(
        *CUSTOMER, "positive_id", "copy", "item_id"
    )


def in_batch(positives: DataFrame) -> DataFrame:
    """item_id and log_q = ln(its share of all positives): how often it comes up in a batch.

    A trainer takes the other positives of a batch as negatives, and subtracts log_q from every
    score to undo that popular items come up more often (Yi et al., Sampling-bias-corrected neural
    modeling, 2019).
    """
    counted = positives.groupBy("item_id").agg(F.count(F.lit(1)).alias("times"))
    total = F.broadcast(counted.agg(F.sum("times").alias("all_times")))
    share = F.col("times") / F.col("all_times")
    return counted.crossJoin(total).select("item_id", F.log(share).alias("log_q"))


def _draws(per_positive: int, seed: int) -> Column:
    """An array of (positive_id, copy, place) for the customer's `own` positives."""
    copies = F.sequence(F.lit(1), F.lit(per_positive))

    def of_positive(positive: Column) -> Column:
        return F.transform(copies, lambda copy: draw(positive, copy))

    def draw(positive: Column, copy: Column) -> Column:
        turn = (copy.cast("bigint"), F.lit(seed).cast("bigint"))
        place = F.pmod(F.xxhash64(*CUSTOMER, positive["item_id"], *turn), F.col("free"))
        return F.struct(
            positive["item_id"].alias("positive_id"),
            copy.alias("copy"),
            F.aggregate("own", place, _past).alias("place"),
        )

    return F.flatten(F.transform("own", of_positive))


def _past(place: Column, taken: Column) -> Column:
    """The place on the whole line, when `taken` and all before it are put back."""
    return F.when(taken["start"] <= place, place + taken["mass"]).otherwise(place)


def _cells(items: DataFrame) -> DataFrame:
    """Per cell of a market's line the items that reach into it: at most two rows per item."""
    cells = "explode(sequence(start div cell_width, (start + mass - 1) div cell_width))"
    return items.selectExpr("market", "item_id", "start", "mass", f"{cells} AS cell")
