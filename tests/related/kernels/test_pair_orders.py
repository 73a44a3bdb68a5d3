"""Orders with both items of a pair, and such orders by chance, against plain Python."""

import random
from collections import defaultdict
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from alsobought.related.kernels.pair_orders import SCALE
from alsobought.related.together_or_apart import (
    COUNTS,
    ENDS,
    counts_of_lines,
    pair_index,
)

ITEMS = [-7, -2, 3, 11, 12, 40]


def lines_of(seed):
    """(customer, order, item), some of them twice; orders of 1 to 5 items, of 1 to 6 a customer."""
    dice = random.Random(seed)
    orders = [(c, 10 * c + n) for c in range(30) for n in range(dice.randint(1, 6))]
    return [
        (*order, dice.choice([*ITEMS, 99])) for order in orders for _ in range(dice.randint(1, 6))
    ]


def oracle(lines, pairs):
    """{pair: (customers with both in one order; customers, apart, orders, expected of those with
    two orders or more)}."""
    counts_of = {pair: [0, 0, 0, 0, 0.0] for pair in pairs}
    orders = defaultdict(lambda: defaultdict(set))
    for customer, order, item in lines:
        if item in ITEMS:
            orders[customer][order].add(item)
    for of_customer in orders.values():
        sizes = [len(items) for items in of_customer.values()]
        held = [item for items in of_customer.values() for item in items]
        ways = sum(d * (d - 1) for d in sizes)
        for (x, y), counts in counts_of.items():
            a, b = held.count(x), held.count(y)
            both = sum({x, y} <= items for items in of_customer.values())
            counts[0] += both > 0
            if a and b and len(sizes) > 1:
                counts[1] += 1
                counts[2] += both == 0
                counts[3] += both
                counts[4] += min(a * b * ways / (sum(sizes) * (sum(sizes) - 1)), a, b)
    return {pair: counts for pair, counts in counts_of.items() if any(counts)}


def counted(lines, pairs):
    """The same by the loops, of lines in two batches."""
    first, second = np.array(pairs, np.int64).T
    index = pair_index(first, second)
    columns = [np.array(column, np.int64) for column in zip(*lines, strict=True)]
    parts = slice(0, len(lines) // 3), slice(len(lines) // 3, None)
    names = ["customer_id", "order_id", "item_id"]
    batches = [pa.record_batch([column[part] for column in columns], names) for part in parts]
    (made,) = counts_of_lines(iter(batches), index)
    return {
        tuple(row[end] for end in ENDS): [row[name] for name in COUNTS] for row in made.to_pylist()
    }


@pytest.mark.parametrize("seed", range(5))
def test_counts_and_chances_are_those_of_patience(seed):
    lines, pairs = lines_of(seed), list(combinations(ITEMS, 2))[:-1]
    wanted, made = oracle(lines, pairs), counted(lines, pairs)
    assert made.keys() == wanted.keys()
    assert len(wanted) == len(pairs)
    assert any(together > customers - apart for together, customers, apart, *_ in wanted.values())
    for pair, (*counts, expected) in wanted.items():
        assert made[pair][:4] == counts
        assert made[pair][4] / SCALE == pytest.approx(expected, abs=30 / SCALE)


def test_one_customer_by_hand():
    """Three orders of 2, 2 and 1 items: two of five purchases are in one order with chance
    4 / 20; jam and tea, bought twice each, meet in 0.8 orders by chance, and in one. A customer
    with one order adds to those with both in one order alone."""
    lines = [(1, 1, 3), (1, 1, 11), (1, 2, 3), (1, 2, 12), (1, 3, 11), (2, 4, 3), (2, 4, 11)]
    made = counted(lines, [(3, 11), (11, 12), (3, 40)])
    assert made == {
        (3, 11): [2, 1, 0, 1, round(0.8 * SCALE)],
        (11, 12): [0, 1, 1, 0, round(0.4 * SCALE)],
    }


def test_of_no_lines_there_is_no_row():
    index = pair_index(np.array([1]), np.array([2]))
    empty = pa.record_batch([pa.array([], pa.int64())] * 3, ["customer_id", "order_id", "item_id"])
    assert list(counts_of_lines(iter([]), index)) == []
    assert [len(rows) for rows in counts_of_lines(iter([empty]), index)] == [0]
