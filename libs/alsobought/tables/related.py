"""Contracts of the lists that shoppers see."""

from pyspark.sql.types import BooleanType, DoubleType, IntegerType, LongType, StringType

from alsobought.tables.copurchase import (
    EVIDENCE,
    EVIDENCE_CHECKS,
    ITEM,
    RELATED,
    RELATION,
    UNIT,
)
from alsobought.tables.purchases import MARKET
from alsobought.tables.table import Table, column

LISTED_RELATION = column(
    "relation",
    StringType(),
    f"{RELATION.metadata['comment']}; complement, substitute, variant: together, of that kind",
)
RELATION_KNOWN = (
    "relation IN ('together', 'complement', 'substitute', 'variant') OR relation LIKE 'after%'"
)

RELATED_ITEMS = Table(
    "related_items",
    "The ranked list that is served for each item, per metric, with its evidence.",
    (
        UNIT,
        MARKET,
        LISTED_RELATION,
        column("metric", StringType(), "the score that ranks the list"),
        ITEM,
        column("rank", IntegerType(), "1 is best; without gaps"),
        RELATED,
        column("score", DoubleType(), "the metric's value for this pair"),
        *EVIDENCE,
    ),
    key=("as_of", "unit", "market", "relation", "metric", "item_id", "rank"),
    kept="per_as_of",
    checks={**EVIDENCE_CHECKS, "relation_known": RELATION_KNOWN, "rank_from_one": "rank >= 1"},
    skipped_by=("item_id",),
    sorted_by=("item_id", "unit", "market", "relation", "metric", "rank"),
)

RELATED_KINDS = Table(
    "related_kinds",
    "Whether a related item complements or replaces the item, or is a variant, with the evidence.",
    (
        MARKET,
        ITEM,
        RELATED,
        column("kind", StringType(), "complement, substitute, variant or unsure"),
        column(
            "customers_together",
            LongType(),
            "who have both in one order; of guests, the orders that hold both",
        ),
        column("customers", LongType(), "with two orders or more, who bought both"),
        column("apart", LongType(), "of these, who never had both in one order"),
        column("orders", LongType(), "of these customers, which hold both"),
        column(
            "orders_expected",
            DoubleType(),
            "such orders, had the customers' purchases fallen into their orders by chance",
        ),
        column("ratio", DoubleType(), "orders / orders_expected, shrunk to 1"),
        column("ratio_low", DoubleType(), "a lower bound on it, at the confidence of the settings"),
        column("ratio_high", DoubleType(), "an upper bound on it"),
        column("order_lift", DoubleType(), "N / E by order; null: not kept", optional=True),
        column("customer_lift", DoubleType(), "N / E by customer; null: not kept", optional=True),
        column("shared_levels", IntegerType(), "levels of the category in common, from the widest"),
        column("is_same_category", BooleanType(), "both have the same category to the narrowest"),
        column(
            "price_ratio",
            DoubleType(),
            "the related item's median price over the item's; null: no price of a single unit",
            optional=True,
        ),
        column(
            "likeness",
            DoubleType(),
            "of both titles' words but sizes, the share in common; null: no words",
            optional=True,
        ),
        column("is_same_maker", BooleanType(), "null: one has none", optional=True),
    ),
    key=("as_of", "market", "item_id", "related_item_id"),
    kept="per_as_of",
    only_with="jobs.related_kinds",
    checks={
        "kind_known": "kind IN ('complement', 'substitute', 'variant', 'unsure')",
        "not_itself": "item_id <> related_item_id",
        "counts_fit": "customers >= apart AND apart >= 0 AND orders >= customers - apart "
        "AND customers_together >= customers - apart",
        "ratios_fit": "ratio_low <= ratio AND ratio <= ratio_high AND orders_expected >= 0",
    },
    skipped_by=("item_id",),
    sorted_by=("item_id", "market", "related_item_id"),
)
