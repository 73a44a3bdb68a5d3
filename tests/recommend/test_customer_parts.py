"""Customers of a part: one that stands for all guests takes no more memory than the items do."""

import random

import pytest

from alsobought.recommend import customer_parts
from alsobought.recommend.customer_parts import customers_of
from alsobought.recommend.kernels.histories import histories_of
from tests.recommend.part_rows import codes_of_items, part_rows

ITEMS = [f"i{n}" for n in range(12)]
MOST = 60


def purchases(seed):
    """Of 40 shares of the lines one customer has most; the first and last seconds come anywhere."""
    dice = random.Random(seed)
    customers = ["guests"] * 9 + [f"c{n}" for n in range(4)]
    return [
        [
            ("m", dice.choice(customers), dice.choice([*ITEMS, "postage"]), dice.randrange(900))
            for _ in range(25)
        ]
        for _ in range(40)
    ]


def histories(customers):
    """{customer: [(item, newest, oldest, lines), newest first]}, as they are."""
    made = histories_of(customers.lines, len(ITEMS))
    columns = [column.tolist() for column in made[1:]]
    return {
        customer: list(zip(*(column[first:end] for column in columns), strict=True))
        for customer, first, end in zip(
            customers.ids.to_pylist(), made.starts[:-1], made.starts[1:], strict=True
        )
    }


def histories_in_words(shares, codes):
    """The same in plain Python."""
    ids = codes.ids.to_pylist()
    times = {}
    for _, customer, item, second in (line for share in shares for line in share):
        of_customer = times.setdefault(customer, {})
        if item in ids:
            of_customer.setdefault(ids.index(item), []).append(second)
    return {
        customer: sorted(
            ((item, max(at), min(at), len(at)) for item, at in of_items.items()),
            key=lambda row: (-row[1], row[0]),
        )
        for customer, of_items in times.items()
    }


@pytest.mark.parametrize("most", [MOST, 1 << 22])
@pytest.mark.parametrize("seed", range(5))
def test_histories_are_the_same_however_many_lines_a_customer_has(monkeypatch, seed, most):
    monkeypatch.setattr(customer_parts, "MOST_LINES", most)
    codes, shares = codes_of_items("m", ITEMS), purchases(seed)
    rows = [row for share in shares for row in part_rows(share, codes)]
    customers = customers_of(iter(rows))
    assert histories(customers) == histories_in_words(shares, codes)
    # two lines for each item of the five customers, and what comes until they are combined again
    bound = max(most, 2 * 2 * 5 * len(ITEMS)) + 25
    assert len(customers.lines.codes) <= min(bound, 1000)
