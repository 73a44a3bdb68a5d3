"""Contracts of the lists that shoppers see."""

from pyspark.sql.types import DoubleType, IntegerType, StringType

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

RELATED_ITEMS = Table(
    "related_items",
    "The ranked list that is served for each item, per metric, with its evidence.",
    (
        UNIT,
        MARKET,
        RELATION,
        column("metric", StringType(), "the score that ranks the list"),
        ITEM,
        column("rank", IntegerType(), "1 is best; without gaps"),
        RELATED,
        column("score", DoubleType(), "the metric's value for this pair"),
        *EVIDENCE,
    ),
    key=("as_of", "unit", "market", "relation", "metric", "item_id", "rank"),
    kept="per_as_of",
    checks={**EVIDENCE_CHECKS, "rank_from_one": "rank >= 1"},
    skipped_by=("item_id",),
    sorted_by=("item_id", "unit", "market", "relation", "metric", "rank"),
)
