"""Ranked lists as one row each."""

from alsobought.related.whole_lists import OF_CUSTOMERS, OF_ITEMS, whole_lists

OF_CUSTOMER = (
    "market string, customer_id string, model string, rank int, item_id string, score double"
)
COLUMNS = (
    "unit string, market string, relation string, metric string, item_id string, rank int,"
    " related_item_id string, score double, `both` bigint, expected double"
)


def by_key(lists):
    return [row.asDict(recursive=True) for row in lists.sort("key").collect()]


def test_an_items_list_is_a_row_best_first(frame):
    ranked = frame(
        COLUMNS,
        ("order", "all", "together", "lift", "tea", 2, "milk", 1.5, 3, 2.0),
        ("order", "all", "together", "lift", "tea", 1, "jam", 2.5, 5, 2.0),
        ("order", "at", "together", "lift", "tea", 1, "milk", 3.0, 1, 0.5),
        ("customer", "all", "together", "lift", "tea", 1, "rice", 4.0, 2, 0.5),
    )
    lists = whole_lists(ranked, OF_ITEMS, 2)
    assert lists.rdd.getNumPartitions() == 2
    rows = by_key(lists)
    assert [row["key"] for row in rows] == [
        "all/customer/together/lift/tea",
        "all/order/together/lift/tea",
        "at/order/together/lift/tea",
    ]
    assert rows[1] == {
        "key": "all/order/together/lift/tea",
        "market": "all",
        "unit": "order",
        "relation": "together",
        "metric": "lift",
        "item_id": "tea",
        "related_items": [
            {"rank": 1, "item_id": "jam", "score": 2.5, "both": 5, "expected": 2.0},
            {"rank": 2, "item_id": "milk", "score": 1.5, "both": 3, "expected": 2.0},
        ],
    }


def test_a_customers_list_is_a_row_best_first(frame):
    places = frame(
        f"{OF_CUSTOMER}, source string, reasons array<struct<item_id: string, share: double>>",
        ("all", "ann", "sum", 2, "milk", 1.5, "bestseller", []),
        ("all", "ann", "sum", 1, "jam", 2.5, "related", [("tea", 1.0)]),
        ("all", "ben", "sum", 1, "milk", 3.0, "related", []),
        ("at", "ann", "sum", 1, "rice", 4.0, "related", []),
    )
    lists = whole_lists(places, OF_CUSTOMERS, 2)
    assert lists.rdd.getNumPartitions() == 2
    rows = by_key(lists)
    assert [row["key"] for row in rows] == ["all/sum/ann", "all/sum/ben", "at/sum/ann"]
    reasons = [{"item_id": "tea", "share": 1.0}]
    milk = {"rank": 2, "item_id": "milk", "score": 1.5, "source": "bestseller", "reasons": []}
    assert rows[0] == {
        "key": "all/sum/ann",
        "market": "all",
        "model": "sum",
        "customer_id": "ann",
        "items": [
            {"rank": 1, "item_id": "jam", "score": 2.5, "source": "related", "reasons": reasons},
            milk,
        ],
    }


def test_every_customers_list_has_no_customer(frame):
    places = frame(
        f"{OF_CUSTOMER}, buyers bigint",
        ("at", None, "bestsellers", 2, "tea", 1.0, 1),
        ("at", None, "bestsellers", 1, "jam", 2.0, 2),
        ("all", None, "bestsellers", 1, "jam", 2.0, 2),
    )
    rows = by_key(whole_lists(places, OF_CUSTOMERS, 1))
    assert [(row["key"], row["customer_id"]) for row in rows] == [
        ("all/bestsellers", None), ("at/bestsellers", None),
    ]  # fmt: skip
    assert rows[1]["items"] == [
        {"rank": 1, "item_id": "jam", "score": 2.0}, {"rank": 2, "item_id": "tea", "score": 1.0},
    ]  # fmt: skip
