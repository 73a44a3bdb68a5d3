"""In how many orders of the same customers two items meet, and in how many by chance, compiled."""

from typing import NamedTuple

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Floats, Int32s, Int64s

SCALE = 1 << 20
"""Expected orders are summed in whole units of 1 / SCALE: whatever the order of the sums, the same
total."""


class CustomerLines(NamedTuple):
    """Items of orders: customer c has the rows starts[c] to starts[c + 1], by item, then by order,
    each pair of these once.

    chances: that two of the customer's rows lie in one order, had they fallen into the orders by
    chance; below 0: there is but one order.
    """

    starts: Int64s
    items: Int32s
    orders: Int64s
    chances: Floats


class Pairs(NamedTuple):
    """Pairs of items: item x has those with related[starts[x]] to related[starts[x + 1]]."""

    starts: Int64s
    related: Int32s


class PairCounts(NamedTuple):
    """Of each pair: customers with both in one order; and, of customers with two orders or more,
    those with both, those with both never in one order, orders with both, and such orders by
    chance, times SCALE."""

    customers_together: Int64s
    customers: Int64s
    apart: Int64s
    orders: Int64s
    expected: Int64s


@njit(cache=True)
def _in_common(orders: Int64s, a: int, of_a: int, b: int, of_b: int) -> int:
    """How many orders are in both of two ascending runs."""
    count, i, j = 0, a, b
    while i < a + of_a and j < b + of_b:
        if orders[i] == orders[j]:
            count, i, j = count + 1, i + 1, j + 1
        elif orders[i] < orders[j]:
            i += 1
        else:
            j += 1
    return count


@njit(cache=True)
def _add(counts: PairCounts, pair: int, together: int, expected: float) -> None:
    """Count a customer with both; one with a single order, whose `expected` is below 0, says
    nothing of the chance."""
    counts.customers_together[pair] += together > 0
    if expected < 0.0:
        return
    counts.customers[pair] += 1
    counts.apart[pair] += together == 0
    counts.orders[pair] += together
    counts.expected[pair] += np.int64(expected * SCALE + 0.5)


@njit(cache=True)
def count_pairs(lines: CustomerLines, pairs: Pairs, counts: PairCounts) -> None:
    """Add what the lines say of each pair.

    Cost: for each customer and item the pairs of the item, and for those that the customer has the
    orders of both; 8 bytes an item.
    """
    starts, items, orders, chances = lines
    firsts = np.full(len(pairs.starts) - 1, -1, np.int32)
    rows = np.zeros(len(firsts), np.int32)
    for c in range(len(starts) - 1):
        begin, end = starts[c], starts[c + 1]
        for row in range(begin, end):
            if firsts[items[row]] < 0:
                firsts[items[row]] = row - begin
                rows[items[row]] = 0
            rows[items[row]] += 1
        for row in range(begin, end):
            x = items[row]
            if row > begin and items[row - 1] == x:
                continue
            for pair in range(pairs.starts[x], pairs.starts[x + 1]):
                y = pairs.related[pair]
                if firsts[y] < 0:
                    continue
                together = _in_common(orders, row, rows[x], begin + firsts[y], rows[y])
                expected = chances[c] * rows[x] * rows[y]
                _add(counts, pair, together, min(expected, float(min(rows[x], rows[y]))))
        for row in range(begin, end):
            firsts[items[row]] = -1
