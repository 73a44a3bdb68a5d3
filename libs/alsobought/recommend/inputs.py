"""The tables that recommendations are made of."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.tables.stored import Stored


@dataclass(frozen=True)
class Inputs:
    """The tables of one as-of day by their names; None: the shop has no such table.

    related, statistics, repeats, informativeness, cold_start: `related_items`, `item_statistics`,
    `repeat_purchases`, `item_informativeness`, `cold_start_items`; catalogue: `items`.
    """

    purchases: Stored
    related: DataFrame
    statistics: DataFrame
    catalogue: DataFrame
    bestsellers: DataFrame | None
    returned: Stored | None = None
    cold_start: DataFrame | None = None
    repeats: DataFrame | None = None
    informativeness: DataFrame | None = None
    buy_again: DataFrame | None = None

    def without_markets(self, markets: Collection[str]) -> "Inputs":
        """The tables without the rows of some markets; `purchases` has none of groups."""
        tables: dict[str, Any] = {
            name: rows.where(~F.col("market").isin(*markets))
            for name, rows in vars(self).items()
            if isinstance(rows, DataFrame) and "market" in rows.columns and markets
        }
        return replace(self, **tables)
