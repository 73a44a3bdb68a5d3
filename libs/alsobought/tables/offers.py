"""Contracts of offers and of what follows them: engagements, redemptions, rejected rows."""

from pyspark.sql.types import DoubleType, MapType, StringType, TimestampType

from alsobought.tables.purchases import REJECTED_CHECKS, REJECTED_ROW, SOURCE_FILE
from alsobought.tables.table import Table, column

OFFER = column("offer_id", StringType(), "the offer: one issue of it to one customer")
CUSTOMER = column("customer_id", StringType(), "to whom it was issued")
ISSUED = column("issued_at", TimestampType(), "when it was issued, UTC")
FEATURES = column(
    "features",
    MapType(StringType(), DoubleType()),
    "as known at issue; a category is 'name=value' -> 1; what is absent is 0",
)
IDS_NOT_EMPTY = "offer_id <> '' AND customer_id <> ''"

OFFERS = Table(
    "offers",
    "An offer that was issued to a customer.",
    (OFFER, CUSTOMER, ISSUED, FEATURES, SOURCE_FILE),
    key=("offer_id",),
    kept="added",
    replaced_by_file="issued_at",
    checks={"ids_not_empty": IDS_NOT_EMPTY},
)

ENGAGEMENTS = Table(
    "engagements",
    "A time at which an offer was engaged with: clicked, clipped, a product of it bought.",
    (OFFER, column("engaged_at", TimestampType(), "when, UTC"), SOURCE_FILE),
    key=("offer_id", "engaged_at"),
    kept="added",
    replaced_by_file="engaged_at",
    checks={"ids_not_empty": "offer_id <> ''"},
)

REDEMPTIONS = Table(
    "redemptions",
    "A time at which an offer was redeemed.",
    (OFFER, column("redeemed_at", TimestampType(), "when, UTC"), SOURCE_FILE),
    key=("offer_id", "redeemed_at"),
    kept="added",
    replaced_by_file="redeemed_at",
    checks={"ids_not_empty": "offer_id <> ''"},
)

REJECTED_EVENTS = Table(
    "rejected_events",
    "A source row of offers or their events that broke at least one rule, as it was read.",
    (
        column("source", StringType(), "offers, engagements or redemptions"),
        *REJECTED_ROW,
    ),
    key=("source", "source_file", "row"),
    kept="added",
    checks=REJECTED_CHECKS,
    may_be_empty=True,
)
