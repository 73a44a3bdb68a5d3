"""Which rows are a customer's: ids as they are, as parts of offers, lines, and rejected rows."""

import json

import pyarrow as pa
import pytest

from alsobought.ingest.settings import OfferSource
from alsobought.runtime.customers_in_rows import (
    OF_CUSTOMERS,
    Customers,
    OfferIds,
    RejectedIds,
    columns_of,
    is_theirs,
)
from alsobought.tables import ALL

TELLS_NO_CUSTOMER = {
    "items", "item_statistics", "co_purchases", "related_items", "related_kinds",
    "repeat_purchases", "item_informativeness", "cold_start_items", "evaluations", "promotions",
    "redemption_audits", "training_sets", "forgotten_customers", "forgettings",
}  # fmt: skip
ID = Customers(frozenset({"7"}), offer_ids=OfferIds(1, 0))


def test_every_table_is_one_of_customers_or_is_not():
    """A new table must be put into one of the two."""
    assert ALL.keys() - OF_CUSTOMERS.keys() <= TELLS_NO_CUSTOMER
    assert OF_CUSTOMERS.keys() & TELLS_NO_CUSTOMER == set()
    for name in ALL.keys() - OF_CUSTOMERS.keys():
        assert [c for c in ALL[name].names if "customer_id" in c or "offer" in c] == [], name


@pytest.mark.parametrize(
    ("columns", "offer", "customer"),
    [
        (["campaign", "who"], "26-7", "7"),
        (["campaign", "who"], "26-7-a", "7-a"),  # of ids with a dash
        (["who", "campaign"], "7-26", "7"),
        (["a", "who", "b"], "1-7-2", "7"),
        (["a", "who", "b"], "1-2", None),
        (["who"], "7", "7"),
    ],
)
def test_the_part_of_an_offers_id_that_is_its_customers(columns, offer, customer):
    source = OfferSource.model_validate(
        {
            "path": "o",
            "format": "csv",
            "columns": {"offer_id": columns, "customer_id": "who", "issued_at": "at"},
        }
    )
    ids = OfferIds.of(source)
    assert ids.customer(offer) == customer
    other = {"offer_id": "id", "customer_id": "who", "issued_at": "at"}
    assert OfferIds.of(source.model_copy(update={"columns": other})) is None


@pytest.mark.parametrize(
    ("row", "is_of_7"),
    [
        (json.dumps({"who": "7", "n": "1"}), True),
        (json.dumps({"who": " 7.0 ", "n": "1"}), True),
        ('{"who": 7}', True),
        ('{"who": 7.0}', True),
        (json.dumps({"who": "70", "n": "7"}), False),  # 7 units are no customer
        (json.dumps({"customer_id": "7"}), True),  # a duplicate, in the table's columns
        (json.dumps({"campaign": "26", "who": None}), False),
        (json.dumps({"campaign": "26", "to": "7"}), True),
        (json.dumps({"offer_id": "26-7"}), True),
        ("a;7;b", True),
        ('a,"7",b', True),
        ("a;77;b", False),
        ("a;26-7;b", True),
        ("", False),
        ("[7]", True),  # no record: a raw line
    ],
)
def test_a_rejected_row_is_read_by_its_columns_and_a_raw_line_by_its_words(row, is_of_7):
    names = RejectedIds(frozenset({"customer_id", "who"}), frozenset({("campaign", "to")}))
    names = RejectedIds(names.customers, names.offers | {("offer_id",)})
    customers = Customers(ID.ids, offer_ids=ID.offer_ids, rejected=names)
    assert customers.of_rejected(row) is is_of_7
    rows = pa.table({"row": [row, None, "other"]})
    assert is_theirs(rows, customers).tolist() == [is_of_7, False, False]


def test_a_customers_rows_by_id_offer_and_line():
    ids = pa.table({"customer_id": ["7", "77", None, "7"], "other": ["7"] * 4})
    assert is_theirs(ids, ID).tolist() == [True, False, False, True]
    offers = pa.table({"offer_id": ["26-7", "7-26", "x", None]})
    assert is_theirs(offers, ID).tolist() == [True, False, False, False]
    known_offers = Customers(ID.ids, offers=frozenset({"x"}))
    assert is_theirs(offers, known_offers).tolist() == [False, False, True, False]
    lines = pa.table(
        {
            "market": ["all"] * 4,
            "order_id": ["o1", "o2", None, None],
            "item_id": ["tea"] * 4,
            "line": ["1", "7-1", "7-1", "77-1"],
        }
    )
    assert is_theirs(lines, ID).tolist() == [False, False, True, False]
    of_order = Customers(ID.ids, lines=frozenset({("all", "o1", "tea", "1")}))
    assert is_theirs(lines, of_order).tolist() == [True, False, True, False]


def test_an_example_is_an_offer_or_json_of_market_customer_and_item():
    holds = ID.holds["example_id"]
    assert holds("26-7")
    assert holds('["all","7","tea"]')
    assert not holds('["all","77","tea 7"]')
    assert not holds("")


def test_columns_by_which_rows_are_known():
    assert columns_of(ALL["redemption_scores"]) == ["customer_id", "offer_id"]
    assert columns_of(ALL["rejected_events"]) == ["row"]
    assert columns_of(ALL["related_items"]) == []
