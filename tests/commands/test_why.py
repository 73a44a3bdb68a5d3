"""`alsobought why`, on item_tables: tea's buyers hold 1 or 3 other items, two each."""

import json
import shutil
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from tests import oracle
from tests.command import printed, separately
from tests.commands import item_tables

pytestmark = pytest.mark.usefixtures("warehouse")

THOSE_ORDERS = "because those orders held a median of 1 other items (2.000 on average), and"
NOT_KEPT = "it is below min_support 2, or no metric has it among its best 3"


def why(*words):
    code, lines = printed("why", *words, "--unit", "order")
    assert code == 0
    return lines


def places(related):
    return [line for line in why("tea", related) if line.startswith(("pearson", "lift"))]


def test_a_pair_in_the_list_is_told_in_words_and_numbers():
    assert why("tea", "plum jam") == [
        "Green tea (tea) and Plum jam (jam), as of 2024-01-02, market all, together",
        "By order:",
        "3 of 4 orders that held Green tea also held Plum jam.",
        f"1.000 were expected by chance, {THOSE_ORDERS} Plum jam is 15.00 % of all that orders"
        " held.",
        "That is 3.000 times as many as expected.",
        "metric score place",
        "pearson_residual 2.000 2 of 2",
        "lift 2.500 1 of 1",
    ]


def test_a_pair_of_another_relation_is_told_without_the_reason_of_together():
    assert why("tea", "jam", "--relation", "after", "--metric", "lift")[2:] == [
        "2 of 4 orders that held Green tea also held Plum jam.",
        "0.5000 were expected by chance.",
        "That is 4.000 times as many as expected.",
        "metric score place",
        "lift 1.667 1 of 1",
    ]


def test_a_pair_outside_the_list_has_the_reason():
    assert places("milk") == [
        "pearson_residual 2.121 1 of 2",
        "lift 2.500 not in the list: it would be 2 of 3, and 1 are kept (top_k)",
    ]
    assert places("rice") == [
        "pearson_residual 1.000 not in the list: it would be 3 of 3, and 2 are kept (top_k)",
        "lift 1.250 not in the list: it would be 3 of 3, and 1 are kept (top_k)",
    ]
    assert places("old")[0] == "pearson_residual 3.500 not in the list: it is not available"
    assert places("ghost")[0] == "pearson_residual 0 not in the list: it is not in the catalogue"


def test_a_pair_that_is_not_kept_has_its_expected_count_and_the_most_that_it_can_be():
    """With 4 of both, pearson_residual would be 2.24: more than the third best, 2.0."""
    both = 2 * 0.2 + 2 * (1 - 0.8**3)
    assert why("tea", "honey")[2:] == [
        f"The pair is not in co_purchases: {NOT_KEPT}.",
        "At most 3 of 4 orders that held Green tea also held Honey [raw].",
        f"{both:.3f} were expected by chance, {THOSE_ORDERS} Honey [raw] is 20.00 % of all that"
        " orders held.",
    ]
    assert why("tea", "cup")[3] == "At most 1 of 4 orders that held Green tea also held Tea cup."


BASKETS = ["tea jam", "tea jam", "tea jam milk rice", "tea honey", "honey rice"]


@pytest.fixture
def matched(warehouse):
    """The shop counted BASKETS by matched rates: tea is beside 1, 1, 3 and 1 other items."""
    conf = warehouse.parent / "conf" / "test.toml"
    given = 'count_repeats = false\nexpectation = "matched"'
    conf.write_text(conf.read_text().replace("count_repeats = true", given))
    shutil.rmtree(warehouse / "item_statistics")
    lines = [("all", None, str(n), item, 0) for n, b in enumerate(BASKETS) for item in b.split()]
    of_items = oracle.statistics(lines, "order", repeats=False)
    rows = [(item_tables.NEW, "order", *key, *counts[:4]) for key, counts in of_items.items()]
    histograms = [
        [{"others": others, "buyers": buyers} for others, buyers in counts[4]]
        for counts in of_items.values()
    ]
    columns = item_tables.STATISTICS
    item_tables.write(warehouse, "item_statistics", columns, rows, other_purchases=histograms)
    return oracle.Matched([len(basket.split()) for basket in BASKETS], [4, 3, 1, 2, 2])


@pytest.mark.usefixtures("matched")
def test_what_matched_rates_expect_is_told_by_the_chance_of_a_median_order():
    said = why("tea", "jam")[3]
    assert said == (
        "1.000 were expected by chance, because those orders held a median of 1 other items "
        "(1.500 on average), and Plum jam is in 60.00 % of all orders: at rates that match every "
        "order's number of items and every item's number of orders, 40.67 % of orders with 1 other "
        "items have it by chance."
    )


def test_matched_rates_give_the_expected_count_of_a_pair_that_was_not_kept(matched):
    expected = sum(1 - (1 - matched.shares(2)) ** matched.activity(m, 4) for m in (1, 1, 3, 1))
    assert why("tea", "honey")[4].startswith(f"{expected:.3f} were expected by chance, because ")


def test_a_pair_as_good_as_the_last_one_kept_need_not_be_kept():
    """With 4 of both, lift would be 2.5, as the third best has it."""
    assert why("tea", "soy")[3] == "At most 4 of 4 orders that held Green tea also held Soy sauce."


def test_a_pair_of_an_item_with_free_places_is_below_min_support():
    assert why("jam", "honey")[2:4] == [
        "The pair is not in co_purchases: it is below min_support 2.",
        "At most 1 of 3 orders that held Plum jam also held Honey [raw].",
    ]


def test_an_item_that_nobody_bought_is_named():
    assert printed("why", "jam", "tea", "--unit", "order")[0] == 0
    lines = printed("why", "tea", "jam")[1]
    assert lines[-2:] == ["By customer:", "No customer that was counted has Plum jam."]


def test_each_item_must_be_one():
    code, lines = printed("why", "tea", "hill", "--unit", "order")
    assert (code, lines[-1]) == (
        4,
        "Choose one: alsobought why tea honey --env test --unit order",
    )
    code, lines = printed("why", "hill", "green tea", "--unit", "order")
    assert (code, lines[-1]) == (
        4,
        "Choose one: alsobought why honey 'green tea' --env test --unit order",
    )
    assert printed("why", "tea", "green tea") == (
        1,
        ["error: Both are Green tea (tea): name two items."],
    )


def test_for_programs_a_pair_is_a_row_for_each_unit_and_metric():
    code, out, err = separately("why", "tea", "milk", "--unit", "order", "--json")
    shared = {
        "as_of": "2024-01-02", "market": "all", "relation": "together", "unit": "order",
        "item_id": "tea", "related_item_id": "milk",
        "both": 2, "expected": 0.5, "buyers": 4, "related_buyers": 2, "units": 10,
    }  # fmt: skip
    reason = "it would be 2 of 3, and 1 are kept (top_k)"
    score = 2.1213203435596424
    assert (code, json.loads(out), err) == (
        0,
        [
            {**shared, "metric": "pearson_residual", "score": score, "rank": 1, "length": 2,
             "reason": None},
            {**shared, "metric": "lift", "score": 2.5, "rank": None, "length": 1,
             "reason": reason},
        ],
        "",
    )  # fmt: skip
    rows = json.loads(separately("why", "tea", "honey", "--unit", "order", "--json")[1])
    assert [(row["metric"], row["rank"], row["reason"]) for row in rows] == [
        (None, None, f"The pair is not in co_purchases: {NOT_KEPT}.")
    ]


def test_for_programs_a_directed_pair_that_was_not_kept_has_no_evidence():
    """Its shares and purchases would be others than those of item_statistics."""
    words = ("why", "tea", "honey", "--unit", "order", "--relation", "after", "--json")
    (row,) = json.loads(separately(*words)[1])
    assert {name: value for name, value in row.items() if value is not None} == {
        "as_of": "2024-01-02", "market": "all", "relation": "after", "unit": "order",
        "item_id": "tea", "related_item_id": "honey",
        "reason": "The pair is not in co_purchases.",
    }  # fmt: skip
    assert {"both", "expected", "buyers", "related_buyers", "units"} <= row.keys()


def purchases_were(warehouse, *lines, max_items=10, groups=None, **run):
    """Give the shop purchases, which the last run of co_purchases has read: an order, an item and
    a market each, by default the market `all`."""
    tables, read = warehouse, {"purchases": 0}
    columns = {
        "market": [line[2] if len(line) > 2 else "all" for line in lines],
        "order_id": [line[0] for line in lines],
        "item_id": [line[1] for line in lines],
        "line": [""] * len(lines),
        "quantity": [1.0] * len(lines),
        "purchased_at": pa.array(
            [datetime(2024, 1, 1, tzinfo=UTC)] * len(lines), pa.timestamp("us", "UTC")
        ),
    }
    write_deltalake(str(tables / "purchases"), pa.table(columns))
    baskets = {"look_back_days": 30, "max_items": {"order": max_items}}
    markets = groups and {"default": None, "groups": groups}
    parameters = item_tables.PARAMETERS | {"baskets": baskets, "markets": markets}
    told = {"as_of": "2024-01-02", "parameters": parameters, "read_versions": read | run}
    item_tables.write(
        warehouse,
        "co_purchases",
        item_tables.PAIR,
        [(item_tables.NEW, "order", "at", "together", "x", "y", 1, 1.0, 1, 1, 1)],
        run=told,
    )


def not_kept(related):
    return why("tea", related)[2:4]


def test_a_pair_that_is_not_kept_is_counted_where_its_purchases_are_still_there(warehouse):
    both = [(order, item) for order in "abc" for item in ("tea", "honey")]
    alone = [("d", "tea"), ("e", "honey"), ("f", "honey"), ("c", "tea")]
    purchases_were(warehouse, *both, *alone, ("a", "cup"))
    assert not_kept("honey") == [
        "The pair is not in co_purchases: no metric has it among its best 3.",
        "3 of 4 orders that held Green tea also held Honey [raw].",
    ]
    assert not_kept("cup") == [
        "The pair is not in co_purchases: it is below min_support 2.",
        "1 of 4 orders that held Green tea also held Tea cup.",
    ]
    row = json.loads(separately("why", "tea", "honey", "--unit", "order", "--json")[1])[0]
    assert [row[name] for name in ("both", "buyers", "related_buyers", "units", "rank")] == [
        3, 4, 5, 10, None,
    ]  # fmt: skip


def test_a_pair_is_counted_in_a_group_of_markets_whose_orders_belong_to_their_market(warehouse):
    """Order a of at and order a of de are two; that of fr counts in no group."""
    both = [(order, item, market) for order, market in [("a", "at"), ("a", "de"), ("b", "de")]
            for item in ("tea", "honey")]  # fmt: skip
    alone = [("c", "tea", "at"), ("c", "honey", "de"), ("d", "honey", "at"), ("a", "tea", "fr")]
    purchases_were(warehouse, *both, *alone, groups={"all": ["at", "de"]})
    assert not_kept("honey")[1] == "3 of 4 orders that held Green tea also held Honey [raw]."


def test_lines_that_were_returned_do_not_count(warehouse):
    purchases_were(
        warehouse, *[(order, "tea") for order in "abcd"], *[(order, "honey") for order in "abefgh"],
        returned_purchases=0,
    )  # fmt: skip
    returned = {
        "as_of": [item_tables.NEW], "market": ["all"], "order_id": ["b"], "item_id": ["honey"],
        "line": [""],
        "returned_at": pa.array([datetime(2024, 1, 1, 12, tzinfo=UTC)], pa.timestamp("us", "UTC")),
    }  # fmt: skip
    write_deltalake(str(warehouse / "returned_purchases"), pa.table(returned))
    assert not_kept("honey")[1] == "1 of 4 orders that held Green tea also held Honey [raw]."


def test_what_was_sampled_or_is_no_longer_there_is_not_counted(warehouse):
    lines = [*[(order, "tea") for order in "abcd"], *[(order, "honey") for order in "aefgh"]]
    lines += [("a", "cup")]
    purchases_were(warehouse, *lines, max_items=2)
    assert not_kept("honey")[1] == (
        "At most 3 of 4 orders that held Green tea also held Honey [raw]."
    )
    shutil.rmtree(warehouse / "purchases")
    purchases_were(warehouse, *lines)
    assert not_kept("honey")[1].startswith("1 of 4 ")
    shutil.rmtree(warehouse / "purchases")
    purchases_were(warehouse, *lines[1:])  # not those that were counted: tea is in 3 orders
    assert not_kept("honey")[1].startswith("At most 3 of 4 ")
    shutil.rmtree(warehouse / "purchases")
    assert not_kept("honey")[1].startswith("At most 3 of 4 ")
