"""Kinds of related items, from purchases and a catalogue to rows, by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from alsobought.copurchase.settings import Baskets, Lists, Markets
from alsobought.related.related_kinds import KindInputs, related_kinds
from alsobought.related.settings import RelatedKinds
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.related import RELATED_KINDS

AS_OF = date(2017, 12, 1)
START = datetime(2017, 11, 1, tzinfo=UTC)
CUSTOMERS = 8
ORDERS = [  # of every customer
    ["pasta", "sauce"],
    ["pasta", "sauce"],
    ["tea", "bread"],
    ["grey", "bread"],
    ["tea", "bread"],
    ["grey", "bread"],
    ["cola"],
    ["cherry"],
]
CHANCE = 12 / (14 * 13)  # six orders of two, of fourteen purchases
PRICES = {"pasta": 1.1, "sauce": 2.2, "tea": 3.0, "grey": 4.5, "bread": None, "cherry": 2.0}
PAIRS = """unit string, market string, relation string, item_id string, related_item_id string,
    both bigint, expected double"""
CATALOGUE: dict[str, tuple[str | None, str | None, list[str]]] = {
    "pasta": ("Pasta 500 g", "Casa", ["food", "dry", "pasta"]),
    "sauce": ("Tomato sauce", "Casa", ["food", "dry", "sauce"]),
    "tea": ("Black tea 20 ct", "Leaf", ["drinks", "tea"]),
    "grey": ("Earl Grey", "Hill", ["drinks", "tea"]),
    "bread": (None, None, ["food", "bakery"]),
    "cola": ("Cola 330 ml", "Fizz", ["drinks", "soda"]),
    "cherry": ("COLA Cherry, 1.5 l", "Fizz", ["drinks", "soda"]),
}


def line(customer, order, item, market="uk", day=0, **given):
    quantity, price = given.get("quantity", 1.0), given.get("price", PRICES.get(item))
    at = START + timedelta(days=day)
    return (customer, order, item, f"{item}{day}", at, quantity, price, market, "")


def purchases():
    """The orders of every customer, and lines that change nothing, or only in a group."""
    lines = [
        line(f"c{c}", f"{c}-{n}", item, day=n)
        for c in range(CUSTOMERS)
        for n, items in enumerate(ORDERS)
        for item in items
    ]
    lines += [line("c0", "0-0", "pasta"), line("c0", "0-2", "tea", day=2, quantity=6.0, price=99.0)]
    lines += [line("c9", f"9-{n}", item, day=n) for n in range(9) for item in ("jam", "honey")]
    lines += [line("c9", f"9-{n}", "cola", day=n) for n in range(9, 29)]
    lines += [line(None, "guest", "pasta"), line(None, "guest", "sauce")]
    lines += [line("c1", None, "tea"), line("c1", None, "grey")]
    lines += [line("c2", "old", "tea", day=-99), line("c2", "old", "grey", day=-99)]
    lines += [line("c3", "3-2", "grey", day=2)]  # wholly returned
    lines += [line("c0", "0-0", item, "de") for item in ("pasta", "sauce")]
    return lines


def returned():
    at = START + timedelta(days=9)
    return [("uk", "3-2", "grey", "grey2", START + timedelta(days=2), 1.0, 1.0, at)]


def pairs():
    """Candidates: N and E of units, of each market alike."""
    kept = [
        ("order", "pasta", "sauce", 16, 4.0),
        ("customer", "pasta", "sauce", 8, 4.0),
        ("order", "sauce", "pasta", 16, 4.0),
        ("customer", "tea", "grey", 8, 2.0),
        ("customer", "bread", "tea", 8, 2.0),
        ("customer", "bread", "pasta", 8, 10.0),
        ("customer", "bread", "sauce", 8, 2.0),
        ("customer", "cola", "cherry", 8, 2.0),
        ("customer", "tea", "sauce", 8, 2.0),
        ("order", "jam", "honey", 9, 2.0),
        ("customer", "sauce", "gone", 8, 2.0),
        ("customer", "tea", "cola", 2, 2.0),  # below min_support
    ]
    rows = [(unit, market, "together", *pair) for market in ("uk", "eu") for unit, *pair in kept]
    return [*rows, ("customer", "uk", "after", "tea", "cola", 8, 2.0)]


def settings(**changed: Any) -> RelatedKinds:
    baskets = Baskets(
        units=["order", "customer"],
        look_back_days=60,
        max_items={"order": 9, "customer": 99},
        count_repeats=False,
    )
    lists = Lists(metrics=["lift"], min_support=3)
    markets = Markets(groups={"eu": ["uk", "de"]})
    return RelatedKinds(baskets=baskets, lists=lists, markets=markets, **changed)


@pytest.fixture(scope="module")
def outcome(frame):
    items = [(i, t, b, c, True, None, {"maker": b}) for i, (t, b, c) in CATALOGUE.items()]
    tables = KindInputs(
        frame(PAIRS, *pairs()),
        frame(PURCHASES.ddl, *purchases()),
        frame(ITEMS.ddl, *items),
        frame(RETURNED_PURCHASES.ddl, *returned()),
    )
    return related_kinds(tables, settings(), AS_OF)


@pytest.fixture(scope="module")
def evidence(outcome):
    rows = RELATED_KINDS.conform(outcome.frame).collect()
    of_pairs = {(r["market"], r["item_id"], r["related_item_id"]): r.asDict() for r in rows}
    assert len(of_pairs) == len(rows) == 2 * 10
    return of_pairs


def counts(row):
    return [row[name] for name in ("customers", "apart", "orders", "orders_expected")]


def nearly(*values):
    return pytest.approx([*values], rel=1e-5)


def test_kinds_follow_from_the_evidence(evidence):
    kinds = {pair[1:]: row["kind"] for pair, row in evidence.items() if pair[0] == "uk"}
    assert kinds == {
        ("pasta", "sauce"): "complement",
        ("sauce", "pasta"): "complement",
        ("bread", "tea"): "complement",
        ("tea", "grey"): "substitute",  # of one category, and never in one order
        ("bread", "sauce"): "substitute",  # of others; the same customers buy them, apart
        ("bread", "pasta"): "unsure",  # so are these, but their buyers are not the same
        ("tea", "sauce"): "unsure",  # apart, too, but one is food and the other is not
        ("jam", "honey"): "unsure",  # always together, but with one customer alone
        ("cola", "cherry"): "variant",
        ("sauce", "gone"): "unsure",  # nobody with two orders has it
    }


def test_orders_are_counted_against_what_chance_gives_each_customer(evidence):
    """Doubled, returned, old and guests' lines, and lines without an order, count nowhere."""
    assert counts(evidence["uk", "pasta", "sauce"]) == nearly(8, 0, 16, 8 * 4 * CHANCE)
    assert counts(evidence["uk", "tea", "grey"]) == nearly(8, 8, 0, 8 * 4 * CHANCE)
    assert counts(evidence["uk", "bread", "tea"]) == nearly(8, 0, 16, 8 * 8 * CHANCE)
    assert counts(evidence["uk", "sauce", "gone"]) == [0, 0, 0, 0.0]


def test_the_orders_of_few_customers_say_nothing_however_many_they_are(evidence):
    row = evidence["uk", "jam", "honey"]
    assert (row["customers_together"], row["customers"], row["orders"]) == (1, 1, 9)
    assert row["ratio_low"] > 1.25


def test_of_customers_with_both_in_one_order_a_guests_order_is_one(evidence):
    pairs = (("pasta", "sauce"), ("bread", "tea"), ("tea", "grey"), ("sauce", "gone"))
    together = [evidence["uk", *pair]["customers_together"] for pair in pairs]
    assert together == [CUSTOMERS + 1, CUSTOMERS, 0, 0]


def test_in_a_group_of_markets_a_customer_has_the_orders_of_all(evidence):
    """c0 has a third order with both, whose id is that of another order of the other market."""
    of_c0 = 9 * 14 / (16 * 15)
    eu = evidence["eu", "pasta", "sauce"]
    assert counts(eu) == nearly(8, 0, 17, 7 * 4 * CHANCE + of_c0)


def test_a_row_says_what_else_is_known_of_the_pair(evidence):
    def said(*pair):
        row = evidence["uk", *pair]
        names = ("order_lift", "customer_lift", "shared_levels", "is_same_category")
        more = ("price_ratio", "likeness", "is_same_maker")
        return [*(row[name] for name in names), *(row[name] for name in more)]

    assert said("pasta", "sauce") == [4.0, 2.0, 2, False, pytest.approx(2.0), 0.0, True]
    assert said("sauce", "pasta") == [4.0, None, 2, False, pytest.approx(0.5), 0.0, True]
    assert said("tea", "grey") == [None, 4.0, 2, True, pytest.approx(1.5), 0.0, False]
    assert said("bread", "tea") == [None, 4.0, 0, False, None, None, None]
    assert said("cola", "cherry") == [None, 4.0, 2, True, None, 0.5, True]
    assert said("sauce", "gone") == [None, 4.0, 0, False, None, None, None]


def test_the_ratio_is_shrunk_and_has_bounds(evidence):
    row = evidence["uk", "tea", "grey"]
    assert row["ratio"] == pytest.approx(1 / (1 + 32 * CHANCE), rel=1e-5)
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
    assert row["ratio_high"] == pytest.approx(2.9957 / (1 + 32 * CHANCE), rel=0.01)


def test_the_account_says_how_many_are_of_each_kind(outcome):
    (account,) = outcome.account.collect()
    said = "of 20 pairs: 6 complement, 4 substitute, 2 variant, 8 unsure"
    assert outcome.judge(account) == [said]
