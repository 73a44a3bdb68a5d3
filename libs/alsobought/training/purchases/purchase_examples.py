"""A training set from purchases: what followed a cut-off, and drawn items that did not.

Everything that describes a row is known at the cut-off; only the label, and how long ago the
purchase was, come from after it.
"""

from datetime import date
from functools import partial

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from alsobought.days import days_before, days_between, is_within, midnight
from alsobought.errors import JobError
from alsobought.learn.splits import split_by_customer
from alsobought.products import only_products
from alsobought.returns import with_return_times
from alsobought.tables.outcome import Outcome
from alsobought.training.purchases import negatives
from alsobought.training.purchases.settings import PurchaseExamples

SECTION = "[jobs.purchase_examples]"
CUSTOMER = negatives.CUSTOMER
ITEM = ["market", "item_id"]
PAIR = ["market", "customer_id", "item_id"]
LOG_FEATURES = (
    "customer_purchases",
    "customer_items",
    "item_purchases",
    "item_buyers",
    "customer_item_purchases",
)


def purchase_examples(
    purchases: DataFrame,
    settings: PurchaseExamples,
    as_of: date,
    returned: DataFrame | None = None,
    catalogue: DataFrame | None = None,
) -> Outcome:
    """The rows of PURCHASE_EXAMPLES: copy 0 is bought, copies 1 and on are drawn for it.

    A positive is a market, customer and item with a purchase in the `cut_off_days` days before
    `as_of`, of a customer and an item with purchases in the `history_days` days before that.
    A negative is never a positive of its customer. What was returned before the cut-off
    (`returned_purchases` of the day) is in no feature, and what was before `as_of` in no label.
    What is no product, by `catalogue` where attributes exclude some, counts nowhere: in no row and
    in no feature. The same rows come out on any number of partitions, from the same purchases,
    settings and day.
    Raises JobError (by the account's judge) where there is nothing to learn from.
    Cost: the purchases are grouped by customer and item twice, the draws joined to the items; see
    `negatives.draw_negatives` and `negatives.with_places` for the two steps that can grow
    otherwise. The account scans the purchases once more.
    """
    purchases = _in_time(purchases, settings, as_of)
    if returned is not None:
        purchases = _as_known(purchases, returned, cut_off(settings, as_of))
    purchases = only_products(purchases, settings.exclude, catalogue)
    pairs = _pairs(_history(purchases, settings, as_of))
    items = negatives.with_places(_items(pairs), _exponent(settings))
    customers = _customers(pairs)
    positives = _positives(_followed(purchases, settings, as_of), customers, items)
    rows = _bought(positives)
    of_item = items
    if settings.negatives == "in_batch":
        of_item = items.drop("log_q").join(negatives.in_batch(positives), "item_id", "left")
    else:
        drawn = negatives.draw_negatives(
            positives, items, settings.negatives_per_positive, settings.seed
        )
        rows = rows.unionByName(_drawn(drawn))
    rows = rows.join(of_item, ITEM, "inner").join(customers, CUSTOMER, "inner")
    rows = rows.join(pairs.drop("last"), PAIR, "left").fillna(0, ["customer_item_purchases"])
    rows = _shaped(rows, settings, as_of)
    return Outcome(
        rows,
        _account(purchases, rows, settings, as_of),
        partial(judge, settings=settings, as_of=as_of),
        reused=(pairs, items, positives, rows),
    )


def cut_off(settings: PurchaseExamples, as_of: date) -> date:
    """The day before whose start everything is known, and after which labels come."""
    return days_before(as_of, settings.cut_off_days)


def _in_time(purchases: DataFrame, settings: PurchaseExamples, as_of: date) -> DataFrame:
    """The purchases from the first day of the history on, before the as-of day."""
    first = days_before(cut_off(settings, as_of), settings.history_days)
    return purchases.where(is_within(F.col("purchased_at"), first, as_of))


def _as_known(purchases: DataFrame, returned: DataFrame, cut: date) -> DataFrame:
    """The lines that count: of those before the cut-off also what was returned after it."""
    lines = with_return_times(purchases, returned)
    at, returned_at, end = F.col("purchased_at"), F.col("returned_at"), midnight(cut)
    is_kept = returned_at.isNull() | ((at < end) & (returned_at >= end))
    return lines.where(is_kept).drop("returned_at")


def _history(purchases: DataFrame, settings: PurchaseExamples, as_of: date) -> DataFrame:
    """The customers' purchases that features and popularity come from."""
    is_before = F.col("purchased_at") < midnight(cut_off(settings, as_of))
    return purchases.where(is_before & F.col("customer_id").isNotNull())


def _followed(purchases: DataFrame, settings: PurchaseExamples, as_of: date) -> DataFrame:
    """The customers' purchases that positives come from."""
    is_after = F.col("purchased_at") >= midnight(cut_off(settings, as_of))
    return purchases.where(is_after & F.col("customer_id").isNotNull())


def _pairs(history: DataFrame) -> DataFrame:
    """Per market, customer and item: purchase lines, and the last purchase."""
    return history.groupBy(*PAIR).agg(
        F.count(F.lit(1)).alias("customer_item_purchases"), F.max("purchased_at").alias("last")
    )


def _customers(pairs: DataFrame) -> DataFrame:
    return pairs.groupBy(*CUSTOMER).agg(
        F.sum("customer_item_purchases").alias("customer_purchases"),
        F.count(F.lit(1)).alias("customer_items"),
        F.max("last").alias("customer_last"),
    )


def _items(pairs: DataFrame) -> DataFrame:
    return pairs.groupBy(*ITEM).agg(
        F.sum("customer_item_purchases").alias("item_purchases"),
        F.count(F.lit(1)).alias("item_buyers"),
    )


def _positives(after: DataFrame, customers: DataFrame, items: DataFrame) -> DataFrame:
    """One row per market, customer and item: its last purchase, and where the item is drawn."""
    bought = after.groupBy(*PAIR).agg(F.max("purchased_at").alias("bought_at"))
    of_known_customers = bought.join(customers.select(*CUSTOMER), CUSTOMER, "left_semi")
    return of_known_customers.join(items.select(*ITEM, *negatives.PLACE), ITEM, "inner")


def _bought(positives: DataFrame) -> DataFrame:
    return positives.select(
        *PAIR,
        F.col("item_id").alias("positive_id"),
        F.lit(0).alias("copy"),
        F.lit(1).alias("label"),
        "bought_at",
    )


def _drawn(drawn: DataFrame) -> DataFrame:
    return drawn.select(
        *PAIR,
        "positive_id",
        "copy",
        F.lit(0).alias("label"),
        F.lit(None).cast("timestamp").alias("bought_at"),
    )


def _exponent(settings: PurchaseExamples) -> float:
    return settings.popularity_exponent if settings.negatives == "popularity" else 0.0


def _shaped(rows: DataFrame, settings: PurchaseExamples, as_of: date) -> DataFrame:
    """`rows` with the columns of PURCHASE_EXAMPLES."""
    share = F.col("item_purchases") / F.col("most_purchases")
    chance_to_be_seen = propensity(share, settings.propensity_exponent, settings.propensity_floor)
    recent = recency(days_between(F.col("bought_at"), midnight(as_of)), settings.half_life_days)
    split = split_by_customer(
        F.col("customer_id"), settings.seed, settings.train_percent, settings.validation_percent
    )
    return rows.select(
        F.lit(settings.negatives).alias("method"),
        F.to_json(F.array("market", "customer_id", "positive_id")).alias("example_id"),
        "copy",
        "customer_id",
        "item_id",
        _features(cut_off(settings, as_of)).alias("features"),
        F.lit(None).cast("int").alias("engaged"),
        "label",
        F.when(F.col("label") == 1, recent / chance_to_be_seen).otherwise(1.0).alias("weight"),
        "log_q",
        split.alias("split"),
    )


def recency(age_days: Column, half_life_days: float) -> Column:
    """0.5 ** (age / half-life), in (0, 1]: a purchase that is a half-life older weighs half."""
    return F.pow(F.lit(0.5), age_days / F.lit(half_life_days))


def propensity(share_of_most: Column, exponent: float, floor: float) -> Column:
    """An item's chance to be seen: its share of the most bought item's purchases ** exponent.

    At least `floor`; `share_of_most` in (0, 1].
    A positive weighs 1 / propensity, so that items which few could see count as much as they
    would have if all had been seen alike. Sources: Steck, Item popularity and recommendation
    accuracy, 2011; Saito et al., Unbiased recommender learning from missing-not-at-random
    implicit feedback, 2020 (exponent 0.5). It is an assumption, not a measurement.
    """
    return F.greatest(F.pow(share_of_most, F.lit(exponent)), F.lit(floor))


def _features(cut: date) -> Column:
    """What was known at the cut-off: ln(1 + each count), and the days since the last purchase."""
    entries = [cell for name in LOG_FEATURES for cell in (F.lit(f"log1p_{name}"), F.log1p(name))]
    return F.create_map(
        *entries,
        F.lit("customer_days_since_last"),
        days_between(F.col("customer_last"), midnight(cut)),
    )


def _account(
    purchases: DataFrame, rows: DataFrame, settings: PurchaseExamples, as_of: date
) -> DataFrame:
    """One row: purchases of customers `before` and `after` the cut-off, and of `guests`, positives
    that `followed`, and of `rows` the positives, negatives, customers and items.

    Cost: one more scan of the purchases.
    """
    cut = cut_off(settings, as_of)
    is_after = F.col("purchased_at") >= midnight(cut)
    pairs = purchases.groupBy(*PAIR).agg(
        F.count_if(~is_after).alias("before"), F.count_if(is_after).alias("after")
    )
    is_guest = F.col("customer_id").isNull()
    purchased = pairs.agg(
        _sum_where(~is_guest, F.col("before")).alias("before"),
        _sum_where(~is_guest, F.col("after")).alias("after"),
        _sum_where(is_guest, F.col("before") + F.col("after")).alias("guests"),
        F.count_if(~is_guest & (F.col("after") > 0)).alias("followed"),
    )
    examples = rows.agg(
        F.count_if(F.col("label") == 1).alias("positives"),
        F.count_if(F.col("label") == 0).alias("negatives"),
        F.count_distinct("customer_id").alias("customers"),
        F.count_distinct("item_id").alias("items"),
    )
    return purchased.crossJoin(examples).select("*", F.lit(cut).alias("cut_off"))


def _sum_where(condition: Column, number: Column) -> Column:
    return F.coalesce(F.sum(F.when(condition, number)), F.lit(0))


def judge(account: Row, settings: PurchaseExamples, as_of: date) -> list[str]:
    """The account as sentences. Raises JobError where there is nothing to learn from."""
    cut = account["cut_off"]
    if account["before"] == 0:
        raise JobError(
            f"No purchase lies in the {settings.history_days} days before the cut-off {cut}: "
            f"take a later --as-of, a longer history_days or a shorter cut_off_days in {SECTION}."
        )
    if account["after"] == 0:
        raise JobError(
            f"No purchase lies between the cut-off {cut} and {as_of}: take another --as-of, "
            f"or a longer cut_off_days in {SECTION}."
        )
    if account["positives"] == 0:
        raise JobError(
            f"Of {account['after']:,} purchases after the cut-off {cut} none is of a customer and "
            f"an item that had a purchase before it: take a longer history_days in {SECTION}."
        )
    left_out = account["followed"] - account["positives"]
    guests, purchases = account["guests"], account["before"] + account["after"]
    of_guests = f"{guests:,} of {purchases + guests:,} purchases have no customer: left out"
    return [
        f"cut-off {cut}: {account['positives']:,} positives, {account['negatives']:,} negatives, "
        f"{account['customers']:,} customers, {account['items']:,} items",
        f"{left_out:,} of {account['followed']:,} positives left out: their customer or item had "
        f"no purchase before the cut-off",
        *([of_guests] if guests else []),
    ]
