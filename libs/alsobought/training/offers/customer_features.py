"""What was known of a customer when an offer was issued: purchases and earlier offers."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from alsobought.days import DAY_MICROS
from alsobought.returns import with_return_times

MONEY = 10_000  # spend is summed in whole parts of a currency unit, so that no order matters
LARGEST_PRICE = 1e9
SUMMED = ("lines", "spent", "offers", "engaged", "redeemed")
OF_OFFERS = {
    "offers": "log_earlier_offers",
    "engaged": "log_earlier_engagements",
    "redeemed": "log_earlier_redemptions",
}
SPANS = (30, 90)
LAST, NEVER = "days_since_last_purchase", "no_earlier_purchase"
NAMES = (
    LAST,
    NEVER,
    *(f"log_{what}_{days}_days" for days in SPANS for what in ("purchases", "spend")),
    *OF_OFFERS.values(),
)


def with_customer_features(
    issued: DataFrame, purchases: DataFrame, returned: DataFrame | None = None
) -> DataFrame:
    """Every offer with what happened to its customer strictly before issue, a column per NAMES.

    In:    issued: offer_id, customer_id, issued_at, engaged_at, redeemed_at (the last two null
           where there is none) and any other columns; purchases: customer_id, purchased_at, price;
           with `returned_purchases` also the keys and quantities: what was wholly returned before
           issue is no purchase.
    Out:   the columns of `issued`, and doubles: days_since_last_purchase (null: none, and then
           no_earlier_purchase is 1); ln(1+n) of purchase lines and of spend in the 30 and 90 days
           before; ln(1+n) of the customer's offers, of those engaged with and of those redeemed,
           each by its first such event.
    Nulls: a price that is null counts as 0; a spend below 0 counts as 0; a guest's purchase is
           nobody's.
    Cost:  one shuffle and sort of purchases and offers by customer; then a pass per span, so that
           a row costs the same however many purchases its customer has. The rows of one customer
           are one task's. A customer's offers are joined to the customer's returned lines.
    """
    lines = purchases if returned is None else with_return_times(purchases, returned)
    kept = lines if returned is None else lines.where("returned_at IS NULL")
    by_time = Window.partitionBy("customer_id").orderBy("at")
    before = by_time.rangeBetween(Window.unboundedPreceding, -1)
    sums = {name: _sum(name).over(before) for name in SUMMED}
    sums["last"] = F.max(F.when(F.col("lines") > 0, F.col("at"))).over(before)
    for days in SPANS:
        older = by_time.rangeBetween(Window.unboundedPreceding, -days * DAY_MICROS - 1)
        sums |= {f"{name}_{days}": _sum(name).over(older) for name in ("lines", "spent")}
    time_line = _offer_events(issued).unionByName(_purchases(kept), allowMissingColumns=True)
    totals = time_line.select("offer", "at", *(sum_.alias(name) for name, sum_ in sums.items()))
    totals = totals.where(F.col("offer").isNotNull())
    if returned is not None:
        totals = _with_returned_later(totals, lines.where("returned_at IS NOT NULL"))
    return totals.select("offer.*", *_features())


def merged_features(features: str) -> Column:
    """An offer's own features and its customer's (NAMES), whose names win; nulls are left out."""
    taken = F.arrays_overlap(F.map_keys(features), F.array(*map(F.lit, NAMES)))
    without_taken = F.map_filter(features, lambda name, _: ~name.isin(*NAMES))
    # to filter a map is slow, and nearly never needed
    of_offer = F.when(taken, without_taken).otherwise(F.col(features))

    def of_customer(absent: str) -> Column:
        entries = [part for n in NAMES if n != absent for part in (F.lit(n), F.col(n))]
        return F.create_map(*entries)

    without_purchase = F.col(LAST).isNull()
    return F.map_concat(
        of_offer, F.when(without_purchase, of_customer(LAST)).otherwise(of_customer(NEVER))
    )


def _sum(name: str) -> Column:
    return F.sum(F.coalesce(F.col(name), F.lit(0)))


def _purchases(purchases: DataFrame) -> DataFrame:
    return purchases.where("customer_id IS NOT NULL").select("customer_id", *_of_purchase())


def _of_purchase() -> list[Column]:
    """The time of a purchase, and what it adds to the sums."""
    price = F.coalesce("price", F.lit(0.0))
    price = F.least(F.greatest(price, F.lit(-LARGEST_PRICE)), F.lit(LARGEST_PRICE))
    return [
        F.unix_micros("purchased_at").alias("at"),
        F.lit(1).alias("lines"),
        F.round(price * MONEY).cast("bigint").alias("spent"),
    ]


def _with_returned_later(totals: DataFrame, lines: DataFrame) -> DataFrame:
    """`totals` of each offer with the lines that were returned, but not yet when it was issued."""
    gone_at = F.unix_micros("returned_at").alias("gone_at")
    bought = lines.where("customer_id IS NOT NULL").select(
        F.col("customer_id").alias("_customer"), gone_at, *_of_purchase()
    )
    at, issue = F.col("bought.at"), F.col("totals.at")
    is_there = (at < issue) & (F.col("gone_at") >= issue)
    of_customer = F.col("totals.offer.customer_id") == F.col("_customer")
    met = totals.alias("totals").join(bought.alias("bought"), of_customer & is_there, "inner")
    sums = {name: F.sum(f"bought.{name}") for name in ("lines", "spent")} | {"last": F.max(at)}
    for days in SPANS:
        is_older = at < issue - days * DAY_MICROS
        for name in ("lines", "spent"):
            sums[f"{name}_{days}"] = F.sum(F.when(is_older, F.col(f"bought.{name}")))
    later = met.groupBy(F.col("offer.offer_id").alias("_offer")).agg(
        *(sum_.alias(f"_{name}") for name, sum_ in sums.items())
    )
    joined = totals.join(later, F.col("offer.offer_id") == F.col("_offer"), "left")
    return joined.withColumns(
        {name: _total(name) + _total(f"_{name}") for name in sums if name != "last"}
        | {"last": F.greatest("last", "_last")}
    )


def _offer_events(issued: DataFrame) -> DataFrame:
    """A row per issue, first engagement and first redemption; `offer` is null but at the issue."""
    offer = F.struct(*issued.columns)

    def event(at: str, kind: str) -> Column:
        happened = [F.lit(int(name == kind)).alias(name) for name in OF_OFFERS]
        issued_offer = F.when(F.lit(kind == "offers"), offer).alias("offer")
        return F.struct(issued_offer, F.unix_micros(at).alias("at"), *happened)

    events = F.array(
        event("issued_at", "offers"),
        event("engaged_at", "engaged"),
        event("redeemed_at", "redeemed"),
    )
    happened = F.filter(events, lambda one: one["at"].isNotNull())
    return issued.select("customer_id", F.inline(happened))


def _features() -> list[Column]:
    """The columns of NAMES, from the sums of the time line."""
    values = {
        LAST: (F.col("at") - F.col("last")) / DAY_MICROS,
        NEVER: F.when(F.col("last").isNull(), F.lit(1.0)),
    }
    for days in SPANS:
        values[f"log_purchases_{days}_days"] = _log(_since("lines", days))
        values[f"log_spend_{days}_days"] = _log(_since("spent", days) / MONEY)
    values |= {name: _log(_total(event)) for event, name in OF_OFFERS.items()}
    return [values[name].alias(name) for name in NAMES]


def _since(name: str, days: int) -> Column:
    """The sum of the last `days` days: all that was before issue, without what was older."""
    return _total(name) - _total(f"{name}_{days}")


def _total(name: str) -> Column:
    return F.coalesce(F.col(name), F.lit(0))  # no row in the frame: null


def _log(number: Column) -> Column:
    return F.log1p(F.greatest(number.cast("double"), F.lit(0.0)))
