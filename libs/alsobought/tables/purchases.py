"""Contracts of what the shop's files become: purchases, rejected rows, the catalogue."""

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DoubleType,
    LongType,
    MapType,
    StringType,
    TimestampType,
)

from alsobought.tables.table import Table, column

MARKET = column("market", StringType(), "the marketplace; 'all' where the source has none")
SOURCE_FILE = column("source_file", StringType(), "the file that held the row")
REJECTED_ROW = (
    SOURCE_FILE,
    column("reasons", ArrayType(StringType()), "every rule that the row broke, sorted"),
    column(
        "row",
        StringType(),
        "the row as read: JSON of its columns, or the raw line; of a duplicate, which is good "
        "otherwise, JSON of the columns of the table that it is no part of",
    ),
    column("copies", LongType(), "rows of the file that read exactly so"),
)
REJECTED_CHECKS = {"has_a_reason": "size(reasons) > 0", "has_a_copy": "copies >= 1"}

PURCHASES = Table(
    "purchases",
    "One line of an order, or of a return.",
    (
        column("customer_id", StringType(), "who bought; null: a guest", optional=True),
        column(
            "order_id",
            StringType(),
            "the order, basket or session, told apart within its market; null: there is none",
            optional=True,
        ),
        column("item_id", StringType(), "what was bought"),
        column(
            "line",
            StringType(),
            "tells lines of one order and item apart: the source's line id (after the customer's "
            "where there is no order), else a hash of the row",
        ),
        column("purchased_at", TimestampType(), "when, UTC"),
        column(
            "quantity",
            DoubleType(),
            "units bought; 1 where the source has none; < 0: units returned",
        ),
        column("price", DoubleType(), "as in the source, in its currency", optional=True),
        MARKET,
        SOURCE_FILE,
    ),
    key=("market", "order_id", "item_id", "line"),
    kept="added",
    replaced_by_file="purchased_at",
    checks={
        "ids_not_empty": "coalesce(customer_id, 'none') <> '' AND coalesce(order_id, 'none') <> ''"
        " AND item_id <> ''",
        "order_or_customer": "customer_id IS NOT NULL OR order_id IS NOT NULL",
        "quantity_not_zero": "quantity <> 0",
    },
)

RETURNED_PURCHASES = Table(
    "returned_purchases",
    "A line of purchases of which something was returned before the as-of day.",
    (
        MARKET,
        column("order_id", StringType(), "the order; null: there is none", optional=True),
        column("item_id", StringType(), "what was bought"),
        column("line", StringType(), "which line of order and item, as in purchases"),
        column("purchased_at", TimestampType(), "when it was bought, UTC"),
        column("quantity", DoubleType(), "units bought"),
        column("returned", DoubleType(), "units returned, of these"),
        column(
            "returned_at",
            TimestampType(),
            "when the last unit was returned, UTC; null: a part was kept, and the line counts",
            optional=True,
        ),
    ),
    key=("as_of", "market", "order_id", "item_id", "line"),
    kept="per_as_of",
    checks={
        "returned_fits": "returned > 0 AND returned <= quantity",
        "returned_later": "returned_at IS NULL OR returned_at >= purchased_at",
    },
    sorted_by=("purchased_at",),
    skipped_by=("purchased_at",),
    may_be_empty=True,
    only_with="sources.purchases.returns",
)

REJECTED_PURCHASES = Table(
    "rejected_purchases",
    "A source row that broke at least one rule, as it was read.",
    REJECTED_ROW,
    key=("source_file", "row"),
    kept="added",
    checks=REJECTED_CHECKS,
    may_be_empty=True,
)

ITEMS = Table(
    "items",
    "The catalogue: one row per item.",
    (
        column("item_id", StringType(), "the item"),
        column("title", StringType(), "what a shopper reads", optional=True),
        column("brand", StringType(), "the maker or label", optional=True),
        column("category", ArrayType(StringType()), "from the widest to the narrowest"),
        column("is_available", BooleanType(), "false: the item is in nobody's list"),
        column("first_seen_at", TimestampType(), "first sale or listing, UTC", optional=True),
        column("attributes", MapType(StringType(), StringType()), "everything else, as text"),
    ),
    key=("item_id",),
    kept="whole",
    checks={"ids_not_empty": "item_id <> ''"},
    sorted_by=("item_id",),
)
