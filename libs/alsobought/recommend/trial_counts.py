"""How many customers have bought each item, and how many of them for the first time of late."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.copurchase.engine.envelopes import Envelope, Kind, Row, key_of, rows_of
from alsobought.copurchase.engine.layout import ITEMS_PER_RANGE
from alsobought.copurchase.engine.stages.pack import by_item_range
from alsobought.recommend.coded_items import ItemCodes
from alsobought.recommend.customer_parts import Batches, customers_of
from alsobought.recommend.item_facts import TrialCounts
from alsobought.recommend.kernels.histories import count_trials, histories_of
from alsobought.recommend.listed_rows import market_numbers


class CountedCodes(NamedTuple):
    """Codes of items, or numbers of markets, ascending, and the customers of each."""

    codes: Int32s
    customers: Int64s


COUNTS = Kind("count", CountedCodes)
COUNTED = Envelope(["item_range", "counted"], COUNTS)
"""A part to the tasks that add up, and these to the driver: the counts of a range of codes.

counted: 0, the customers of markets; 1, the buyers of items; from 2 on, the trials of each window.
"""


def count_first_purchases(
    parts: DataFrame, codes: Broadcast[ItemCodes], since: Int64s
) -> TrialCounts:
    """The buyers of each item in the window, and those who first bought it in its seconds from
    each of `since` on.

    In:   PARTED rows, one partition a part.
    Cost: the scan and the shuffle of the lines once more, and one of 12 bytes for each item and
          count of a part; a task and the driver have 8 bytes for each item and count.
    """

    def count(batches: Batches) -> Batches:
        yield from counts_of_part(batches, codes.value, since)

    ranges = max(1, -(-len(codes.value) // ITEMS_PER_RANGE))
    counted = parts.mapInArrow(count, COUNTED.ddl)
    by_range = counted.repartitionById(ranges, F.col("item_range"))
    sums = by_range.mapInArrow(add_up, COUNTED.ddl).toArrow()
    return sums_of_ranges(rows_of(sums.to_batches()), codes.value, len(since))


def counts_of_part(batches: Batches, codes: ItemCodes, since: Int64s) -> Batches:
    """COUNTED rows of the customers of a part's PARTED rows."""
    customers = customers_of(batches)
    if customers is not None:
        counts = _no_counts(codes, len(since))
        markets = market_numbers(customers.markets, codes.market_names)
        count_trials(markets, histories_of(customers.lines, len(codes)), since, tuple(counts))
        by_number = (counts.customers, counts.buyers, *counts.trials.reshape(len(since), -1))
        for number, totals in enumerate(by_number):
            yield from _in_ranges(totals, number)


def add_up(batches: Batches) -> Batches:
    """COUNTED rows, added up by their keys."""
    sums: dict[tuple[int, int], Int64s] = {}
    for row in rows_of(batches):
        key, counts = (key_of(row, "counted"), key_of(row, "item_range")), COUNTS.read(row)
        if key not in sums:
            sums[key] = np.zeros(ITEMS_PER_RANGE, np.int64)
        sums[key][counts.codes % ITEMS_PER_RANGE] += counts.customers  # a row has a code once
    for (number, item_range), totals in sums.items():
        yield from _in_ranges(totals, number, item_range)


def _in_ranges(totals: Int64s, number: int, first_range: int = 0) -> Batches:
    """The counts that are not 0, as COUNTED rows; the first is of the first code of a range."""
    codes = np.flatnonzero(totals)
    first = first_range * ITEMS_PER_RANGE
    counts = CountedCodes((codes + first).astype(np.int32), totals[codes])
    for item_range, of_range in by_item_range(COUNTS, counts):
        yield COUNTED.row(COUNTS, of_range, item_range=item_range, counted=number)


def sums_of_ranges(rows: Iterator[Row], codes: ItemCodes, windows: int) -> TrialCounts:
    """All counts, of COUNTED rows that are added up."""
    counts = _no_counts(codes, windows)
    by_number = (counts.customers, counts.buyers, *counts.trials.reshape(windows, -1))
    for row in rows:
        of_range = COUNTS.read(row)
        by_number[key_of(row, "counted")][of_range.codes] = of_range.customers
    return counts


def _no_counts(codes: ItemCodes, windows: int) -> TrialCounts:
    sizes = (len(codes.market_names), len(codes), windows * len(codes))
    return TrialCounts(*(np.zeros(size, np.int64) for size in sizes))
