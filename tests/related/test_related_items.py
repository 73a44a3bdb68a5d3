"""From candidates to lists: ties, support, availability, several metrics at once."""

from alsobought.copurchase.settings import Lists
from alsobought.related.related_items import only_available, ranked
from tests.rows import rows

PAIRS = """unit string, market string, relation string, item_id string, related_item_id string,
    both bigint, expected double, buyers bigint, related_buyers bigint, units bigint"""


def pair(item, related, both, expected=1.0, buyers=100, related_buyers=100):
    fixed = ("order", "all", "together")
    return (*fixed, item, related, both, expected, buyers, related_buyers, 1_000)


def listed(df):
    return [
        (row["metric"], row["item_id"], row["rank"], row["related_item_id"], row["score"])
        for row in df.orderBy("metric", "item_id", "rank").collect()
    ]


def test_lists_are_ranked_by_score_then_by_id_and_cut(frame):
    pairs = frame(PAIRS, pair("x", "c", 3), pair("x", "b", 3), pair("x", "a", 2), pair("x", "d", 9))
    lists = Lists(metrics=["excess"], min_support=1)
    assert listed(ranked(pairs, lists, 3)) == [
        ("excess", "x", 1, "d", 8.0),
        ("excess", "x", 2, "b", 2.0),
        ("excess", "x", 3, "c", 2.0),
    ]


def test_each_metric_has_a_list_of_its_own(frame):
    pairs = frame(PAIRS, pair("x", "a", 10, 5.0), pair("x", "b", 4, 1.0))
    lists = Lists(metrics=["excess", "relative_excess"], min_support=1)
    assert listed(ranked(pairs, lists, 1)) == [
        ("excess", "x", 1, "a", 5.0),
        ("relative_excess", "x", 1, "b", 3.0),
    ]


def test_a_pair_below_the_support_is_in_no_list(frame):
    pairs = frame(PAIRS, pair("x", "a", 2), pair("x", "b", 3))
    lists = Lists(metrics=["excess"], min_support=3)
    assert [row[3] for row in listed(ranked(pairs, lists, 9))] == ["b"]


def test_an_unavailable_or_unknown_item_is_in_no_list_but_keeps_its_own(frame):
    pairs = frame(PAIRS, pair("x", "a", 2), pair("x", "b", 3), pair("gone", "a", 4))
    items = frame("item_id string, is_available boolean", ("a", True), ("x", True), ("gone", False))
    kept = rows(only_available(pairs, items).select("item_id", "related_item_id"))
    assert kept == [("gone", "a"), ("x", "a")]
