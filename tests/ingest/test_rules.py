"""What each rule refuses, on rows as files hold them."""

import json
from datetime import date, datetime

import pytest

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
            + ",o1,a guest's,2017-11-30 10:00:00,1,2.50\n"
            + "c1, ,no order,2017-11-30 10:00:00,1,2.50\n"
            + " ,,nobody,2017-11-30 10:00:00,1,2.50\n"
            + "c1,o1,,2017-11-30 10:00:00,1,2.50\n"
            + "c1,o1,no time,30.11.2017,1,2.50\n"
            + "c1,o1,at the day,2017-12-01 00:00:00,1,2.50\n"
            + "c1,o1,word,2017-11-30 10:00:00,abc,2.50\n"
            + "c1,o1,not a number,2017-11-30 10:00:00,NaN,2.50\n"
            + "c1,o1,no quantity,2017-11-30 10:00:00,,2.50\n"
            + "c1,o1,zero,2017-11-30 10:00:00,0,2.50\n"
            + "c1,o1,returned,2017-11-30 10:00:00,-1,2.50\n"
            + "c1,o1,priceless,2017-11-30 10:00:00,1,free\n"
            + "c1,o1,bad debt,2017-11-30 10:00:00,1,-0.01\n"
            + "c1,o1,gift,2017-11-30 10:00:00,1,0\n"
            + ",,everything,2018-01-01 10:00:00,-2,NaN\n"
        },
        more=MORE,
    )
    assert broken(judged) == [
        ("at the day", ["future_time"]),
        ("bad debt", ["price_negative"]),
        (
            "everything",
            [
                "future_time",
                "no_order_and_no_customer",
                "quantity_not_positive",
                "unreadable_price",
            ],
        ),
        ("no quantity", ["unreadable_quantity"]),
        ("no time", ["unreadable_time"]),
        ("nobody", ["no_order_and_no_customer"]),
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
        ("c1", "o1", "gift", at, 1.0, 0.0, "all"),
        ("c1", "o1", "good", at, 1.0, 2.5, "all"),
        ("c1", "o1", "no price", at, 1.0, None, "all"),
        ("c1", None, "no order", at, 1.0, 2.5, "all"),
        (None, "o1", "a guest's", at, 1.0, 2.5, "all"),
    ]


@pytest.mark.parametrize(
    ("settings", "none", "first"),
    [
        ({"time_zone": "Europe/Berlin"}, "0001-01-01 00:00:00", "0001-01-02 01:00:00"),
        ({"timestamp_format": "unix_seconds"}, "-62135700000", "-62135510400"),
    ],
)
def test_a_time_before_the_calendar_is_unreadable(purchases, settings, none, first):
    """Python has no such time in UTC: the workers that write the rows could not go on."""
    text = f"{HEAD}c1,o1,none,{none}\nc1,o1,first,{first}\n"
    judged = purchases({"a.csv": text}, **settings)
    assert broken(judged) == [("none", ["unreadable_time"])]


def test_bytes_that_the_encoding_cannot_read_are_seen_in_every_text_column(purchases):
    text = "customer,order,item,time,country,price\n" + "".join(
        f"c1,o1,{item},2017-11-30,{country},{price}\n"
        for item, country, price in (
            ("tea", "Espa\u00f1a", "2.50"),
            ("jam", "Spain", "\u00a32.50"),
            ("milk", "Spain", "2.50"),
        )
    )
    more = {"market": "country", "price": "price"}
    assert broken(purchases({"a.csv": text.encode("latin-1")}, more=more)) == [
        ("jam", ["unreadable_price"]),
        ("tea", ["unreadable_market"]),
    ]
    judged = purchases({"a.csv": text.encode("latin-1")}, more=more, encoding="ISO-8859-1")
    assert rows(judged.select("item_id", "market", "price", "reasons")) == [
        ("jam", "Spain", 2.5, []),
        ("milk", "Spain", 2.5, []),
        ("tea", "Espa\u00f1a", 2.5, []),
    ]


def test_numbers_are_read_by_the_source_s_marks(purchases):
    text = FULL.replace(",", ";") + "c1;o1;tea;2017-11-30;1.000;1.234,50 \u20ac\n"
    judged = purchases({"a.csv": text}, more=MORE, delimiter=";", decimal=",", thousands=".")
    assert rows(judged.select("quantity", "price", "reasons")) == [(1000.0, 1234.5, [])]


def test_a_quantity_or_price_that_the_source_does_not_have_is_one_or_null(purchases):
    judged = purchases({"a.csv": HEAD + "c1,o1,tea,2017-11-30\n"})
    assert rows(judged.select("quantity", "price", "market", "reasons")) == [
        (1.0, None, "all", []),
    ]


@pytest.mark.parametrize("absent", ["customer_id", "order_id"])
def test_a_source_may_have_no_customers_or_no_orders(purchases, absent):
    columns = {"customer_id": "customer", "order_id": "order", "item_id": "item"}
    columns = {name: column for name, column in columns.items() if name != absent}
    judged = purchases(
        {"a.csv": HEAD + "c1,o1,tea,2017-11-30\n"}, columns=columns | {"purchased_at": "time"}
    )
    ids = (None, "o1") if absent == "customer_id" else ("c1", None)
    assert rows(judged.select("customer_id", "order_id", "reasons")) == [(*ids, [])]


def test_without_an_order_a_line_id_is_its_customer_s(purchases):
    """Both customers have a line 1 with tea, and no order to tell these apart."""
    text = "customer,order,item,time,line\na,,tea,2017-11-30,1\nb,,tea,2017-11-30,1\n"
    judged = purchases({"a.csv": text + "b,o1,tea,2017-11-30,1\n"}, more={"line": "line"})
    assert rows(judged.select("customer_id", "order_id", "line")) == [
        ("a", None, "a-1"),
        ("b", "o1", "1"),
        ("b", None, "b-1"),
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
