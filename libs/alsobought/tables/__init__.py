"""The contract of every table."""

from alsobought.tables.copurchase import CO_PURCHASES, ITEM_STATISTICS
from alsobought.tables.purchases import ITEMS, PURCHASES, REJECTED_PURCHASES
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.table import Table

__all__ = [
    "ALL",
    "CO_PURCHASES",
    "ITEMS",
    "ITEM_STATISTICS",
    "PURCHASES",
    "REJECTED_PURCHASES",
    "RELATED_ITEMS",
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
    )
}
