"""Contracts of the statistics: how often items are bought, alone and together."""

from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from alsobought.tables.purchases import MARKET
from alsobought.tables.table import Table, column

UNIT = column("unit", StringType(), "what 'together' means: order or customer")
ITEM = column("item_id", StringType(), "the item X")
RELATED = column("related_item_id", StringType(), "the item Y, never X itself")
RELATION = column(
    "relation",
    StringType(),
    "together: in one unit, in any order; after: Y first bought after X's first purchase",
)
EVIDENCE = (
    column("both", LongType(), "N: units with X and Y"),
    column("expected", DoubleType(), "E: such units if X's buyers had bought at random"),
    column("buyers", LongType(), "n_x: units with X"),
    column("related_buyers", LongType(), "n_y: units with Y"),
    column("units", LongType(), "n: all units of the market"),
)
EVIDENCE_CHECKS = {
    "unit_known": "unit IN ('order', 'customer')",
    "relation_known": "relation = 'together' OR relation LIKE 'after%'",
    "not_itself": "item_id <> related_item_id",
    "counts_fit": "both >= 1 AND both <= buyers AND both <= related_buyers AND buyers <= units"
    " AND related_buyers <= units",
    "expected_fits": "expected > 0 AND expected <= buyers",
}
OTHER_PURCHASES = ArrayType(
    StructType([StructField("others", LongType()), StructField("buyers", LongType())])
)

ITEM_STATISTICS = Table(
    "item_statistics",
    "How many units bought an item, and what else those units bought.",
    (
        UNIT,
        MARKET,
        ITEM,
        column("buyers", LongType(), "n_x: units with the item"),
        column("purchases", LongType(), "purchase lines; with count_repeats = false, the buyers"),
        column("share", DoubleType(), "P: purchases / all purchases of the market"),
        column("units", LongType(), "n: all units of the market"),
        column(
            "other_purchases",
            OTHER_PURCHASES,
            "histogram of |c|: buyers by their number of purchases of other items",
        ),
    ),
    key=("as_of", "unit", "market", "item_id"),
    kept="per_as_of",
    checks={
        "unit_known": "unit IN ('order', 'customer')",
        "counts_fit": "buyers >= 1 AND buyers <= units AND buyers <= purchases",
        "share_fits": "share > 0 AND share <= 1",
    },
)

CO_PURCHASES = Table(
    "co_purchases",
    "The best candidates of every item, with every count and the expected count.",
    (
        UNIT,
        MARKET,
        RELATION,
        ITEM,
        RELATED,
        *EVIDENCE,
        column(
            "prior",
            ArrayType(DoubleType()),
            "of N / E in the market: alpha1, beta1, alpha2, beta2, P of two gammas; null: no metric"
            " takes it",
            optional=True,
        ),
    ),
    key=("as_of", "unit", "market", "relation", "item_id", "related_item_id"),
    kept="per_as_of",
    checks=EVIDENCE_CHECKS,
    whole_groups=("unit", "market", "relation", "item_id"),
    skipped_by=(),  # its readers take whole days; blocks of items are in every file
)
