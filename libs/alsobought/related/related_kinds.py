"""The step of related_kinds: which related items complement an item, replace it, or vary it."""

from dataclasses import dataclass
from datetime import date
from statistics import NormalDist

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from alsobought.copurchase.reference.baskets import with_groups
from alsobought.days import in_window
from alsobought.related.catalogue_likeness import with_likeness
from alsobought.related.formulas import Likeness, Ratio, Rules, is_of_kind, ratio
from alsobought.related.settings import RelatedKinds
from alsobought.related.together_or_apart import with_orders_of_both
from alsobought.returns import counting
from alsobought.tables.outcome import Outcome
from alsobought.tables.related import RELATED_KINDS

PAIR = ("market", "item_id", "related_item_id")
KINDS = ("complement", "substitute", "variant", "unsure")


@dataclass(frozen=True)
class KindInputs:
    """The tables `co_purchases`, `purchases`, `items` and, where there are such,
    `returned_purchases`, of one day."""

    pairs: DataFrame
    purchases: DataFrame
    items: DataFrame
    returned: DataFrame | None = None


def related_kinds(tables: KindInputs, settings: RelatedKinds, as_of: date) -> Outcome:
    """The rows of RELATED_KINDS: the kind of each pair bought together, and why.

    See `formulas.is_of_kind` for the rule, `with_orders_of_both` for the chance.
    Out:   a row for each pair of `co_purchases` (relation together, either unit) with
           lists.min_support; the account says how many are of each kind.
    Cost:  the purchases of the window are scanned twice, for orders and for prices; see
           `with_orders_of_both` for the rest.
    """
    window = in_window(tables.purchases, as_of, settings.baskets.look_back_days)
    bought = counting(window, tables.returned, as_of)
    lines = with_groups(bought, settings.groups)
    pairs = distinct_pairs(tables.pairs, settings.lists.min_support)
    counted = with_orders_of_both(pairs, lines)
    described = with_likeness(counted, tables.items, settings.maker)
    rows = with_kind(with_price_ratio(described, lines), settings)
    kinds = [F.count_if(F.col("kind") == kind).alias(kind) for kind in KINDS]
    return Outcome(rows, rows.agg(*kinds), in_words)


def distinct_pairs(pairs: DataFrame, min_support: int) -> DataFrame:
    """PAIR of pairs bought together, with the N / E of each unit; null where it is not kept."""
    lift = F.col("both") / F.col("expected")

    def of_unit(unit: str) -> Column:
        return F.max(F.when(F.col("unit") == unit, lift)).alias(f"{unit}_lift")

    together = pairs.where((F.col("relation") == "together") & (F.col("both") >= min_support))
    return together.groupBy(*PAIR).agg(of_unit("order"), of_unit("customer"))


def with_price_ratio(pairs: DataFrame, lines: DataFrame) -> DataFrame:
    """The pairs with price_ratio: median price of the related item, over that of the item.

    Of lines of one unit: what a price is the price of, the line or the unit, is then the same.
    Cost: one shuffle of the prices, two joins by item.
    """
    of_one = lines.where((F.col("quantity") == 1) & (F.col("price") > 0))
    medians = of_one.groupBy("market", "item_id").agg(F.median("price").alias("price"))
    of_related = medians.select(
        "market", F.col("item_id").alias("related_item_id"), F.col("price").alias("other_price")
    )
    with_prices = pairs.join(medians, ["market", "item_id"], "left").join(
        of_related, ["market", "related_item_id"], "left"
    )
    price_ratio = F.col("other_price") / F.col("price")
    return with_prices.withColumn("price_ratio", price_ratio).drop("price", "other_price")


def with_kind(evidence: DataFrame, settings: RelatedKinds) -> DataFrame:
    """RELATED_KINDS of pairs with all evidence.

    The orders of fewer than lists.min_support customers say nothing: one who buys the same again
    and again has many.
    """
    normal = NormalDist().inv_cdf(settings.confidence)
    bounds = ratio(F.col("orders"), F.col("orders_expected"), normal, F.greatest)
    names = ("ratio", "ratio_low", "ratio_high")
    with_bounds = evidence.withColumns(dict(zip(names, bounds, strict=True)))
    rules = Rules(settings.margin, settings.likeness, settings.max_price_ratio)
    lift = F.coalesce("customer_lift", F.lit(0.0))
    is_enough = F.col("customers") >= settings.lists.min_support
    sure = Ratio(
        F.col("ratio"),
        F.when(is_enough, F.col("ratio_low")).otherwise(0.0),
        F.when(is_enough, F.col("ratio_high")).otherwise(float("inf")),
    )
    of_kinds = is_of_kind(sure, lift, _likeness(), rules)
    kind = F.lit(KINDS[-1])
    for name, is_of in of_kinds.items():
        kind = F.when(is_of, name).otherwise(kind)
    return with_bounds.withColumn("kind", kind).select(*RELATED_KINDS.names)


def _likeness() -> Likeness:
    """What a pair has in common, as columns without nulls."""
    no = F.lit(False)
    price = F.greatest(F.col("price_ratio"), 1.0 / F.col("price_ratio"))
    return Likeness(
        F.col("is_same_category"),
        F.col("is_other_category"),
        F.col("is_far_category"),
        F.coalesce("is_same_maker", no),
        F.coalesce(~F.col("is_same_maker"), no),
        F.coalesce(price, F.lit(1.0)),
        F.coalesce("likeness", F.lit(0.0)),
    )


def in_words(account: Row) -> list[str]:
    """How many pairs are of each kind, in a sentence."""
    pairs = sum(account[kind] for kind in KINDS)
    kinds = ", ".join(f"{account[kind]:,} {kind}" for kind in KINDS)
    return [f"of {pairs:,} pairs: {kinds}"]
