"""Offers as they looked on a day: features known at issue, events visible so far."""

from dataclasses import dataclass
from datetime import date
from functools import partial

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from alsobought.days import DAY_MICROS, days_between, midnight
from alsobought.errors import JobError
from alsobought.tables.outcome import Outcome
from alsobought.tables.training import REDEMPTION_EXAMPLES
from alsobought.training.offers.customer_features import merged_features, with_customer_features
from alsobought.training.offers.settings import Redemption

KINDS = ("engagements", "redemptions")
FAULTS = {  # of an event; the first that holds
    "without_offer": "without an offer",
    "before_offer": "before their offer",
    "after_window": "after the attribution window",
}


@dataclass(frozen=True)
class OfferTables:
    """What happened to offers and to their customers; the tables may hold later rows.

    returned: `returned_purchases` of the as-of day, None where returns are not told apart.
    """

    offers: DataFrame
    engagements: DataFrame
    redemptions: DataFrame
    purchases: DataFrame
    returned: DataFrame | None = None

    def until(self, as_of: date) -> "OfferTables":
        """What happened before `as_of`; but all offers, for an event may be before its offer."""
        return OfferTables(
            self.offers,
            self.engagements.where(F.col("engaged_at") < midnight(as_of)),
            self.redemptions.where(F.col("redeemed_at") < midnight(as_of)),
            self.purchases.where(F.col("purchased_at") < midnight(as_of)),
            self.returned,
        )


def redemption_examples(
    tables: OfferTables, settings: Redemption, as_of: date, max_faulty_share: float
) -> Outcome:
    """Every offer issued before `as_of` with its features at issue and its state as visible.

    In:    the tables. Nothing at or after `as_of` is looked at, apart from the issue of an
           offer by which events before it are counted as such.
    Out:   the columns of `redemption_examples`. An event counts where it lies in [issue, issue +
           attribution_days); a redemption is an engagement too, at its own time. `features` are
           the offer's own, and of the customer what happened strictly before issue (see
           `with_customer_features`, whose names win).
    Raises JobError (by the account's judge) for no offers, or too large a share of events that
    cannot count.
    Cost:  two shuffles: offers and events by offer, offers and purchases by customer. Nothing is
           collected; the labelled offers are read twice.
    """
    past = tables.until(as_of)
    labelled = _labelled(past, settings, as_of)
    offers = labelled.where(_is_issued(as_of))
    counts = [name for name in offers.columns if name not in REDEMPTION_EXAMPLES.names]
    rows = with_customer_features(offers.drop(*counts), past.purchases, past.returned)
    rows = rows.withColumn("features", merged_features("features"))
    rows = rows.select(*REDEMPTION_EXAMPLES.names)
    may_be_written = partial(judge, max_faulty_share=max_faulty_share)
    return Outcome(rows, _account(labelled, as_of), may_be_written, reused=(labelled, rows))


def _is_issued(as_of: date) -> Column:
    """Whether there is an offer, and it was issued before the day."""
    return F.coalesce(F.col("issued_at") < midnight(as_of), F.lit(False))


def _labelled(tables: OfferTables, settings: Redemption, as_of: date) -> DataFrame:
    """Per offer_id of any table: the offer (null: there is none), its label, counts of events."""
    events = _judged_events(tables, settings.attribution_days * DAY_MICROS)
    by_offer = events.groupBy("offer_id").agg(
        *(F.max(name).alias(name) for name in ("customer_id", "issued_at")),
        F.first("features", ignorenulls=True).alias("features"),
        *(_first_time(i).alias(f"first_{name}") for i, name in enumerate(KINDS)),
        *(_count(i).alias(name) for i, name in enumerate(KINDS)),
        *(_count(i, f).alias(f"{name}_{f}") for i, name in enumerate(KINDS) for f in FAULTS),
    )
    redeemed = F.col("first_redemptions")
    engaged = F.least("first_engagements", redeemed)  # leaves nulls out
    state = F.when(redeemed.isNotNull(), "11").when(engaged.isNotNull(), "10").otherwise("00")
    age_days = days_between(F.col("issued_at"), midnight(as_of))
    return by_offer.select(
        "*",
        state.alias("state"),
        engaged.alias("engaged_at"),
        redeemed.alias("redeemed_at"),
        age_days.alias("age_days"),
        (age_days >= settings.attribution_days).alias("is_matured"),
    ).drop("first_engagements", "first_redemptions")


def _judged_events(tables: OfferTables, window_micros: int) -> DataFrame:
    """Offers and events, a row each; of an event its kind, and its fault where it has one.

    Union and window instead of a join keep events without an offer, in one shuffle.
    """
    offers = tables.offers.select("offer_id", "customer_id", "issued_at", "features")
    engagements = tables.engagements.select(
        "offer_id", F.col("engaged_at").alias("at"), F.lit(0).alias("kind")
    )
    redemptions = tables.redemptions.select(
        "offer_id", F.col("redeemed_at").alias("at"), F.lit(1).alias("kind")
    )
    rows = offers.unionByName(engagements.unionByName(redemptions), allowMissingColumns=True)
    offer_issued_at = F.max("issued_at").over(Window.partitionBy("offer_id"))
    rows = rows.withColumn("offer_issued_at", offer_issued_at)
    delay = F.unix_micros("at") - F.unix_micros("offer_issued_at")
    fault = F.when(F.col("offer_issued_at").isNull(), "without_offer").when(
        delay < 0, "before_offer"
    )
    return rows.withColumn("fault", fault.when(delay >= window_micros, "after_window"))


def _first_time(kind: int) -> Column:
    """When the first event of a kind without a fault happened."""
    return F.min(F.when((F.col("kind") == kind) & F.col("fault").isNull(), F.col("at")))


def _count(kind: int, fault: str = "") -> Column:
    """How many events of a kind there are, or have a fault."""
    is_kind = F.col("kind") == kind
    return F.count_if(is_kind & (F.col("fault") == fault) if fault else is_kind)


def _account(labelled: DataFrame, as_of: date) -> DataFrame:
    """One row: offers, by state, matured, without features; events, by fault, repeated."""
    is_offer = _is_issued(as_of)
    faults = [f"{kind}_{fault}" for kind in KINDS for fault in FAULTS]
    good = F.col("redemptions") - sum((F.col(f"redemptions_{f}") for f in FAULTS), F.lit(0))
    return labelled.agg(
        F.count_if(is_offer).alias("offers"),
        *(
            F.count_if(is_offer & (F.col("state") == s)).alias(f"state_{s}")
            for s in ("00", "10", "11")
        ),
        F.count_if("is_matured").alias("matured"),
        F.count_if(is_offer & (F.size("features") == 0)).alias("without_features"),
        F.sum(F.greatest(good - 1, F.lit(0))).alias("redemptions_repeated"),
        *(F.sum(name).alias(name) for name in (*KINDS, *faults)),
    )


def judge(account: Row, max_faulty_share: float) -> list[str]:
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
