"""The gate on small tables: what is counted of them, and the row that is decided."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from alsobought.evaluate.gate import promotions as gate
from alsobought.evaluate.gate.checks import Coverage, ListCounts
from alsobought.evaluate.gate.promotions import Arrivals, Inputs
from alsobought.evaluate.gate.settings import Limits
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.evaluate import EVALUATIONS
from alsobought.tables.purchases import PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import RECOMMENDATIONS
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.serving import Decision, HitRate, Serving, State

DAY, EARLIER, CUT_OFF = date(2024, 1, 10), date(2024, 1, 9), date(2024, 1, 1)
LIMITS = Limits(
    models=["sum"], k=6, margin=0.05, min_rows_share=0.5, max_changed_share=0.5,
    min_items_with_list=0.5, min_customers_with_list=0.5, customer_days=5, max_age_days=2,
)  # fmt: skip
IDS = {"related_items": "x", "recommendations": "y"}
SERVED = State(EARLIER, {"related_items": 1, "recommendations": 1}, IDS)
CANDIDATES = State(DAY, {"related_items": 2, "recommendations": 2}, IDS)


def of(table, frame, defaults, rows):
    """Rows of a table from a few columns, with `defaults` in the others."""
    values = [defaults | row for row in rows]
    return frame(table.ddl, *(tuple(row[name] for name in table.names) for row in values))


@pytest.fixture
def related(frame):
    """related(tea="jam oil", ...): related_items with these lists, by order."""
    blank = dict.fromkeys(RELATED_ITEMS.names) | {
        "unit": "order", "market": "all", "relation": "together", "metric": "lift",
    }  # fmt: skip

    def table(**lists):
        rows = [
            {"item_id": item, "rank": rank, "related_item_id": other}
            for item, others in lists.items()
            for rank, other in enumerate(others.split(), 1)
        ]
        return of(RELATED_ITEMS, frame, blank, rows)

    return table


@pytest.fixture
def recommended(frame):
    """recommended(ann="jam oil", ...): recommendations with these lists."""
    blank = dict.fromkeys(RECOMMENDATIONS.names) | {"market": "all", "model": "sum"}

    def table(**lists):
        rows = [
            {"customer_id": customer, "rank": rank, "item_id": item}
            for customer, items in lists.items()
            for rank, item in enumerate(items.split(), 1)
        ]
        return of(RECOMMENDATIONS, frame, blank, rows)

    return table


@pytest.fixture
def bought(frame):
    """bought(("ann", "tea", 9), ...): purchases of January; None: a guest."""
    blank = dict.fromkeys(PURCHASES.names) | {"market": "all", "quantity": 1.0, "order_id": "o"}

    def table(*lines):
        rows = [
            {
                "customer_id": customer, "item_id": item, "line": str(n),
                "purchased_at": datetime(2024, 1, day, 12),  # noqa: DTZ001 - tests run in UTC
            }
            for n, (customer, item, day) in enumerate(lines)
        ]  # fmt: skip
        return of(PURCHASES, frame, blank, rows)

    return table


@pytest.fixture
def statistics(frame):
    """statistics("tea", ...): item_statistics of items that were bought, by both units."""
    blank = dict.fromkeys(ITEM_STATISTICS.names) | {"market": "all"}

    def table(*items):
        rows = [{"unit": unit, "item_id": x} for unit in ("order", "customer") for x in items]
        return of(ITEM_STATISTICS, frame, blank, rows)

    return table


@pytest.fixture
def evaluated(spark):
    """evaluated(value): hit rates at 6 of sum, of all customers and both kinds."""

    def table(*hits):
        rows = [
            (DAY, CUT_OFF, "sum", other, items, segment_by, "all", metric, 6, 10, value, None, None)
            for value in hits
            for items in ("new", "all")
            for other, segment_by, metric in (
                (None, "everyone", "hit"),
                ("bestsellers", "everyone", "hit"),
                ("als", "everyone", "hit"),
                (None, "market", "hit"),
                (None, "everyone", "map"),
            )
        ]
        return spark.createDataFrame(rows, f"as_of date, {EVALUATIONS.ddl}")

    return table


def test_lists_are_changed_where_more_than_half_of_the_served_items_are_gone(related):
    served = related(tea="jam oil", jam="tea", oil="tea jam salt", gone="tea")
    rows = related(tea="oil salt", jam="salt", oil="jam bread bread2", new="tea")
    assert gate.list_counts(rows, served, RELATED_ITEMS) == {
        "all": ListCounts(rows=7, served_rows=7, served_lists=4, changed_lists=3)
    }
    assert gate.list_counts(served, served, RELATED_ITEMS)["all"].changed_lists == 0
    elsewhere = served.replace("all", "de", "market")
    assert gate.list_counts(rows, elsewhere, RELATED_ITEMS) == {
        "all": ListCounts(7, 0, 0, 0),
        "de": ListCounts(0, 7, 4, 4),
    }


def test_lists_of_two_metrics_are_two_lists(related):
    by_lift = related(tea="jam oil")
    by_both = by_lift.unionByName(by_lift.replace("lift", "npmi", "metric"))
    assert gate.list_counts(by_both, by_both, RELATED_ITEMS) == {"all": ListCounts(4, 4, 2, 0)}


def test_customers_lists_and_no_lists_at_all(recommended):
    served, none = recommended(ann="tea jam", ben="tea"), recommended()
    assert gate.list_counts(recommended(ann="jam tea"), served, RECOMMENDATIONS) == {
        "all": ListCounts(rows=2, served_rows=3, served_lists=2, changed_lists=1)
    }
    assert gate.list_counts(none, served, RECOMMENDATIONS) == {"all": ListCounts(0, 3, 2, 2)}
    assert gate.list_counts(none, none, RECOMMENDATIONS) == {}


def test_items_that_were_bought_and_have_a_list_by_any_unit(statistics, related):
    lists = related(tea="jam oil", jam="tea", not_bought="tea")
    assert gate.items_with_list(statistics("tea", "jam", "oil"), lists) == Coverage(3, 2)
    assert gate.items_with_list(statistics(), lists) == Coverage(0, 0)


def test_customers_of_the_last_days_and_the_newest_purchase(bought, recommended, frame):
    lines = bought(
        ("ann", "tea", 5), ("ann", "jam", 1), ("ben", "tea", 7), ("old", "tea", 4),
        (None, "tea", 8), ("zoe", "tea", 10), ("zoe", "oil", 3),
    )  # fmt: skip
    lists = recommended(ann="tea jam", old="tea", nobody="tea")
    inputs = Inputs(
        related_items=lists, statistics=lists, purchases=lines, returned=None,
        recommendations=lists, evaluations=None,
    )  # fmt: skip
    assert gate.arrived(inputs, 5, DAY) == Arrivals(date(2024, 1, 8), Coverage(2, 1))
    without = replace(inputs, recommendations=None)
    assert gate.arrived(without, 5, DAY) == Arrivals(date(2024, 1, 8), Coverage(2, 0))
    blank = dict.fromkeys(RETURNED_PURCHASES.names)
    came_back = {
        "market": "all", "order_id": "o", "item_id": "tea", "line": "2",
        "returned_at": datetime(2024, 1, 9),  # noqa: DTZ001 - tests run in UTC
    }  # fmt: skip
    returned = of(RETURNED_PURCHASES, frame, blank, [came_back])  # ben's only line
    less = replace(inputs, returned=returned)
    assert gate.arrived(less, 5, DAY).customers == Coverage(1, 1)
    nothing = replace(inputs, purchases=bought())
    assert gate.arrived(nothing, 5, DAY) == Arrivals(None, Coverage(0, 0))


def rates(value, *others):
    """Both kinds of hit rates of `evaluated`; others: what they are compared with."""
    return tuple(
        HitRate(CUT_OFF, "sum", other, items, 6, 10, value, None, None)
        for other in others
        for items in ("all", "new")
    )


def test_the_hit_rates_that_count_are_those_of_everyone_and_those_above_bestsellers(evaluated):
    assert tuple(gate.hit_rates(evaluated(0.5))) == rates(0.5, None, "bestsellers")
    assert gate.hit_rates(None) is None


@pytest.fixture
def inputs(related, recommended, bought, statistics, evaluated):
    return Inputs(
        related_items=related(tea="jam oil", jam="tea"),
        statistics=statistics("tea", "jam", "oil"),
        purchases=bought(("ann", "tea", 9), ("ben", "jam", 8)),
        returned=None,
        recommendations=recommended(ann="oil", ben="oil"),
        evaluations=evaluated(0.5),
    )


def serving(inputs, *decisions, candidates=CANDIDATES):
    served = {"related_items": inputs.related_items, "recommendations": inputs.recommendations}
    rows = served if decisions else {}
    return Serving(decisions, candidates, rows, {}, lambda _: {"related_items": {}}, dict)


def decided(inputs, *decisions, **given):
    outcome = gate.promotions(inputs, serving(inputs, *decisions, **given), LIMITS, DAY)
    return [row.asDict(recursive=True) for row in outcome.frame.collect()], outcome.notes


ONE = Decision(7, "promoted", EARLIER, SERVED, rates(0.55, None))


def test_lists_that_pass_every_check_are_promoted(inputs):
    (row,), notes = decided(inputs, ONE)
    checks = row.pop("checks")
    kept = row.pop("served_hit_rates")
    assert tuple(HitRate(**rate) for rate in kept) == rates(0.5, None, "bestsellers")
    assert row == {
        "number": 8, "decided_as_of": DAY, "decision": "promoted", "served_as_of": DAY,
        "served_versions": dict(CANDIDATES.versions), "served_tables": IDS,
        "reasons": ["All 14 checks hold."],
    }  # fmt: skip
    assert notes == [
        "decision 8, promoted: 2024-01-10 is served from here on", "All 14 checks hold.",
    ]  # fmt: skip
    assert [(check["name"], check["value"], check["limit"]) for check in checks] == [
        ("day", 1.0, 0.0),
        ("rollback", None, None),
        ("served tables", None, None),
        ("days since the newest purchase", 0.0, 2.0),
        ("related_items: rows", 1.0, 0.5),
        ("related_items: rows of each market", None, 0.5),
        ("related_items: changed lists", 0.0, 0.5),
        ("recommendations: rows", 1.0, 0.5),
        ("recommendations: rows of each market", None, 0.5),
        ("recommendations: changed lists", 0.0, 0.5),
        ("items with related items", pytest.approx(2 / 3), 0.5),
        ("customers of 5 days with recommendations", 1.0, 0.5),
        ("hit@6 of sum, new items", 0.5, 0.5),
        ("hit@6 of sum, all items", 0.5, 0.5),
    ]


def test_the_first_lists_need_no_evaluation_and_nothing_to_compare_with(inputs, evaluated):
    first = replace(inputs, evaluations=evaluated())
    (row,), _ = decided(first)
    assert (row["number"], row["decision"], row["served_as_of"]) == (1, "promoted", DAY)
    assert row["checks"][4]["reason"] == "No related_items are served."
    assert row["served_hit_rates"] == []


def test_lists_that_fail_a_check_leave_the_served_ones_and_say_why_once(inputs, evaluated):
    worse = replace(inputs, evaluations=evaluated(0.49))
    (row,), notes = decided(worse, ONE)
    assert (row["decision"], row["decided_as_of"], row["served_as_of"]) == ("refused", DAY, EARLIER)
    assert (row["served_versions"], row["served_tables"]) == (dict(SERVED.versions), IDS)
    assert tuple(HitRate(**rate) for rate in row["served_hit_rates"]) == ONE.hit_rates
    assert notes == ["decision 8, refused: 2024-01-09 stays served", *row["reasons"]]
    assert row["reasons"] == [
        f"hit@6 of sum, {items} items is 0.4900, and 0.5500 of the served lists; it may be 0.05 "
        f"lower (margin)."
        for items in ("new", "all")
    ]
    rows, notes = decided(worse, ONE, Decision.of(row))
    assert (rows, notes[0]) == ([], "2024-01-10 is refused, as by decision 8")
    still_worse = replace(inputs, evaluations=evaluated(0.48))
    assert [row["number"] for row in decided(still_worse, ONE, Decision.of(row))[0]] == [9]


def test_first_lists_that_fail_a_check_leave_nothing_served(inputs, bought):
    stale = replace(inputs, purchases=bought(("ann", "tea", 5)))
    (row,), notes = decided(stale)
    assert (row["served_as_of"], row["served_versions"]) == (None, {})
    assert notes[0] == "decision 1, refused: nothing is served"


def test_lists_that_are_served_already_give_no_row(inputs):
    rows, notes = decided(inputs, Decision(7, "promoted", DAY, CANDIDATES))
    assert (rows, notes) == ([], ["2024-01-10 is served already, by decision 7"])


def test_served_lists_that_cannot_be_read_are_not_compared_with(inputs):
    where = serving(inputs, ONE)
    gone = {"recommendations": "The served lists cannot be compared: gone."}
    lost = Serving(
        where.decisions, where.candidates, {"related_items": where.served["related_items"]}, gone,
        where.made_with, where.served_made_with,
    )  # fmt: skip
    every = gate.all_checks(inputs, lost, LIMITS, ([], DAY))
    assert [check.reason for check in every if check.name.startswith("recommendations")] == [
        gone["recommendations"]
    ] * 3


def test_a_shop_without_recommendations_promotes_related_items_alone(inputs):
    alone = replace(inputs, recommendations=None, evaluations=None)
    (row,), _ = decided(alone, candidates=State(DAY, {"related_items": 2}, {"related_items": "x"}))
    assert row["served_versions"] == {"related_items": 2}
    assert [check["name"] for check in row["checks"]][4:] == [
        "related_items: rows", "related_items: rows of each market",
        "related_items: changed lists", "items with related items", "hit@6",
    ]  # fmt: skip
