"""Lists of items that few have bought yet: their own evidence, blended with that of their likes."""

from collections.abc import Sequence
from functools import partial

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from alsobought.copurchase.scores import METRICS, score
from alsobought.products import only_products
from alsobought.recommend.item_lists.settings import ColdStartItems
from alsobought.tables.outcome import Outcome
from alsobought.tables.recommend import COLD_START_ITEMS

KIND = ("unit", "market", "relation", "metric")  # of lists
GROUP = ("likeness", "category", "brand")  # of items that are alike
ITEM = (*KIND, "item_id")
PLACE = ("rate", "chance", "related_buyers", "units")
CATEGORY, BRAND = "category", "brand and category"  # what items have in common


def cold_start_items(
    lists: DataFrame, statistics: DataFrame, items: DataFrame, settings: ColdStartItems
) -> Outcome:
    """The rows of COLD_START_ITEMS: lists of items with few buyers, or none, by all kinds of lists.

    Evidence is blended, not scores: the scores of two items are on two scales ((N - E) / sqrt(E)
    grows with the buyers), N and E per buyer are on one, and every metric has a score for them. A
    list that leaves an item out says that it is bought as often as chance has it. See `blended`.
    The likes of an item are the available items of its narrowest category and brand that have a
    list of the kind and `enough_buyers`; where there are none, those of the category. Of these the
    `likes` with the most buyers are borrowed from. What is no product neither borrows nor lends.
    In:   `related_items`, `item_statistics` and `items` of one day.
    Out:  rank 1 is the highest score; equal scores are ranked by related_item_id. An item without
          likes has no rows; nor has one that nobody has bought and that may not be listed.
    Cost: the lists of a group's likes become one row, and so does an item's own list: items with
          few buyers times kinds of lists are shuffled by item, and become up to 2 top_k pairs each
          in the task that ranks them. The groups' kinds and names are sent to all.
    """
    lists = lists.where(F.col("metric").isin(settings.metrics))
    has_enough = F.col("buyers") >= settings.enough_buyers
    products = _categorised(items, settings)
    likes = _likes(lists.where(has_enough & (F.col("rank") == 1)), products, settings)
    borrowed = lists_of_groups(_per_buyer(lists.where(has_enough)), likes, settings)
    cold = _cold(products, borrowed, statistics, settings)
    own_lists = _by_related(_per_buyer(lists.where(~has_enough)), ITEM, "own")
    pairs = blended(_pairs(cold, own_lists, borrowed), settings.prior_buyers)
    return Outcome(
        ranked(pairs, settings.top_k),
        _account(cold),
        partial(judge, settings=settings),
        reused=(borrowed, cold),
    )


def _categorised(items: DataFrame, settings: ColdStartItems) -> DataFrame:
    """item_id, category, brand, is_available of the products. A category is the whole path to the
    narrowest one; an item without one is like no other, and is left out."""
    products = only_products(items, settings.exclude, items).where("size(category) > 0")
    return products.select("item_id", "category", "brand", "is_available")


def _likes(lenders: DataFrame, products: DataFrame, settings: ColdStartItems) -> DataFrame:
    """The items that each group's lists are borrowed from, with `likes`: how many these are.

    In: `lenders`: the first places of the lists that may be borrowed.
    """
    available = products.where("is_available").drop("is_available")
    of_groups = lenders.select(*ITEM, "buyers").join(available, "item_id")
    in_groups = of_groups.select(*ITEM, "buyers", F.inline(_groups()))
    group = Window.partitionBy(*KIND, *GROUP)
    nth = F.row_number().over(group.orderBy(F.desc("buyers"), F.asc("item_id")))
    most = F.least(F.count(F.lit(1)).over(group), F.lit(settings.likes))
    numbered = in_groups.withColumns({"nth": nth, "likes": most})
    return numbered.where(F.col("nth") <= settings.likes).select(*ITEM, *GROUP, "likes")


def _groups() -> Column:
    """likeness, category, brand: the item's brand within its category, and its category."""

    def group(likeness: str, brand: Column) -> Column:
        return F.struct(F.lit(likeness).alias("likeness"), "category", brand.alias("brand"))

    category, brand = group(CATEGORY, F.lit("")), group(BRAND, F.col("brand"))
    both = F.when(F.col("brand").isNotNull(), F.array(brand, category))
    return F.coalesce(both, F.array(category))


def _cold(
    products: DataFrame, borrowed: DataFrame, statistics: DataFrame, settings: ColdStartItems
) -> DataFrame:
    """The items that borrow, by each kind of list, with the closest group that has likes, and with
    `buyers`: n_x of the unit and market, 0 where nobody has bought it."""
    of_category = _named(borrowed, CATEGORY).select(*KIND, "category", "likes")
    of_brand = _named(borrowed, BRAND).select(
        *KIND, "category", "brand", F.col("likes").alias("likes_of_brand")
    )
    # likes of a brand are likes of its category, too
    closest = products.join(F.broadcast(of_category), "category").join(
        F.broadcast(of_brand), [*KIND, "category", "brand"], "left"
    )
    counts = statistics.select("unit", "market", "item_id", "buyers")
    bought = closest.join(counts, ["unit", "market", "item_id"], "left").fillna(0, ["buyers"])
    is_sought = (F.col("buyers") > 0) | F.col("is_available")
    of_its_brand = F.col("likes_of_brand").isNotNull()
    return bought.where((F.col("buyers") < settings.enough_buyers) & is_sought).select(
        *ITEM,
        F.when(of_its_brand, BRAND).otherwise(CATEGORY).alias("likeness"),
        "category",
        F.when(of_its_brand, F.col("brand")).otherwise("").alias("brand"),
        F.coalesce("likes_of_brand", "likes").alias("likes"),
        "buyers",
    )


def _named(groups: DataFrame, likeness: str) -> DataFrame:
    return groups.where(F.col("likeness") == likeness)


def _per_buyer(lists: DataFrame) -> DataFrame:
    """Pairs with `rate` = N / n_x and `chance` = E / n_x."""
    return lists.select(
        *ITEM,
        "related_item_id",
        (F.col("both") / F.col("buyers")).alias("rate"),
        (F.col("expected") / F.col("buyers")).alias("chance"),
        "related_buyers",
        "units",
    )


def _by_related(places: DataFrame, by: Sequence[str], name: str) -> DataFrame:
    """Each list as one map `name`, by related_item_id to PLACE."""
    entries = F.collect_list(F.struct("related_item_id", F.struct(*PLACE)))
    return places.groupBy(*by).agg(F.map_from_entries(entries).alias(name))


def lists_of_groups(evidence: DataFrame, likes: DataFrame, settings: ColdStartItems) -> DataFrame:
    """The list that a group's likes have in common: the best top_k + 1 by their mean evidence.

    chance: the mean over the likes whose list has the pair; rate: the mean over all likes, where a
    list that leaves the pair out has the rate that is chance. One row more than a list has places,
    for the item itself may be one.
    Out: KIND, GROUP, likes, and the list as the map `borrowed`.
    """
    # summed in the order of items, so that doubles come out alike on any number of partitions
    terms = F.array_sort(F.collect_list(F.struct("item_id", "rate", "chance")))
    pooled = (
        likes.join(evidence, [*ITEM])
        .groupBy(*KIND, *GROUP, "likes", "related_item_id")
        .agg(terms.alias("terms"), *map(_any, ("related_buyers", "units")))
        .withColumn("chance", _sum("chance") / F.size("terms"))
    )
    others = (F.col("likes") - F.size("terms")) * F.col("chance")
    rate = (_sum("rate") + others) / F.col("likes")
    means = pooled.withColumns({"rate": rate, "buyers": F.lit(settings.prior_buyers)})
    best = Window.partitionBy(*KIND, *GROUP).orderBy(F.desc("score"), F.asc("related_item_id"))
    numbered = with_score(means).withColumn("nth", F.row_number().over(best))
    places = numbered.where(F.col("nth") <= settings.top_k + 1)
    return _by_related(places, (*KIND, *GROUP, "likes"), "borrowed")


def _sum(name: str) -> Column:
    """The sum of one field of `terms`."""
    return F.aggregate("terms", F.lit(0.0), lambda total, term: total + term[name])


def _any(name: str) -> Column:
    """The one value that all rows of a group have."""
    return F.max(name).alias(name)


def _pairs(cold: DataFrame, own_lists: DataFrame, borrowed: DataFrame) -> DataFrame:
    """Each item with every item of its list or of its likes': own_rate, own_chance, rate and
    chance, null where one list leaves it out; n_x, related_buyers and units."""
    by_item = cold.join(own_lists, [*ITEM], "left")
    both = by_item.join(borrowed.drop("likes"), [*KIND, *GROUP])
    own_ids = F.coalesce(F.map_keys("own"), F.array().cast("array<string>"))
    ids = F.array_distinct(F.concat(own_ids, F.map_keys("borrowed")))
    exploded = both.select("*", F.explode(ids).alias("related_item_id"))
    of_item, of_likes = (
        F.try_element_at(name, F.col("related_item_id")) for name in ("own", "borrowed")
    )
    return exploded.where("item_id <> related_item_id").select(
        *ITEM,
        "related_item_id",
        "likes",
        "likeness",
        F.col("buyers").alias("n_x"),
        of_item["rate"].alias("own_rate"),
        of_item["chance"].alias("own_chance"),
        of_likes["rate"].alias("rate"),
        of_likes["chance"].alias("chance"),
        *(F.coalesce(of_item[n], of_likes[n]).alias(n) for n in ("related_buyers", "units")),
    )


def blended(pairs: DataFrame, prior_buyers: int) -> DataFrame:
    """The pairs that an item's list has, or its likes', each with the evidence of both.

        rate = w * own rate + (1 - w) * likes' rate,  w = n_x / (n_x + n_0)

    and chance likewise; where only one list has the pair its chance is that of both, and so is the
    other's rate. borrowed_share: the likes' part of the differences from chance, whatever their
    signs; 1 - w where there are none.
    In:  as `_pairs` has them.
    Source: a rate shrunk to a prior of the weight of n_0 buyers (Efron & Morris 1975).
    """
    buyers = F.col("n_x") + prior_buyers
    weighed = pairs.withColumns({"buyers": buyers, "weight": F.col("n_x") / buyers})
    chance = F.coalesce(_mixed("own_chance", "chance"), "own_chance", "chance")
    with_chance = weighed.withColumns({"borrowed_share": _borrowed_share(), "mean_chance": chance})
    rates = {name: F.coalesce(name, "mean_chance") for name in ("own_rate", "rate")}
    filled = with_chance.withColumns({**rates, "chance": F.col("mean_chance")})
    return filled.withColumn("rate", _mixed("own_rate", "rate"))


def _mixed(of_item: str, of_likes: str) -> Column:
    """The weighted mean of two columns, null where one is."""
    return F.col("weight") * F.col(of_item) + (1 - F.col("weight")) * F.col(of_likes)


def _borrowed_share() -> Column:
    none, weight = F.lit(0.0), F.col("weight")
    of_item = F.coalesce(weight * F.abs(F.col("own_rate") - F.col("own_chance")), none)
    of_likes = F.coalesce((1 - weight) * F.abs(F.col("rate") - F.col("chance")), none)
    no_difference = (
        F.when(F.col("own_rate").isNull(), 1.0)
        .when(F.col("rate").isNull(), none)
        .otherwise(1 - weight)
    )
    return F.coalesce(F.try_divide(of_likes, of_item + of_likes), no_difference)


def with_score(pairs: DataFrame) -> DataFrame:
    """The pairs with N, E and the score of their `metric` as `buyers` units would have them.

        N = min(buyers * rate, n_y),    E = buyers * chance

    The units that an item borrows are some of the market's, of which n_y have Y and not one more:
    an item's own N and a borrowed one are at most n_y each, their sum need not be.
    In: metric, buyers, rate and chance per buyer, related_buyers, units.
    """
    both = F.col("buyers") * F.col("rate")
    counts = {
        "both": F.least(both, F.col("related_buyers").cast("double")),
        "expected": F.col("buyers") * F.col("chance"),
    }
    scores = [F.when(F.col("metric") == metric, score(metric)) for metric in METRICS]
    return pairs.withColumns(counts).withColumn("score", F.coalesce(*scores))


def ranked(pairs: DataFrame, top_k: int) -> DataFrame:
    """COLD_START_ITEMS of `blended` pairs: each list's best `top_k`."""
    best = Window.partitionBy(*ITEM).orderBy(F.desc("score"), F.asc("related_item_id"))
    numbered = with_score(pairs).withColumn("rank", F.row_number().over(best))
    listed = numbered.where(F.col("rank") <= top_k).withColumn("buyers", F.col("n_x"))
    return listed.select(*COLD_START_ITEMS.names)


def _account(cold: DataFrame) -> DataFrame:
    """One row: items that borrow, of these those that nobody has bought (by some unit and market),
    and those that borrow from items of their brand."""
    of_items = cold.groupBy("item_id").agg(
        F.min("buyers").alias("buyers"), F.max(F.col("likeness") == BRAND).alias("is_of_brand")
    )
    return of_items.agg(
        F.count(F.lit(1)).alias("items"),
        F.count_if(F.col("buyers") == 0).alias("unbought"),
        F.count_if("is_of_brand").alias("of_brand"),
    )


def judge(account: Row, settings: ColdStartItems) -> list[str]:
    """The account as a sentence."""
    enough = f"{settings.enough_buyers:,} buyers"
    if account["items"] == 0:
        return [f"No item with fewer than {enough} has a category in which one with more lends it."]
    return [
        f"items with fewer than {enough} that borrow evidence: {account['items']:,}, of these "
        f"{account['of_brand']:,} from items of their brand; {account['unbought']:,} have no buyer "
        f"yet"
    ]
