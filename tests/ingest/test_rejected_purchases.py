"""The rows of purchase files that broke a rule, as they were read."""

import json

from alsobought.ingest import rules
from alsobought.tables.purchases import REJECTED_PURCHASES
from tests.rows import rows


def test_a_rejected_row_is_kept_as_it_was_read(purchases):
    """Also where the source's column has the name of ours, whose value is another."""
    names = ["customer_id", "order_id", "item_id", "purchased_at", "quantity", "Price", "a.b"]
    judged = purchases(
        {"a.csv": ",".join(names) + "\n 7.0 ,o1,tea,never,many,1 EUR,kept\n"},
        columns={**{name: name for name in names[:5]}, "price": "Price"},
    )
    rejected = rules.rejected(judged, names).collect()[0]
    assert rejected["reasons"] == ["unreadable_price", "unreadable_quantity", "unreadable_time"]
    assert rejected["source_file"].endswith("/a.csv")
    assert rejected["copies"] == 1
    assert json.loads(rejected["row"]) == {
        "customer_id": " 7.0 ",
        "order_id": "o1",
        "item_id": "tea",
        "purchased_at": "never",
        "quantity": "many",
        "Price": "1 EUR",
        "a.b": "kept",
    }


def test_rejected_rows_of_a_file_that_read_alike_are_one_row_with_their_number(purchases):
    line = "c1,o1,tea,2017-11-30,0\n"
    head = "customer,order,item,time,n\n"
    judged = purchases({"a.csv": head + 3 * line, "b.csv": head + line}, more={"quantity": "n"})
    rejected = rules.rejected(judged, head.strip().split(","))
    assert rows(rejected.selectExpr("right(source_file, 5)", "copies", "reasons")) == [
        ("a.csv", 3, ["duplicate", "quantity_not_positive"]),
        ("b.csv", 1, ["quantity_not_positive"]),
    ]


def test_the_key_holds_where_broken_rows_read_alike(project):
    """Lines that say the same, and lines of another number of columns."""
    head, line = "customer,order,item,time\n", "c1,,tea,2017-11-30\n"
    project.file("purchases/1.csv", head + 3 * line + 2 * "c1,o1,tea\n")
    assert project.run_job("rejected_purchases") == ["rejected_purchases: 2 rows"]
    table = project.read("rejected_purchases")
    assert rows(table.select("copies", "reasons")) == [
        (2, ["duplicate", "unreadable_row", "unreadable_time"]),
        (3, ["missing_order_id"]),
    ]
    assert table.select(*REJECTED_PURCHASES.key).distinct().count() == table.count()
