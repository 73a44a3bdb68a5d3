"""Which column is which: by names in several languages, and by values where names say nothing."""

import pyarrow as pa
import pytest

from alsobought.ingest.proposal.roles import item_roles, named, purchase_roles
from alsobought.ingest.proposal.values import ColumnFacts

LINES = {
    "order": ["1", "1", "2", "2", "3", "4", "4", "5"],
    "customer": ["7", "7", "8", "8", "7", "9", "9", "8"],
    "item": ["tea", "jam", "tea", "cup", "tea", "jam", "cup", "milk"],
    "when": [f"2017-11-{day:02} 10:00" for day in (1, 1, 2, 2, 3, 4, 4, 5)],
    "qty": ["1", "2", "1", "1", "3", "1", "1", "1"],
    "price": ["2.50", "3.10", "2.50", "1.00", "2.50", "3.10", "1.00", "0.99"],
    "country": ["DE", "DE", "FR", "FR", "DE", "FR", "FR", "FR"],
}


def columns(**values):
    return {name: ColumnFacts(name, pa.chunked_array([column])) for name, column in values.items()}


def renamed(*names):
    """The lines with other names, in the order of LINES."""
    return columns(**dict(zip(names, LINES.values(), strict=True)))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("InvoiceNo", "order_id"),
        ("StockCode", "item_id"),
        ("Description", "title"),
        ("InvoiceDate", "purchased_at"),
        ("UnitPrice", "price"),
        ("CustomerID", "customer_id"),
        ("order_item_id", "item_id"),
        ("customer_name", "title"),
        ("transactionid", "order_id"),
        ("itemid", "item_id"),
        ("Bestellnummer", "order_id"),
        ("Kundennr", "customer_id"),
        ("Artikelnummer", "item_id"),
        ("Menge", "quantity"),
        ("order_status", ""),
        ("sales_value", "price"),
    ],
)
def test_the_last_word_of_a_name_says_what_it_is(name, role):
    assert next(r for r, (fit, _) in named(name).items() if fit == 2) == role


@pytest.mark.parametrize("name", ["island", "margin", "update", "_c0", "x"])
def test_names_that_say_nothing(name):
    assert named(name) == {}


@pytest.mark.parametrize(
    "names",
    [
        ("InvoiceNo", "CustomerID", "StockCode", "InvoiceDate", "Quantity", "UnitPrice", "Country"),
        ("basket_id", "household_id", "product_id", "timestamp", "units", "sales_value", "market"),
        ("Bestellnr", "Kundennr", "Artikelnr", "Datum", "Menge", "Preis", "Land"),
    ],
)
def test_a_shops_columns(names):
    roles = purchase_roles(renamed(*names))
    ours = ["order_id", "customer_id", "item_id", "purchased_at", "quantity", "price", "market"]
    assert roles == dict(zip(ours, names, strict=True))


def test_columns_without_names_are_told_by_their_values():
    roles = purchase_roles(renamed(*(f"_c{i}" for i in range(7))))
    assert {role: roles[role] for role in ("order_id", "customer_id", "item_id")} == {
        "order_id": "_c0", "customer_id": "_c1", "item_id": "_c2",
    }  # fmt: skip


def test_a_line_number_is_one_where_no_order_has_it_twice():
    lines = renamed("order", "customer", "sku", "date", "qty", "price", "country")
    lines |= columns(position=["1", "2", "1", "2", "1", "1", "2", "1"])
    assert purchase_roles(lines)["line"] == "position"
    lines |= columns(position=["1", "1", "1", "2", "1", "1", "2", "1"])
    assert "line" not in purchase_roles(lines)


def test_the_catalogue_is_what_has_a_row_for_each_item():
    catalogue = columns(
        nr=["a", "b", "c", "d", "e"],
        sku=[" tea", "jam", "cup", "rice", "soap"],
        name=["Tea", "Jam", "Cup", "Rice", "Soap"],
        in_stock=["yes", "no", "yes", "yes", "yes"],
        price=["1.0", "2.0", "3.0", "4.0", "5.0"],
    )
    roles = item_roles(catalogue, pa.array(["tea", "jam", "cup", "milk"]))
    assert roles == {"item_id": "sku", "title": "name", "is_available": "in_stock"}
    assert item_roles(catalogue, pa.array(["pen"])) == {}


def test_categories_go_from_the_widest_to_the_narrowest():
    catalogue = columns(
        sku=[str(i) for i in range(40)],
        product_type=[f"type {i // 5}" for i in range(40)],
        department=[f"department {i // 20}" for i in range(40)],
        colour=["red", "blue"] * 20,
    )
    roles = item_roles(catalogue, pa.array(["1"]))
    assert roles == {
        "item_id": "sku", "title": "product_type", "category": ["department", "product_type"],
        "attributes": ["colour"],
    }  # fmt: skip
