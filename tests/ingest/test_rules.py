"""What each rule refuses, on rows as files hold them."""

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


def test_of_equal_rows_one_of_the_last_file_is_good_and_the_others_are_duplicates(purchases):
    day = "2017-11-30 10:00:00"
    judged = purchases(
        {
            "a.csv": HEAD + f"c1,o1,tea,{day}\nc1,o1,tea,{day}\nc1,o1,jam,{day}\n",
            "b.csv": HEAD + f"c1,o1,tea,{day}\nc1,o2,tea,{day}\nc1,o1,tea,2017-11-30 10:00:01\n",
        }
    )
    assert broken(judged) == [("tea", ["duplicate"]), ("tea", ["duplicate"])]
    found = judged.selectExpr("order_id", "item_id", "right(_source_file, 5)", "size(reasons)")
    assert rows(found) == [
        ("o1", "jam", "a.csv", 0),
        ("o1", "tea", "a.csv", 1),
        ("o1", "tea", "a.csv", 1),
        ("o1", "tea", "b.csv", 0),
        ("o1", "tea", "b.csv", 0),  # a second later: another line
        ("o2", "tea", "b.csv", 0),
    ]


def test_rows_without_order_or_item_are_no_duplicates_of_each_other(purchases):
    judged = purchases({"a.csv": HEAD + "c1,,tea,2017-11-30\nc1,,tea,2017-11-30\n"})
    assert broken(judged) == [("tea", ["missing_order_id"]), ("tea", ["missing_order_id"])]


def test_of_rows_with_one_line_id_that_of_the_last_file_by_name_stays(purchases):
    """A later delivery corrects an earlier one."""
    head = "customer,order,item,time,line,n\n"
    judged = purchases(
        {
            "2017-10.csv": head + "c1,o1,tea,2017-11-30,1,3\n",
            "2017-11.csv": head + "c1,o1,tea,2017-11-30,1,2\n",
            "2017-12.csv": head + "c1,o1,tea,2017-11-30,1,0\n",  # the last, but broken
        },
        more={"line": "line", "quantity": "n"},
    )
    assert rows(judged.select("quantity", "reasons")) == [
        (0.0, ["duplicate", "quantity_not_positive"]),
        (2.0, []),
        (3.0, ["duplicate"]),
    ]


def test_of_rows_with_one_line_id_a_good_one_stays(purchases):
    head = "customer,order,item,time,line,n\n"
    judged = purchases(
        {
            "a.csv": head + "c1,o1,tea,2017-11-30,1,0\n",  # the first by file, but broken
            "b.csv": head + "c1,o1,tea,2017-11-30,1,3\nc1,o1,tea,2017-11-30,2,4\n",
        },
        more={"line": "line", "quantity": "n"},
    )
    assert rows(judged.select("line", "quantity", "reasons")) == [
        ("1", 0.0, ["duplicate", "quantity_not_positive"]),
        ("1", 3.0, []),
        ("2", 4.0, []),
    ]


def test_which_of_two_rows_is_the_duplicate_does_not_depend_on_their_order(purchases):
    """The rows differ in a column that is not mapped."""
    first, second = "c1,o1,tea,2017-11-30,x\n", "c1,o1,tea,2017-11-30,y\n"
    head = "customer,order,item,time,note\n"
    found = [
        rows(purchases({"a.csv": head + text}).select("_read.note", "reasons"))
        for text in (first + second, second + first)
    ]
    assert found[0] == found[1]
    assert sorted(len(reasons) for _, reasons in found[0]) == [0, 1]


def test_a_run_for_a_day_sees_what_happened_before_it(purchases):
    text = HEAD + "c1,o1,tea,2017-11-29 23:59:59.999999\nc1,o1,jam,2017-11-30\n"
    judged = purchases({"a.csv": text}, as_of=date(2017, 11, 30))
    assert broken(judged) == [("jam", ["future_time"])]
