"""Offers as they looked on a day: features known at issue, events visible so far; and replays."""

from dataclasses import dataclass
from datetime import date

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from alsobought.errors import JobError
from alsobought.tables.training import REDEMPTION_EXAMPLES
from alsobought.training.offers import customer_features
from alsobought.training.offers.customer_features import DAY
from alsobought.training.offers.settings import Redemption

KINDS = ("engagements", "redemptions")
FAULTS = {  # of an event; the first that holds
    "without_offer": "without an offer",
    "before_offer": "before their offer",
    "after_window": "after the attribution window",
}
UNIT = 1 << 52  # a hash modulo this, plus a half, over this: evenly in (0, 1), exact in a double


@dataclass(frozen=True)
class Examples:
    """The rows of `redemption_examples`, and the account to judge them by: one row of counts."""

    rows: DataFrame
    account: DataFrame


def redemption_examples(  # noqa: PLR0913
    offers: DataFrame,
    engagements: DataFrame,
    redemptions: DataFrame,
    purchases: DataFrame,
    settings: Redemption,
    as_of: date,
) -> Examples:
    """Every offer issued before `as_of` with its features at issue and its state as visible.

    In:    the four tables, which may hold later rows: nothing at or after `as_of` is looked at.
    Out:   the columns of `redemption_examples`. An event counts where it lies in [issue, issue +
           attribution_days); a redemption is an engagement too, at its own time. `features` are
           the offer's own, and of the customer what happened strictly before issue (see
           `history.known_at_issue`, whose names win).
    Cost:  three shuffles: offers and events by offer, offers and purchases by customer, features by
           offer. Nothing is collected; the labels are kept on disk, as they are read twice.
    """
    day = F.lit(as_of).cast("timestamp")
    issued = offers.where(F.col("issued_at") < day)
    engaged = engagements.where(F.col("engaged_at") < day)
    redeemed = redemptions.where(F.col("redeemed_at") < day)
    bought = purchases.where(F.col("purchased_at") < day)

    followed = _followed(issued, engaged, redeemed, settings.attribution_days * DAY)
    age = (F.unix_micros(day) - F.unix_micros("issued_at")) / DAY
    aged = followed.withColumn("age_days", age)
    labelled = aged.withColumn("is_matured", F.col("age_days") >= settings.attribution_days)
    labelled.persist(StorageLevel.DISK_ONLY)
    counts = [name for name in labelled.columns if name not in REDEMPTION_EXAMPLES.names]
    only_offers = labelled.where(F.col("issued_at").isNotNull()).drop(*counts)
    known = customer_features.known_at_issue(only_offers, bought)
    rows = known.join(issued.select("offer_id", "features"), "offer_id")
    rows = rows.withColumn("features", customer_features.with_known("features"))
    return Examples(rows.select(*REDEMPTION_EXAMPLES.names), _counted(labelled))


def _followed(
    offers: DataFrame, engagements: DataFrame, redemptions: DataFrame, window: int
) -> DataFrame:
    """Per offer_id: its issue (null: there is no such offer), state, first events, fault counts.

    Union and window instead of a join keep events without an offer, in one shuffle.
    """
    issue = offers.select(
        "offer_id", "customer_id", "issued_at", F.size("features").alias("n_features")
    )
    events = engagements.select("offer_id", F.col("engaged_at").alias("at"), F.lit(0).alias("kind"))
    events = events.union(redemptions.select("offer_id", "redeemed_at", F.lit(1)))
    of_offer = F.max("issued_at").over(Window.partitionBy("offer_id"))
    every = issue.unionByName(events, allowMissingColumns=True).withColumn("of_offer", of_offer)
    delay = F.unix_micros("at") - F.unix_micros("of_offer")
    fault = F.when(F.col("of_offer").isNull(), "without_offer").when(delay < 0, "before_offer")
    judged = every.withColumn("fault", fault.when(delay >= window, "after_window"))
    found = judged.groupBy("offer_id").agg(
        *(F.max(name).alias(name) for name in ("customer_id", "issued_at", "n_features")),
        *(_first(i).alias(f"first_{name}") for i, name in enumerate(KINDS)),
        *(_count(i).alias(name) for i, name in enumerate(KINDS)),
        *(_count(i, f).alias(f"{name}_{f}") for i, name in enumerate(KINDS) for f in FAULTS),
    )
    redeemed = F.col("first_redemptions")
    engaged = F.least("first_engagements", redeemed)  # leaves nulls out
    state = F.when(redeemed.isNotNull(), "11").when(engaged.isNotNull(), "10").otherwise("00")
    return found.select(
        "*", state.alias("state"), engaged.alias("engaged_at"), redeemed.alias("redeemed_at")
    ).drop("first_engagements", "first_redemptions")


def _first(kind: int) -> Column:
    return F.min(F.when((F.col("kind") == kind) & F.col("fault").isNull(), F.col("at")))


def _count(kind: int, fault: str = "") -> Column:
    """How many events of a kind there are, or have a fault."""
    is_kind = F.col("kind") == kind
    return F.count_if(is_kind & (F.col("fault") == fault) if fault else is_kind)


def _counted(labelled: DataFrame) -> DataFrame:
    """One row: offers, by state, matured, without features; events, by fault, repeated."""
    is_offer = F.col("issued_at").isNotNull()
    faults = [f"{kind}_{fault}" for kind in KINDS for fault in FAULTS]
    good = F.col("redemptions") - sum((F.col(f"redemptions_{f}") for f in FAULTS), F.lit(0))
    return labelled.agg(
        F.count_if(is_offer).alias("offers"),
        *(
            F.count_if(is_offer & (F.col("state") == s)).alias(f"state_{s}")
            for s in ("00", "10", "11")
        ),
        F.count_if("is_matured").alias("matured"),
        F.count_if(F.col("n_features") == 0).alias("without_features"),
        F.sum(F.greatest(good - 1, F.lit(0))).alias("redemptions_repeated"),
        *(F.sum(name).alias(name) for name in (*KINDS, *faults)),
    )


def told(account: Row, max_faulty_share: float) -> list[str]:
    """The account as sentences. Raises JobError for no offers, or too many events left out."""
    if not account["offers"]:
        raise JobError(
            "No offer was issued before the as-of day: run the job offers on files that reach "
            "further back, or choose a later --as-of."
        )
    faults = {
        f"{kind} {meaning}": account[f"{kind}_{fault}"]
        for kind in KINDS
        for fault, meaning in FAULTS.items()
        if account[f"{kind}_{fault}"]
    }
    faulty, events = sum(faults.values()), sum(account[kind] for kind in KINDS)
    which = ", ".join(f"{n:,} {name}" for name, n in faults.items())
    if faulty > max_faulty_share * events:
        raise JobError(
            f"{faulty:,} of {events:,} events ({faulty / events:.1%}) cannot count, more than "
            f"max_faulty_share = {max_faulty_share} in [jobs.redemption_examples] allows "
            f"({which}); deliver the missing offers, correct ids or times, or raise "
            f"attribution_days or max_faulty_share."
        )
    sentences = [
        f"{account['offers']:,} offers = {account['state_00']:,} without a visible event + "
        f"{account['state_10']:,} engaged + {account['state_11']:,} redeemed; "
        f"{account['matured']:,} have matured",
        f"{account['engagements']:,} engagements, {account['redemptions']:,} redemptions; "
        f"left out: {which or 'none'}",
    ]
    if account["redemptions_repeated"]:
        sentences.append(
            f"{account['redemptions_repeated']:,} redemptions of an offer redeemed before: "
            f"the first counts"
        )
    if account["without_features"]:
        sentences.append(f"{account['without_features']:,} offers have no features of their own")
    return sentences


def replayed(examples: DataFrame, settings: Redemption, *also: str) -> DataFrame:
    """Matured offers, each at `replays` random ages: what auxiliary models learn delays from.

    In:    rows of `redemption_examples`.
    Out:   offer_id, customer_hash bigint (of customer and seed), features, age_days in (0,
           attribution_days), engaged_after and redeemed_after in days since issue, null where
           that never happened: final, whatever the age. About `training_rows` rows at most: whole
           offers are left out by a hash. The ages come from a hash of offer, replay and seed, so
           they are the same on any number of partitions. `also` names columns to keep.
    Raises JobError where fewer than `min_matured` offers have matured.
    Cost:  one pass that counts, one that makes the rows; no shuffle.
    """
    matured = _require_history(examples, settings)
    share = settings.training_rows / (matured * settings.replays)
    kept = examples.where(F.col("is_matured") & (_uniform(settings.seed, F.lit(-1)) < share))
    replays = F.explode(F.sequence(F.lit(0), F.lit(settings.replays - 1)))
    issued = F.unix_micros("issued_at")
    return kept.withColumn("replay", replays).select(
        "offer_id",
        F.xxhash64("customer_id", F.lit(settings.seed).cast("bigint")).alias("customer_hash"),
        "features",
        (_uniform(settings.seed, F.col("replay")) * settings.attribution_days).alias("age_days"),
        ((F.unix_micros("engaged_at") - issued) / DAY).alias("engaged_after"),
        ((F.unix_micros("redeemed_at") - issued) / DAY).alias("redeemed_after"),
        *also,
    )


def _uniform(seed: int, nth: Column) -> Column:
    """A number in (0, 1) of each offer: always the same for one offer, seed and `nth`."""
    bits = F.pmod(F.xxhash64("offer_id", nth, F.lit(seed).cast("bigint")), F.lit(UNIT))
    return (bits + F.lit(0.5)) / F.lit(float(UNIT))


def _require_history(examples: DataFrame, settings: Redemption) -> int:
    """How many offers have matured. Raises JobError where they are fewer than min_matured."""
    days = settings.attribution_days
    mature = F.timestamp_micros(F.min(F.unix_micros("issued_at")) + (days + 1) * DAY - 1)
    found = examples.agg(
        F.count_if("is_matured").alias("matured"), mature.cast("date").alias("first")
    ).collect()[0]
    if found["matured"] < settings.min_matured:
        raise JobError(
            f"{found['matured']:,} offers have matured (attribution_days = {days}), fewer than "
            f"min_matured = {settings.min_matured:,}: the first offer matures for --as-of "
            f"{found['first']}, so choose a later day, deliver older offers, or lower "
            f"attribution_days or min_matured in [redemption]."
        )
    return int(found["matured"])
