"""Contracts of learning from labels that still arrive: events, examples, weights, audits."""

from pyspark.sql.types import (
    BooleanType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    TimestampType,
)

from alsobought.tables.offers import CUSTOMER, FEATURES, IDS_NOT_EMPTY, ISSUED, OFFER
from alsobought.tables.table import Table, column

METHOD = column("method", StringType(), "how the weights are made: a name in [redemption] methods")
COPY = column("copy", IntegerType(), "0 is the row's first emission, 1 and on are later ones")
AGE = column("age_days", DoubleType(), "days from issue to the as-of day's midnight, UTC")
STATE = column("state", StringType(), "visible: 00 nothing, 10 engaged, 11 redeemed")
SPLIT = column(
    "split",
    StringType(),
    "train, validation or test: by customer or by time, never by label",
)

STATE_KNOWN = "state IN ('00', '10', '11')"
SPLIT_KNOWN = "split IN ('train', 'validation', 'test')"

REDEMPTION_EXAMPLES = Table(
    "redemption_examples",
    "An offer as it looked on the as-of day: features known at issue, events visible so far.",
    (
        OFFER,
        CUSTOMER,
        ISSUED,
        AGE,
        FEATURES,
        STATE,
        column(
            "engaged_at",
            TimestampType(),
            "first engagement or redemption; null: none visible within the attribution window",
            optional=True,
        ),
        column(
            "redeemed_at",
            TimestampType(),
            "first redemption; null: none visible within the attribution window",
            optional=True,
        ),
        column("is_matured", BooleanType(), "old enough that the state is final"),
    ),
    key=("as_of", "offer_id"),
    kept="per_as_of",
    checks={
        "ids_not_empty": IDS_NOT_EMPTY,
        "state_known": STATE_KNOWN,
        "age_positive": "age_days > 0",
        "state_fits": "(state <> '00') = (engaged_at IS NOT NULL)"
        " AND (state = '11') = (redeemed_at IS NOT NULL)",
        "events_follow_issue": "coalesce(engaged_at, issued_at) >= issued_at"
        " AND coalesce(redeemed_at, issued_at) >= issued_at",
    },
)

REDEMPTION_WEIGHTS = Table(
    "redemption_weights",
    "An emitted copy of an offer: its labels, its weight, and what the weight is made of.",
    (
        METHOD,
        OFFER,
        COPY,
        column("kind", StringType(), "which kind of copy of the method this is"),
        AGE,
        STATE,
        column("emitted_after_days", DoubleType(), "days from issue to the copy's emission"),
        column("engaged", IntegerType(), "the copy's label of engagement, 0 or 1"),
        column("redeemed", IntegerType(), "the copy's label of redemption, 0 or 1"),
        column("weight", DoubleType(), "p(state) / q(state | age), or what the method has for it"),
        column(
            "parts",
            MapType(StringType(), DoubleType()),
            "every probability that the weight is made of, before clipping; and 'floor'",
        ),
        column("model_version", StringType(), "hash of the auxiliary models and their settings"),
    ),
    key=("as_of", "method", "offer_id", "copy"),
    kept="per_as_of",
    checks={
        "state_known": STATE_KNOWN,
        "labels_are_0_or_1": "engaged IN (0, 1) AND redeemed IN (0, 1)",
        "weight_fits": "weight >= 0 AND weight < double('Infinity')",
        "copy_from_zero": "copy >= 0",
    },
)

EXAMPLE = (
    METHOD,
    column("example_id", StringType(), "what is learnt from: an offer, or a customer and an item"),
    COPY,
    column("customer_id", StringType(), "whose example it is"),
    column("item_id", StringType(), "the item; null where examples are offers", optional=True),
    FEATURES,
    column(
        "engaged",
        IntegerType(),
        "label of the first stage, 0 or 1; null where there is only one",
        optional=True,
    ),
    column("label", IntegerType(), "what a model learns to tell, 0 or 1"),
    column("weight", DoubleType(), "how much the row counts"),
    column(
        "log_q",
        DoubleType(),
        "ln of the probability that the negative was drawn; null where nothing was",
        optional=True,
    ),
    SPLIT,
)
EXAMPLE_CHECKS = {
    "label_is_0_or_1": "label IN (0, 1) AND coalesce(engaged, 0) IN (0, 1)",
    "weight_fits": "weight >= 0 AND weight < double('Infinity')",
    "split_known": SPLIT_KNOWN,
}

TRAINING_EXAMPLES = Table(
    "training_examples",
    "A weighted row to train a redemption model on.",
    EXAMPLE,
    key=("as_of", "method", "example_id", "copy"),
    kept="per_as_of",
    checks=EXAMPLE_CHECKS,
)

REDEMPTION_SCORES = Table(
    "redemption_scores",
    "How likely an offer is engaged with and redeemed, by models trained with the weights.",
    (
        METHOD,
        OFFER,
        CUSTOMER,
        AGE,
        SPLIT,
        column("p_engaged", DoubleType(), "two-stage model: P(engaged)"),
        column("p_redeemed_if_engaged", DoubleType(), "two-stage model: P(redeemed | engaged)"),
        column("p_redeemed", DoubleType(), "two-stage model: the product"),
        column("p_redeemed_one_stage", DoubleType(), "one-stage model: P(redeemed)"),
        column("redeemed", IntegerType(), "the final label; null before maturity", optional=True),
    ),
    key=("as_of", "method", "offer_id"),
    kept="per_as_of",
    checks={
        "split_known": SPLIT_KNOWN,
        "probabilities_fit": " AND ".join(
            f"{name} BETWEEN 0 AND 1"
            for name in ("p_engaged", "p_redeemed_if_engaged", "p_redeemed", "p_redeemed_one_stage")
        ),
    },
)

REDEMPTION_AUDITS = Table(
    "redemption_audits",
    "One measured property of the weights and models, with the bounds it must keep.",
    (
        column("audit", StringType(), "what is measured"),
        column("method", StringType(), "of which weights; 'all' where it is none's own"),
        column("bucket", StringType(), "of which rows, for example an age bucket"),
        column("rows", LongType(), "how many rows were measured"),
        column("value", DoubleType(), "the measured value"),
        column("lower", DoubleType(), "lowest value in bounds; null: none", optional=True),
        column("upper", DoubleType(), "highest value in bounds; null: none", optional=True),
        column("is_alert", BooleanType(), "true: the value is out of bounds"),
        column("meaning", StringType(), "one sentence: what the value says"),
    ),
    key=("as_of", "audit", "method", "bucket"),
    kept="per_as_of",
    checks={"rows_counted": "rows >= 0"},
)

PURCHASE_EXAMPLES = Table(
    "purchase_examples",
    "A weighted row to train a purchase model on: what was bought, and what was not.",
    EXAMPLE,
    key=("as_of", "example_id", "copy"),
    kept="per_as_of",
    checks=EXAMPLE_CHECKS,
)
