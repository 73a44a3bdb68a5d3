"""How many customers have bought each item, and how many of them for the first time of late."""

import numpy as np
from pyspark import Broadcast
from pyspark.sql import DataFrame

from alsobought.compiled.array_types import Int64s
from alsobought.copurchase.engine.envelopes import Envelope, Kind, rows_of
from alsobought.recommend.customer_parts import Batches, customers_of
from alsobought.recommend.item_facts import ItemCodes, TrialCounts
from alsobought.recommend.kernels.histories import count_trials, histories_of
from alsobought.recommend.listed_rows import market_numbers

COUNTS = Kind("count", TrialCounts)
COUNTED = Envelope([], COUNTS)
"""A part to the driver: what was counted of its customers."""


def count_first_purchases(
    parts: DataFrame, codes: Broadcast[ItemCodes], since: Int64s
) -> TrialCounts:
    """The buyers of each item in the window, and those who first bought it in its seconds from
    each of `since` on.

    In:   PARTED rows, one partition a part.
    Cost: the scan and the shuffle of the lines once more; on the driver 8 bytes for each part, item
          and count.
    """

    def count(batches: Batches) -> Batches:
        yield from _counts(batches, codes.value, since)

    rows = list(rows_of(parts.mapInArrow(count, COUNTED.ddl).toArrow().to_batches()))
    return COUNTS.read_sum(rows) if rows else _no_counts(codes.value, len(since))


def _counts(batches: Batches, codes: ItemCodes, since: Int64s) -> Batches:
    customers = customers_of(batches)
    if customers is not None:
        counts = _no_counts(codes, len(since))
        markets = market_numbers(customers.markets, codes.market_names)
        count_trials(markets, histories_of(customers.lines, len(codes)), since, tuple(counts))
        yield COUNTED.row(COUNTS, counts)


def _no_counts(codes: ItemCodes, windows: int) -> TrialCounts:
    sizes = (len(codes.market_names), len(codes), windows * len(codes))
    return TrialCounts(*(np.zeros(size, np.int64) for size in sizes))
