"""How many customers have bought each item, and how many of them for the first time of late."""

import numpy as np
from pyspark import Broadcast
from pyspark.sql import DataFrame

from alsobought.copurchase.engine.envelopes import Envelope, Kind, rows_of
from alsobought.recommend.customer_parts import Batches, customers_of
from alsobought.recommend.item_facts import ItemCodes, TrialCounts
from alsobought.recommend.kernels.histories import count_trials, histories_of
from alsobought.recommend.listed_rows import market_numbers

COUNTS = Kind("count", TrialCounts)
COUNTED = Envelope([], COUNTS)
"""A part to the driver: what was counted of its customers."""


def count_first_purchases(parts: DataFrame, codes: Broadcast[ItemCodes], since: int) -> TrialCounts:
    """The buyers of each item in the window, and those who first bought it in its seconds from
    `since` on.

    In:   PARTED rows, one partition a part.
    Cost: the scan and the shuffle of the lines once more; 16 bytes an item and part on the driver.
    """

    def count(batches: Batches) -> Batches:
        yield from _counts(batches, codes.value, since)

    rows = list(rows_of(parts.mapInArrow(count, COUNTED.ddl).toArrow().to_batches()))
    return COUNTS.read_sum(rows) if rows else _no_counts(codes.value)


def _counts(batches: Batches, codes: ItemCodes, since: int) -> Batches:
    customers = customers_of(batches)
    if customers is not None:
        counts = _no_counts(codes)
        markets = market_numbers(customers.markets, codes.market_names)
        count_trials(markets, histories_of(customers.lines, len(codes)), since, tuple(counts))
        yield COUNTED.row(COUNTS, counts)


def _no_counts(codes: ItemCodes) -> TrialCounts:
    of_markets = np.zeros(len(codes.market_names), np.int64)
    return TrialCounts(of_markets, np.zeros(len(codes), np.int64), np.zeros(len(codes), np.int64))
