"""The tables that recommendations are made of."""

from dataclasses import dataclass

from pyspark.sql import DataFrame

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
