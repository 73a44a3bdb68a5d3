"""Items that very many units hold and that go with nothing: likely no products."""

from datetime import date

import pytest

from alsobought.commands.unrelated_items import likely_no_products
from alsobought.products import Exclusions
from alsobought.runtime.warehouse import Warehouse
from tests.commands.item_tables import PAIR, write

OLD, NEW = date(2024, 1, 1), date(2024, 1, 2)


def pair(unit, item, related, counts, day=NEW, relation="together"):
    return (day, unit, "all", relation, item, related, *counts)


PAIRS = [  # N, E, n_x, n_y, n
    pair("order", "bag", "tea", (21, 20.0, 400, 50, 1000)),
    pair("order", "bag", "odd", (3, 1.0, 400, 4, 1000)),  # by chance: E is below 5
    pair("customer", "bag", "tea", (10, 10.0, 55, 40, 100)),
    pair("order", "milk", "tea", (30, 20.0, 400, 50, 1000)),  # a bestseller that goes with tea
    pair("order", "fee", "tea", (3, 6.0, 49, 50, 1000)),  # not in many
    pair("order", "post", "tea", (7, 7.0, 50, 50, 1000)),
    pair("order", "old", "tea", (7, 7.0, 500, 50, 1000), day=OLD),
    pair("customer", "sold", "tea", (7, 7.0, 50, 50, 100), relation="after"),
]
SAID = (
    "items.exclude: likely no products, bought with nothing more often than by chance (as of "
    "2024-01-02): {}."
)
BAG, POST = "bag (in 55% of the customers)", "post (in 5% of the orders)"


@pytest.mark.parametrize(
    ("exclude", "said"),
    [
        ({}, [SAID.format(f"{BAG}, {POST}")]),
        ({"ids": ["bag"]}, [SAID.format(POST)]),
        ({"patterns": ["bag|post"]}, []),
    ],
)
def test_the_newest_day_says_which(tmp_path, exclude, said):
    write(tmp_path, "co_purchases", PAIR, PAIRS)
    warehouse = Warehouse(str(tmp_path))
    assert likely_no_products(warehouse, Exclusions.model_validate(exclude)) == said


def test_where_nothing_is_counted_yet_nothing_is_said(tmp_path):
    assert likely_no_products(Warehouse(str(tmp_path)), Exclusions()) == []
