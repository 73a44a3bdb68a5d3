"""`show` and `why` where there is a table of kinds, on item_tables."""

import csv
import json

import pytest

from tests.command import printed
from tests.commands import item_tables

COLUMNS = (
    "as_of", "market", "item_id", "related_item_id", "kind", "customers_together",
    "customers", "apart", "orders", "orders_expected", "ratio", "ratio_low", "ratio_high",
    "order_lift", "customer_lift", "shared_levels", "is_same_category", "price_ratio", "likeness",
    "is_same_maker",
)  # fmt: skip
TEA = (item_tables.NEW, "all", "tea")
EVIDENCE = (28, 30, 2, 41, 8.5, 4.421, 3.42, 5.62, 2.0, 1.5)
MILK = (*TEA, "milk", "complement", *EVIDENCE, 1, False, 2.5, 0.25, False)
JAM = (
    *TEA,
    "jam",
    "substitute",
    2,
    0,
    0,
    0,
    0.0,
    1.0,
    0.05,
    2.98,
    3.0,
    None,
    0,
    True,
    None,
    None,
    None,
)


@pytest.fixture(autouse=True)
def kinds(warehouse):
    """Of tea's related items milk is a complement, jam a substitute; rice has no kind. Milk is
    alone in tea's list of complements."""
    item_tables.write(warehouse, "related_kinds", COLUMNS, [MILK, JAM])
    evidence = item_tables.BOUGHT_WITH_TEA["milk"]
    row = (item_tables.NEW, "order", "all", "complement", "lift", "tea", 1, "milk", 2.5, *evidence)
    item_tables.write(warehouse, "related_items", item_tables.LISTED, [row])


def test_show_prints_the_kind_of_each_related_item():
    code, lines = printed("show", "tea", "--unit", "order")
    assert (code, lines[1:-1]) == (
        0,
        [
            "By order:",
            "rank title item kind score N E n_x n_y n",
            "1 milk milk complement 2.121 2 0.5000 4 2 10",
            "2 Plum jam jam substitute 2.000 3 1.000 4 3 10",
        ],
    )
    rows = list(csv.DictReader(printed("show", "tea", "--unit", "order", "--csv")[1]))
    assert [(row["related_item_id"], row["kind"]) for row in rows] == [
        ("milk", "complement"),
        ("jam", "substitute"),
    ]


def test_show_prints_the_list_of_one_kind():
    lists = ("show", "tea", "--unit", "order", "--metric", "lift", "--relation", "complement")
    code, lines = printed(*lists)
    assert (code, lines[3]) == (0, "1 milk milk complement 2.500 2 0.5000 4 2 10")
    assert len(lines) == 5


def why(*words):
    code, lines = printed("why", *words, "--unit", "order")
    assert code == 0
    return lines


def test_why_prints_the_evidence_of_the_kind():
    assert why("tea", "milk")[1:5] == [
        "Kind: complement.",
        "30 customers with two orders or more bought both, 2 of them never in one order.",
        "41 of their orders held both, and 8.500 would by chance: 4.421 times as many, shrunk to 1"
        " (3.420 to 5.620).",
        "1 level of the category in common, another maker, 25% of the titles' words in common,"
        " 2.500 times the price.",
    ]
    assert why("tea", "jam")[1:4] == [
        "Kind: substitute.",
        "No customer with two orders or more bought both.",
        "The same category.",
    ]
    assert why("tea", "rice")[1] == (
        "Kind: not known, as the pair is in no co_purchases of bought together."
    )


def test_why_tells_programs_the_kind_too():
    (row,) = json.loads("\n".join(why("tea", "milk", "--metric", "lift", "--json")))
    assert (row["kind"], row["kind_customers"], row["kind_price_ratio"]) == ("complement", 30, 2.5)
    (row,) = json.loads("\n".join(why("tea", "rice", "--metric", "lift", "--json")))
    assert (row["kind"], row["kind_orders"]) == (None, None)


def test_why_of_a_list_of_one_kind_says_that_a_pair_is_of_another():
    lists = ("--metric", "lift", "--relation", "complement")
    assert why("tea", "milk", *lists)[-1] == "lift 2.500 1 of 1"
    assert why("tea", "jam", *lists)[-1] == "lift 2.500 not in the list: it is no complement"


def test_why_says_that_too_few_customers_had_a_pair_in_one_order(warehouse):
    toml = warehouse.parent / "conf" / "test.toml"
    support = "min_support = 99"
    limited = item_tables.TOML.replace(support, f"{support}\nmin_customers = 29")
    toml.write_text(limited, encoding="utf-8")
    assert why("tea", "milk", "--metric", "lift")[-1] == (
        "lift 2.500 not in the list: 28 customers had both in one order, below 29 (min_customers)"
    )


def test_why_names_the_limits_that_may_have_left_an_item_out(warehouse):
    toml = warehouse.parent / "conf" / "test.toml"
    limited = item_tables.TOML.replace("min_support = 99", "min_support = 99\nmax_per_brand = 1")
    toml.write_text(limited, encoding="utf-8")
    assert why("tea", "rice", "--metric", "lift")[-1] == (
        "lift 1.250 not in the list: it would be 3 of 3 but for max_per_brand 1, or for top_k"
    )
