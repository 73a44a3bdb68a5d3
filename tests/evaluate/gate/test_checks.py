"""Every check of the gate at its limit, and the sentence that it gives."""

from datetime import date

import pytest

from alsobought.evaluate.gate import checks
from alsobought.evaluate.gate.checks import Check, Coverage, HitRate, Judged, ListCounts
from alsobought.tables.serving import Decision, Serving, State

DAY, SERVED_DAY, CUT_OFF, OTHER = (date(2024, 1, n) for n in (20, 19, 5, 4))
SERVED = State(SERVED_DAY, {"related_items": 3})
CANDIDATES = State(DAY, {"related_items": 4})
SAME = {"related_items": {"top_k": 5}}


def serving(*decisions, made_with=None):
    made = {DAY: SAME, CUT_OFF: SAME, OTHER: SAME} | (made_with or {})
    return Serving(decisions, CANDIDATES, {}, {}, made.__getitem__)


NOTHING = serving()
ONE = serving(Decision(1, "promoted", SERVED))


def verdict(check):
    return check.value, check.limit, check.passed


def test_a_day_before_the_served_one_is_refused_and_the_same_day_is_not():
    assert checks.day_check(NOTHING, DAY) == Check(
        "day", None, None, True, "Nothing has been served before."
    )
    assert verdict(checks.day_check(ONE, DAY)) == (1.0, 0.0, True)
    assert verdict(checks.day_check(ONE, SERVED_DAY)) == (0.0, 0.0, True)
    assert checks.day_check(ONE, CUT_OFF) == Check(
        "day",
        -14.0,
        0.0,
        False,
        "2024-01-05 is before 2024-01-19, which is served: alsobought rollback --to 2024-01-05 "
        "serves it where it was promoted once.",
    )


def test_lists_that_were_rolled_back_are_refused():
    back = serving(Decision(1, "promoted", CANDIDATES), Decision(2, "rolled_back", SERVED))
    assert checks.rollback_check(ONE).passed
    assert checks.rollback_check(back) == Check(
        "rollback",
        None,
        None,
        False,
        "The lists of 2024-01-20 were rolled back by decision 2: run their jobs again, or "
        "alsobought rollback --to 2024-01-20.",
    )


def test_the_newest_purchase_may_be_some_days_old():
    assert verdict(checks.age_check(date(2024, 1, 19), DAY, 2)) == (0.0, 2.0, True)
    assert verdict(checks.age_check(date(2024, 1, 17), DAY, 2)) == (2.0, 2.0, True)
    assert checks.age_check(date(2024, 1, 16), DAY, 2) == Check(
        "days since the newest purchase",
        3.0,
        2.0,
        False,
        "The newest purchase before 2024-01-20 is of 2024-01-16, 3 days before the last day that "
        "counts; 2 may be (max_age_days).",
    )
    assert checks.age_check(None, DAY, 2)[1:] == (
        None,
        2.0,
        False,
        "No purchase lies before 2024-01-20.",
    )


def test_rows_and_changed_lists_against_the_served_ones():
    counts = ListCounts(rows=90, served_rows=100, served_lists=20, changed_lists=5)
    assert checks.rows_check("related_items", counts, 0.9) == Check(
        "related_items: rows",
        0.9,
        0.9,
        True,
        "related_items has 90 rows, and 100 are served: 0.900 of them; the least is 0.9 "
        "(min_rows_share).",
    )
    assert not checks.rows_check("related_items", counts, 0.91).passed
    assert checks.changed_check("related_items", counts, 0.25) == Check(
        "related_items: changed lists",
        0.25,
        0.25,
        True,
        "related_items: of 20 served lists 5 are gone or lose more than half of their items, "
        "0.250; the most is 0.25 (max_changed_share).",
    )
    assert not checks.changed_check("related_items", counts, 0.24).passed
    for check in (checks.rows_check, checks.changed_check):
        assert check("related_items", "None are served.", 0.5)[1:] == (
            None,
            None,
            True,
            "None are served.",
        )


def test_coverage_and_that_of_nothing():
    assert checks.coverage_check("customers", Coverage(1000, 950), 0.95, "min_share") == Check(
        "customers",
        0.95,
        0.95,
        True,
        "950 of 1,000 customers, 0.950; the least is 0.95 (min_share).",
    )
    assert not checks.coverage_check("customers", Coverage(1000, 949), 0.95, "key").passed
    assert checks.coverage_check("customers", Coverage(0, 0), 0.95, "key").passed


def rates(day, *values, cut_off=CUT_OFF, customers=100, model="sum"):
    kinds = ("new", "all")
    return [
        HitRate(day, cut_off, model, items, customers, value)
        for items, value in zip(kinds, values, strict=True)
    ]


def evaluated(given, where=ONE):
    return checks.evaluation_checks(Judged(given, 6, 0.01), ["sum"], where, DAY)


def test_a_model_may_foretell_worse_by_the_margin_and_no_more():
    at_limit, below = evaluated([*rates(DAY, 0.19, 0.2899), *rates(SERVED_DAY, 0.2, 0.3)])
    assert at_limit == Check(
        "hit@6 of sum, new items",
        0.19,
        0.19,
        True,
        "hit@6 of sum, new items is 0.1900, and 0.2000 of the served lists; it may be 0.01 lower "
        "(margin).",
    )
    assert (below.name, below.limit, below.passed) == ("hit@6 of sum, all items", 0.29, False)


def test_cut_offs_weigh_by_customers_and_common_ones_are_compared_alone():
    today = [*rates(DAY, 0.1, 0.1), *rates(DAY, 0.4, 0.4, cut_off=OTHER, customers=300)]
    apart = rates(SERVED_DAY, 0.3, 0.3, cut_off=date(2024, 1, 3))
    assert [check.value for check in evaluated([*today, *apart])] == pytest.approx([0.325] * 2)
    common = rates(SERVED_DAY, 0.1, 0.1)
    assert [check.value for check in evaluated([*today, *common])] == [0.1, 0.1]


def test_a_model_that_the_served_day_has_not_judged_is_not_compared():
    assert [check[2:] for check in evaluated(rates(DAY, 0.1, 0.2))] == [
        (
            None,
            True,
            "hit@6 of sum, new items is 0.1000; the evaluation of the served day has none.",
        ),
        (
            None,
            True,
            "hit@6 of sum, all items is 0.2000; the evaluation of the served day has none.",
        ),
    ]


def test_without_an_evaluation_of_the_day_lists_are_refused_but_for_the_first():
    assert evaluated(rates(SERVED_DAY, 0.2, 0.3)) == [
        Check(
            "hit@6",
            None,
            None,
            False,
            "No evaluation of 2024-01-20 judges sum: make lists of earlier days with the same "
            "parameters (alsobought run recommendations --with-upstream --as-of an earlier day), "
            "then alsobought run evaluations --as-of 2024-01-20.",
        )
    ]
    assert evaluated([], NOTHING) == [
        Check("hit@6", None, None, True, "Nothing is served that lists could be worse than.")
    ]
    assert evaluated(None) == [
        Check("hit@6", None, None, True, "There is no [jobs.evaluations] that judges lists.")
    ]
    assert evaluated([]) == [
        Check(
            "hit@6",
            None,
            None,
            True,
            "Neither 2024-01-20 nor the served day has lists of earlier days to be judged.",
        )
    ]
    one_kind = rates(DAY, 0.1, 0.2)[:1]
    assert evaluated(one_kind)[1][1:] == (
        None,
        None,
        False,
        "The evaluation has no hit@6 of sum, all items.",
    )


def test_an_evaluation_of_lists_that_were_made_otherwise_does_not_count():
    changed = {"related_items": {"top_k": 9}, "co_purchases": {}}
    where = serving(*ONE.decisions, made_with={CUT_OFF: changed})
    assert evaluated(rates(DAY, 0.9, 0.9), where) == [
        Check(
            "hit@6",
            None,
            None,
            False,
            "The lists of 2024-01-05 that the evaluation has judged were made with other "
            "parameters of related_items than those of 2024-01-20: alsobought run related_items "
            "--as-of 2024-01-05 (and what reads them), then alsobought run evaluations --as-of "
            "2024-01-20.",
        )
    ]
    other_memory = {"related_items": {"top_k": 5, "task_memory_mb": 1}}
    where = serving(*ONE.decisions, made_with={CUT_OFF: other_memory})
    assert evaluated(rates(DAY, 0.9, 0.9), where)[0].passed
    unknown = serving(*ONE.decisions, made_with={CUT_OFF: {}})
    assert not evaluated(rates(DAY, 0.9, 0.9), unknown)[0].passed
    assert evaluated(rates(DAY, 0.9, 0.9), serving(*ONE.decisions, made_with={DAY: {}}))[0].passed


def test_all_that_fails_is_a_reason():
    good, bad = Check("a", 1.0, 1.0, True, "Good."), Check("b", 0.0, 1.0, False, "Bad.")
    assert checks.decided(ONE, [good, good]) == ("promoted", CANDIDATES, ["All 2 checks hold."])
    assert checks.decided(ONE, [good, bad, bad]) == ("refused", SERVED, ["Bad.", "Bad."])
    assert checks.decided(NOTHING, [bad]) == ("refused", None, ["Bad."])
