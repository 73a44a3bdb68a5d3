"""Ranked lists as one row each."""

from alsobought.related.whole_lists import whole_lists

COLUMNS = (
    "unit string, market string, relation string, metric string, item_id string, rank int,"
    " related_item_id string, score double, `both` bigint, expected double"
)


def test_a_list_is_a_row_best_first(frame):
    ranked = frame(
        COLUMNS,
        ("order", "all", "together", "lift", "tea", 2, "milk", 1.5, 3, 2.0),
        ("order", "all", "together", "lift", "tea", 1, "jam", 2.5, 5, 2.0),
        ("order", "at", "together", "lift", "tea", 1, "milk", 3.0, 1, 0.5),
        ("customer", "all", "together", "lift", "tea", 1, "rice", 4.0, 2, 0.5),
    )
    lists = whole_lists(ranked, 2)
    assert lists.rdd.getNumPartitions() == 2
    rows = [row.asDict(recursive=True) for row in lists.sort("key").collect()]
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
