"""Returns and the lines that they take back: by hand, and what the account says of them."""

from datetime import date, datetime

import pytest
from pydantic import ValidationError
from pyspark.sql import Row

from alsobought.ingest.returned_purchases import judge, match_returns, returned_purchases
from alsobought.ingest.settings import PurchaseSource, Returns
from alsobought.tables.purchases import RETURNED_PURCHASES
from tests.rows import rows


def event(day, quantity, order="o", line="1"):
    return {
        "market": "all",
        "_whose": "c1",
        "item_id": "tea",
        "order_id": order,
        "line": line,
        "purchased_at": datetime(2017, 11, day),  # noqa: DTZ001 - tests run in UTC
        "quantity": float(quantity),
    }


def matched(*events):
    """Order, units returned and day of the last: of lines; of returns that found too little."""
    made = list(match_returns(events))
    lines = [row for row in made if not row["is_return"]]
    days = [row["returned_at"] and row["returned_at"].day for row in lines]
    found = [(r["order_id"], r["returned"], day) for r, day in zip(lines, days, strict=True)]
    return found, [(r["order_id"], r["returned"]) for r in made if r["is_return"]]


def test_the_last_line_is_taken_back_first_then_the_one_before():
    bought = event(1, 2, "a"), event(2, 3, "b")
    assert matched(*bought, event(3, -3, "r")) == ([("b", 3.0, 3)], [])
    assert matched(*bought, event(3, -4, "r")) == ([("a", 1.0, None), ("b", 3.0, 3)], [])
    assert matched(*bought, event(3, -1, "r"), event(4, -2, "s")) == ([("b", 3.0, 4)], [])
    assert matched(*bought, event(3, -9, "r")) == ([("a", 2.0, 3), ("b", 3.0, 3)], [("r", 5.0)])


def test_only_what_was_bought_before_is_taken_back():
    assert matched(event(1, -1, "r"), event(2, 1, "a")) == ([], [("r", 0.0)])
    # at the same time counts as before: many sources have days only
    assert matched(event(2, 1, "a"), event(2, -1, "r")) == ([("a", 1.0, 2)], [])
    # b is bought after the return of a, and stays
    assert matched(event(1, 1, "a"), event(2, -1, "r"), event(3, 1, "b")) == ([("a", 1.0, 2)], [])


def test_a_quantity_that_is_returned_in_parts_is_returned_wholly():
    tenths = [event(day, -0.1, "r") for day in (2, 3, 4)]
    found, unmatched = matched(event(1, 0.3, "a"), *tenths)
    assert (found, unmatched) == ([("a", 0.3, 4)], [])


PURCHASES = (
    "market string, customer_id string, order_id string, item_id string, line string,"
    " purchased_at timestamp, quantity double"
)


def day(number):
    return datetime(2017, 11, number)  # noqa: DTZ001 - tests run in UTC


def test_a_guest_s_return_is_matched_by_order_whose_prefix_is_no_part_of_it(frame):
    purchases = frame(
        PURCHASES,
        ("uk", None, "7", "tea", "1", day(1), 1.0),
        ("uk", None, "7", "jam", "1", day(1), 2.0),
        ("de", None, "7", "tea", "1", day(1), 1.0),
        ("uk", "ann", "7", "tea", "2", day(1), 1.0),
        ("uk", None, "C7", "tea", "1", day(2), -1.0),
        ("uk", None, "C7", "jam", "1", day(2), -1.0),
        ("uk", None, "C8", "tea", "1", day(2), -1.0),
        ("de", None, "C7", "tea", "1", day(9), -1.0),  # at the as-of day
    )
    outcome = returned_purchases(purchases, Returns(order_prefix="C"), date(2017, 11, 9))
    assert rows(RETURNED_PURCHASES.conform(outcome.frame)) == [
        ("uk", "7", "jam", "1", day(1), 2.0, 1.0, None),
        ("uk", "7", "tea", "1", day(1), 1.0, 1.0, day(2)),
    ]
    assert outcome.judge(outcome.account.collect()[0]) == [
        "4 lines = 3 kept + 1 returned; of 1 of the kept a part was returned",
        "1 of 3 returns are of more than was bought before: tea in order C8 on 2017-11-02",
    ]


def test_the_first_of_many_unmatched_returns_are_named():
    first = [Row(purchased_at=day(n), order_id=order, item_id="tea", line="1")
             for n, order in ((1, None), (2, "o2"), (3, "o3"))]  # fmt: skip
    account = Row(lines=1200, returned=0, in_part=0, returns=1300, unmatched=1234,
                  first_unmatched=first)  # fmt: skip
    assert judge(account) == [
        "1,200 lines = 1,200 kept + 0 returned",
        "1,234 of 1,300 returns are of more than was bought before: tea on 2017-11-01, "
        "tea in order o2 on 2017-11-02, tea in order o3 on 2017-11-03 and 1,231 more",
    ]


HEAD = "customer,order,item,time,n,kind\n"
LINES = HEAD + "".join(
    f"c,{order},{item},2017-11-30,{n},{kind}\n"
    for order, item, n, kind in (
        ("C1", "prefix", 2, "sale"),
        ("1", "type", 2, " return "),
        ("1", "minus", -2, "sale"),
        ("C1", "both", -2, "refund"),
        ("C1", "none", 0, "return"),
    )
)


@pytest.mark.parametrize(
    ("returns", "quantities"),
    [
        ({"order_prefix": "C"}, {"prefix": -2, "both": -2, "type": 2}),
        (
            {"type_column": "kind", "type_values": ["return ", " refund"]},
            {"prefix": 2, "both": -2, "type": -2},
        ),
        ({"negative_quantity": True}, {"prefix": 2, "both": -2, "type": 2, "minus": -2}),
        (None, {"prefix": 2, "type": 2}),
    ],
)
def test_by_what_a_row_is_a_return(purchases, returns, quantities):
    judged = purchases({"a.csv": LINES}, more={"quantity": "n"}, returns=returns)
    good = judged.where("size(reasons) = 0").select("item_id", "quantity")
    assert rows(good) == sorted((item, float(n)) for item, n in quantities.items())
    broken = judged.where("size(reasons) > 0").select("reasons")
    assert {tuple(row["reasons"]) for row in broken.collect()} == {("quantity_not_positive",)}


def test_a_return_without_a_quantity_is_of_one(purchases):
    judged = purchases({"a.csv": LINES}, returns={"order_prefix": "C"})
    assert rows(judged.where("item_id = 'prefix'").select("quantity")) == [(-1.0,)]


@pytest.mark.parametrize(
    ("returns", "sentence"),
    [
        ({}, "name one of order_prefix, type_column with type_values, negative_quantity = true"),
        ({"order_prefix": "C", "negative_quantity": True}, "name one of order_prefix, type_column"),
        ({"type_column": "kind"}, "name one of order_prefix, type_column with type_values"),
        ({"negative_quantity": True}, "returns can only be told where columns maps quantity"),
        ({"order_prefix": "C"}, "returns can only be told where columns maps order_id"),
    ],
)
def test_settings_by_which_no_return_can_be_told(returns, sentence):
    columns = {"customer_id": "c", "item_id": "i", "purchased_at": "t"}
    with pytest.raises(ValidationError, match=sentence):
        PurchaseSource(path="p", format="csv", columns=columns, returns=returns)
