"""The contract of every table."""

from alsobought.tables.copurchase import CO_PURCHASES, ITEM_STATISTICS
from alsobought.tables.purchases import ITEMS, PURCHASES, REJECTED_PURCHASES
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import Stored
from alsobought.tables.table import Table
from alsobought.tables.training import (
    ENGAGEMENTS,
    OFFERS,
    PURCHASE_EXAMPLES,
    REDEMPTION_AUDITS,
    REDEMPTION_EXAMPLES,
    REDEMPTION_SCORES,
    REDEMPTION_WEIGHTS,
    REDEMPTIONS,
    REJECTED_EVENTS,
    TRAINING_EXAMPLES,
)

__all__ = [
    "ALL",
    "CO_PURCHASES",
    "ENGAGEMENTS",
    "ITEMS",
    "ITEM_STATISTICS",
    "OFFERS",
    "PURCHASES",
    "PURCHASE_EXAMPLES",
    "REDEMPTIONS",
    "REDEMPTION_AUDITS",
    "REDEMPTION_EXAMPLES",
    "REDEMPTION_SCORES",
    "REDEMPTION_WEIGHTS",
    "REJECTED_EVENTS",
    "REJECTED_PURCHASES",
    "RELATED_ITEMS",
    "TRAINING_EXAMPLES",
    "Stored",
    "Table",
]

ALL: dict[str, Table] = {
    table.name: table
    for table in (
        PURCHASES,
        REJECTED_PURCHASES,
        ITEMS,
        ITEM_STATISTICS,
        CO_PURCHASES,
        RELATED_ITEMS,
        OFFERS,
        ENGAGEMENTS,
        REDEMPTIONS,
        REJECTED_EVENTS,
        REDEMPTION_EXAMPLES,
        REDEMPTION_WEIGHTS,
        TRAINING_EXAMPLES,
        REDEMPTION_SCORES,
        REDEMPTION_AUDITS,
        PURCHASE_EXAMPLES,
    )
}
