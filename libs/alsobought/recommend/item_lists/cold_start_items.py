"""Lists of items that few have bought yet: their own evidence, blended with that of their likes."""

from functools import partial

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from alsobought.copurchase.scores import METRICS, score
from alsobought.recommend.item_lists.settings import ColdStartItems
from alsobought.recommend.listable_items import listable_items
from alsobought.tables.outcome import Outcome
from alsobought.tables.recommend import COLD_START_ITEMS

KIND = ("unit", "market", "relation", "metric")  # of lists
GROUP = ("likeness", "category", "brand")  # of items that are alike
ITEM = (*KIND, "item_id")
PAIR = (*ITEM, "related_item_id")
EVIDENCE = ("rate", "chance", "own_rate", "own_chance", "related_buyers", "units")


def cold_start_items(
    lists: DataFrame, statistics: DataFrame, items: DataFrame, settings: ColdStartItems
) -> Outcome:
    """The rows of COLD_START_ITEMS: lists of items with few buyers, or none, by all kinds of lists.

    Evidence is blended, not scores: the scores of two items are on two scales ((N - E) / sqrt(E)
    grows with the buyers), N and E per buyer are on one, and every metric has a score for them. A
    list that leaves an item out says that it is bought as often as chance has it. See `blended`.
    The likes of an item are the available items of its narrowest category and brand that have a
    list of the kind and `enough_buyers`; where there are none, those of the category. Of these the
    `likes` with the most buyers are borrowed from.
    In:   `related_items`, `item_statistics` and `items` of one day.
    Out:  rank 1 is the highest score; equal scores are ranked by related_item_id. An item without
          likes has no rows; nor has one that nobody has bought and that may not be listed.
    Cost: the lists of a group's likes become one, which is joined to the group's items: items with
          few buyers times kinds of lists times up to 2 top_k rows are shuffled. All joins are by
          item or group.
    """
    lists = lists.where(F.col("metric").isin(settings.metrics))
    groups_of_items = _groups(items)
    listable = listable_items(items, settings.exclude)
    likes = _likes(lists, groups_of_items.join(listable, "item_id", "left_semi"), settings)
    cold = _cold(likes, _with_buyers(groups_of_items, likes, statistics), listable, settings)
    evidence = _per_buyer(lists)
    borrowed = lists_of_groups(evidence, likes, settings)
    pairs = blended(cold, evidence, borrowed, settings.prior_buyers)
    return Outcome(
        ranked(pairs, settings.top_k),
        _account(cold),
        partial(judge, settings=settings),
        reused=(likes, cold),
    )


def _groups(items: DataFrame) -> DataFrame:
    """item_id, likeness, category, brand: an item's brand within its category, and its category.

    A category is the whole path to the narrowest one. An item without one is like no other.
    """

    def group(likeness: str, brand: Column) -> Column:
        return F.struct(F.lit(likeness).alias("likeness"), "category", brand.alias("brand"))

    category = group("category", F.lit(""))
    brand = group("brand and category", F.col("brand"))
    both = F.when(F.col("brand").isNotNull(), F.array(brand, category))
    with_category = items.where("size(category) > 0")
    return with_category.select("item_id", F.inline(F.coalesce(both, F.array(category))))


def _likes(lists: DataFrame, groups: DataFrame, settings: ColdStartItems) -> DataFrame:
    """The items that each group's lists are borrowed from, with `likes`: how many these are."""
    has_enough = (F.col("rank") == 1) & (F.col("buyers") >= settings.enough_buyers)
    lenders = lists.where(has_enough).select(*ITEM, "buyers").join(groups, "item_id")
    group = Window.partitionBy(*KIND, *GROUP)
    nth = F.row_number().over(group.orderBy(F.desc("buyers"), F.asc("item_id")))
    most = F.least(F.count(F.lit(1)).over(group), F.lit(settings.likes))
    numbered = lenders.withColumns({"nth": nth, "likes": most})
    return numbered.where(F.col("nth") <= settings.likes).select(*ITEM, *GROUP, "likes")


def _with_buyers(groups: DataFrame, likes: DataFrame, statistics: DataFrame) -> DataFrame:
    """The items' groups by each unit and market, with the buyers there: n_x, 0 where nobody is."""
    places = likes.select("unit", "market").distinct()
    counts = statistics.select("unit", "market", "item_id", "buyers")
    everywhere = groups.crossJoin(F.broadcast(places))
    with_counts = everywhere.join(counts, ["unit", "market", "item_id"], "left")
    return with_counts.fillna(0, ["buyers"])


def _cold(
    likes: DataFrame, items: DataFrame, listable: DataFrame, settings: ColdStartItems
) -> DataFrame:
    """The items that borrow, by each kind of list, with the closest group that has likes."""
    marked = items.join(listable.withColumn("is_listable", F.lit(True)), "item_id", "left")
    is_sought = (F.col("buyers") > 0) | F.col("is_listable")
    few = marked.where((F.col("buyers") < settings.enough_buyers) & is_sought)
    groups = likes.select(*KIND, *GROUP, "likes").distinct()
    is_wide = (F.col("likeness") == "category").alias("is_wide")
    return (
        few.join(groups, ["unit", "market", *GROUP])
        .groupBy(*ITEM)
        .agg(F.min(F.struct(is_wide, *GROUP, "likes", "buyers")).alias("closest"))
        .select(*ITEM, "closest.*")
    )


def _per_buyer(lists: DataFrame) -> DataFrame:
    """Pairs with `rate` = N / n_x and `chance` = E / n_x."""
    return lists.select(
        *PAIR,
        (F.col("both") / F.col("buyers")).alias("rate"),
        (F.col("expected") / F.col("buyers")).alias("chance"),
        "related_buyers",
        "units",
    )


def lists_of_groups(evidence: DataFrame, likes: DataFrame, settings: ColdStartItems) -> DataFrame:
    """The list that a group's likes have in common: the best top_k + 1 by their mean evidence.

    chance: the mean over the likes whose list has the pair; rate: the mean over all likes, where a
    list that leaves the pair out has the rate that is chance. One row more than a list has places,
    for the item itself may be one.
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
    return places.select(
        *KIND, *GROUP, "related_item_id", "rate", "chance", "related_buyers", "units"
    )


def _sum(name: str) -> Column:
    """The sum of one field of `terms`."""
    return F.aggregate("terms", F.lit(0.0), lambda total, term: total + term[name])


def _any(name: str) -> Column:
    """The one value that all rows of a group have."""
    return F.max(name).alias(name)


def blended(
    cold: DataFrame, evidence: DataFrame, borrowed: DataFrame, prior_buyers: int
) -> DataFrame:
    """The pairs that an item's list has, or its likes', each with the evidence of both.

        rate = w * own rate + (1 - w) * likes' rate,  w = n_x / (n_x + n_0)

    and chance likewise; where only one list has the pair its chance is that of both, and so is the
    other's rate. borrowed_share: the likes' part of the differences from chance, whatever their
    signs; 1 - w where there are none.
    Source: a rate shrunk to a prior of the weight of n_0 buyers (Efron & Morris 1975).
    """
    counts = [F.col("related_buyers"), F.col("units")]
    kept = (*PAIR, "likes", "likeness")
    of_cold = [F.col("buyers").alias("n_x"), *map(F.col, kept)]
    own_evidence = [F.col(name).alias(f"own_{name}") for name in ("rate", "chance")]
    of_likes = cold.join(borrowed, [*KIND, *GROUP]).where("item_id <> related_item_id")
    of_item = cold.join(evidence, [*ITEM]).select(*of_cold, *own_evidence, *counts)
    pairs = (
        of_likes.select(*of_cold, F.col("rate"), F.col("chance"), *counts)
        .unionByName(of_item, allowMissingColumns=True)
        .groupBy(*PAIR, "n_x", "likes", "likeness")
        .agg(*map(_any, EVIDENCE))
    )
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

    In: metric, buyers, rate and chance per buyer, related_buyers, units.
    """
    counts = {
        "both": F.col("buyers") * F.col("rate"),
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
    item = F.col("item_id")
    return cold.agg(
        F.count_distinct(item).alias("items"),
        F.count_distinct(F.when(F.col("buyers") == 0, item)).alias("unbought"),
        F.count_distinct(F.when(~F.col("is_wide"), item)).alias("of_brand"),
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
