"""Returns, charges and events among the lines of a shop's files."""

import pyarrow as pa

from alsobought.ingest.proposal.oddities import (
    NoProduct,
    events_of,
    no_products_of,
    returns_of,
    titles_of,
    unsure_returns_of,
)
from alsobought.ingest.proposal.values import ColumnFacts


def columns(**values):
    return {name: ColumnFacts(name, pa.chunked_array([column])) for name, column in values.items()}


def test_a_letter_before_the_order_number():
    lines = columns(no=["536365", "536366", "C536367", "536368"], qty=["1", "2", "-1", "-3"])
    returns = returns_of(lines, {"order_id": "no", "quantity": "qty"})
    assert returns.setting == {"order_prefix": "C"}
    assert returns.why == (
        "1 rows, of which 1 have a negative quantity; 1 other negative rows will be rejected"
    )


def test_letters_that_all_orders_have_mark_no_returns():
    lines = columns(no=["A1", "A2", "A3"], qty=["1", "2", "-1"])
    returns = returns_of(lines, {"order_id": "no", "quantity": "qty"})
    assert returns.setting == {"negative_quantity": True}
    assert returns.why == "1 of 3 rows have a negative quantity"


def test_a_column_of_types():
    lines = columns(no=["1", "2", "3"], qty=["1", "2", "1"], kind=["sale", "Refund", "sale"])
    returns = returns_of(lines, {"order_id": "no", "quantity": "qty"})
    assert returns.setting == {"type_column": "kind", "type_values": ["Refund"]}


def test_a_letter_and_a_dash_before_the_order_number():
    lines = columns(no=["9001", "9002", " R-9001"], qty=["1", "2", "-1"])
    returns = returns_of(lines, {"order_id": "no", "quantity": "qty"})
    assert returns.setting == {"order_prefix": "R-"}
    assert returns.why == "1 rows, of which 1 have a negative quantity"


def test_values_of_a_type_as_they_are_compared():
    kinds = [" Refund", "sale", "Refund ", "Refund", "returned"]
    lines = columns(no=["1", "2", "3", "4", "5"], kind=kinds)
    returns = returns_of(lines, {"order_id": "no"})
    assert returns.setting == {"type_column": "kind", "type_values": ["Refund", "returned"]}
    assert returns.why == "4 rows; 0 of 5 rows have a negative quantity"


def test_cancelled_rows_are_returns_only_where_quantities_are_negative():
    roles = {"order_id": "no", "quantity": "qty"}
    status = ["complete", "Cancelled", "complete"]
    lines = columns(no=["1", "2", "3"], qty=["1", "2", "1"], status=status)
    assert returns_of(lines, roles) is None
    assert unsure_returns_of(lines, roles) == ("status", ["Cancelled"])
    lines = columns(no=["1", "2", "3"], qty=["1", "-2", "1"], status=status)
    assert returns_of(lines, roles).setting == {
        "type_column": "status", "type_values": ["Cancelled"],
    }  # fmt: skip
    assert unsure_returns_of(lines, roles) is None


def test_of_several_columns_of_types_the_first_by_name():
    lines = columns(no=["1", "2"], type=["refund", "sale"], kind=["sale", "return"])
    assert returns_of(lines, {"order_id": "no"}).setting["type_column"] == "kind"


def test_no_returns():
    lines = columns(no=["1", "2", "3"], kind=["sale", "web", "sale"])
    assert returns_of(lines, {"order_id": "no"}) is None


def test_charges_are_unlike_other_ids_or_called_so():
    numbers = [str(n) for n in range(100, 140)]
    items = columns(sku=[*numbers, " POST", "POST", "C2"])["sku"]
    titles = {"POST": "POSTAGE", "C2": "CARRIAGE", "100": "Shipping box with lid, large, red"}
    assert no_products_of(items, titles) == [
        NoProduct("POST", "POSTAGE", 2),
        NoProduct("C2", "CARRIAGE", 1),
    ]


def test_ids_without_digits_are_not_unlike_where_many_are_so():
    assert no_products_of(columns(sku=["tea", "jam", "1"])["sku"], {}) == []


def test_a_title_of_each_item():
    lines = columns(sku=["1", "2", "1", " 3"], name=[None, "Jam", "Tea", "Cup"])
    assert titles_of(lines, {"item_id": "sku", "title": "name"}) == {
        "1": "Tea", "2": "Jam", "3": "Cup",
    }  # fmt: skip
    assert titles_of(lines, {"item_id": "sku"}) == {}


def test_events_that_are_no_purchases():
    lines = columns(item=["1", "2"], event=["view", "transaction"])
    assert events_of(lines, {"item_id": "item"}) == ("event", ["view"])
    assert events_of(columns(kind=["sale"]), {}) is None
