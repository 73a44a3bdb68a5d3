"""`alsobought show` of an item that few have bought: what it borrows, and how much of it."""

import pytest

from alsobought.commands.borrowed_lists import borrowed_share
from tests.command import printed
from tests.commands import item_tables

COLUMNS = (
    *("as_of", "unit", "market", "relation", "metric", "item_id", "rank", "related_item_id"),
    *("score", "buyers", "both", "expected", "likes", "likeness", "borrowed_share"),
)


def borrow(warehouse, item, *places, likes=2, likeness="brand and category"):
    of_list = (item_tables.NEW, "order", "all", "together", "pearson_residual", item)
    rows = [
        (*of_list, rank, related, score, 1, both, expected, likes, likeness, share)
        for rank, (related, score, both, expected, share) in enumerate(places, 1)
    ]
    item_tables.write(warehouse, "cold_start_items", COLUMNS, rows)


def test_a_new_item_shows_what_it_borrows_and_of_how_many(warehouse):
    borrow(warehouse, "cup", ("jam", 2.0, 3.0, 1.0, 0.75), ("milk", 1.0, 2.0, 1.0, 1.0))
    code, lines = printed("show", "cup", "--unit", "order")
    assert (code, lines[1:-1]) == (
        0,
        [
            "By order: no list. 1 order held it, and a pair needs 2 (min_support).",
            "By order, borrowed from 2 items of the same brand and category; 83% of the score:",
            "rank title item score N E borrowed",
            "1 Plum jam jam 2.000 3.000 1.000 75%",
            "2 milk milk 1.000 2.000 1.000 100%",
        ],
    )
    assert printed("show", "cup", "--unit", "order", "--top", "1")[1][-2].startswith("1 Plum jam")


def test_it_comes_after_the_items_own_list_of_the_same_unit_and_metric(warehouse):
    borrow(warehouse, "tea", ("jam", 2.0, 3.0, 1.0, 0.5), likes=1, likeness="category")
    lines = printed("show", "tea", "--unit", "order")[1]
    heads = [line for line in lines if line.startswith("By order")]
    borrowed = "By order, borrowed from 1 item of the same category; 50% of the score:"
    assert heads == ["By order:", borrowed]
    assert borrowed not in printed("show", "tea", "--unit", "order", "--metric", "lift")[1]
    assert borrowed not in printed("show", "tea", "--as-of", "2024-01-01")[1]
    assert borrowed not in printed("show", "honey", "--unit", "order")[1]


def test_the_share_is_of_the_differences_from_chance():
    rows = [
        {"both": 3.0, "expected": 1.0, "borrowed_share": 0.25},
        {"both": 1.0, "expected": 2.0, "borrowed_share": 1.0},
    ]
    assert borrowed_share(rows) == pytest.approx((2 * 0.25 + 1 * 1.0) / 3)
    assert borrowed_share([{"both": 1.0, "expected": 1.0, "borrowed_share": 1.0}]) == 0.0
