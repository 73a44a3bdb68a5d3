"""What each rule refuses, on rows as files hold them."""

import json
from datetime import date, datetime

from alsobought.ingest import rules
from alsobought.tables.purchases import PURCHASES
from tests.rows import rows

HEAD = "customer,order,item,time\n"
FULL = "customer,order,item,time,quantity,price\n"
MORE = {"quantity": "quantity", "price": "price"}


def broken(judged):
    """Item and reasons of each row that broke a rule."""
    return rows(judged.where("size(reasons) > 0").select("item_id", "reasons"))


def test_every_fault_of_a_row_is_listed_sorted_and_a_good_row_has_none(purchases):
    judged = purchases(
        {
            "a.csv": FULL
            + "c1,o1,good,2017-11-30 10:00:00,1,2.50\n"
            + "c1,o1,no price,2017-11-30 10:00:00,1,\n"
            + ",o1,no customer,2017-11-30 10:00:00,1,2.50\n"
            + "c1, ,no order,2017-11-30 10:00:00,1,2.50\n"
            + "c1,o1,,2017-11-30 10:00:00,1,2.50\n"
            + "c1,o1,no time,30.11.2017,1,2.50\n"
            + "c1,o1,at the day,2017-12-01 00:00:00,1,2.50\n"
            + "c1,o1,word,2017-11-30 10:00:00,abc,2.50\n"
            + "c1,o1,not a number,2017-11-30 10:00:00,NaN,2.50\n"
            + "c1,o1,no quantity,2017-11-30 10:00:00,,2.50\n"
            + "c1,o1,zero,2017-11-30 10:00:00,0,2.50\n"
            + "c1,o1,returned,2017-11-30 10:00:00,-1,2.50\n"
            + "c1,o1,priceless,2017-11-30 10:00:00,1,free\n"
            + ",,everything,2018-01-01 10:00:00,-2,NaN\n"
        },
        more=MORE,
    )
    assert broken(judged) == [
        ("at the day", ["future_time"]),
        (
            "everything",
            [
                "future_time",
                "missing_customer_id",
                "missing_order_id",
                "quantity_not_positive",
                "unreadable_price",
            ],
        ),
        ("no customer", ["missing_customer_id"]),
        ("no order", ["missing_order_id"]),
        ("no quantity", ["unreadable_quantity"]),
        ("no time", ["unreadable_time"]),
        ("not a number", ["unreadable_quantity"]),
        ("priceless", ["unreadable_price"]),
        ("returned", ["quantity_not_positive"]),
        ("word", ["unreadable_quantity"]),
        ("zero", ["quantity_not_positive"]),
        (None, ["missing_item_id"]),
    ]
    kept = rules.good(judged, PURCHASES).drop("line", "source_file")
    at = datetime(2017, 11, 30, 10)  # noqa: DTZ001 - tests run in UTC
    assert rows(kept) == [
        ("c1", "o1", "good", at, 1.0, 2.5, "all"),
        ("c1", "o1", "no price", at, 1.0, None, "all"),
    ]


def test_a_quantity_or_price_that_the_source_does_not_have_is_one_or_null(purchases):
    judged = purchases({"a.csv": HEAD + "c1,o1,tea,2017-11-30\n"})
    assert rows(judged.select("quantity", "price", "market", "reasons")) == [
        (1.0, None, "all", []),
    ]


def test_a_rejected_row_is_kept_as_it_was_read(purchases):
    """Also where the source's column has the name of ours, whose value is another."""
    names = ["customer_id", "order_id", "item_id", "purchased_at", "quantity", "Price", "a.b"]
    judged = purchases(
        {
            "a.csv": ",".join(names)
            + "\n 7.0 ,o1,tea,never,many,1 EUR,kept\n7,o1,jam,2017-11-30,1,2.5,\n"
        },
        columns={**{name: name for name in names[:5]}, "price": "Price"},
    )
    good, rejected = judged.select("reasons", rules.as_read()).sort("reasons").collect()
    assert good["row"] is None
    assert rejected["reasons"] == ["unreadable_price", "unreadable_quantity", "unreadable_time"]
    assert json.loads(rejected["row"]) == {
        "customer_id": " 7.0 ",
        "order_id": "o1",
        "item_id": "tea",
        "purchased_at": "never",
        "quantity": "many",
        "Price": "1 EUR",
        "a.b": "kept",
    }


def test_a_run_for_a_day_sees_what_happened_before_it(purchases):
    text = HEAD + "c1,o1,tea,2017-11-29 23:59:59.999999\nc1,o1,jam,2017-11-30\n"
    judged = purchases({"a.csv": text}, as_of=date(2017, 11, 30))
    assert broken(judged) == [("jam", ["future_time"])]
