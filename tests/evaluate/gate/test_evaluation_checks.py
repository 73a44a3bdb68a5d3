"""Models against those that are served: what is compared, at which limit, and when nothing is."""

from datetime import date

import pytest

from alsobought.evaluate.gate.checks import Check
from alsobought.evaluate.gate.evaluation_checks import Judged, evaluation_checks
from alsobought.tables.serving import Decision, HitRate, Serving, State

DAY, SERVED_DAY, CUT_OFF, OTHER, LATER = (date(2024, 1, n) for n in (20, 19, 6, 5, 19))
SERVED = State(SERVED_DAY, {"related_items": 3}, {"related_items": "x"})
CANDIDATES = State(DAY, {"related_items": 4}, {"related_items": "x"})
SAME = {"related_items": {"top_k": 5}}


def rates(*values, cut_off=CUT_OFF, customers=100, model="sum", above=None, half=0.0):
    """Hit rates of new and of all items; above: how far they are above bestsellers, within half."""
    kinds = ("new", "all")
    plain = [
        HitRate(cut_off, model, None, items, 6, customers, value, value - half, value + half)
        for items, value in zip(kinds, values, strict=True)
    ]
    compared = [
        rate._replace(compared_with="bestsellers", value=above, low=above - half, high=above + half)
        for rate in plain
        if above is not None
    ]
    return [*plain, *compared]


def serving(served=(), made_with=None, served_made_with=None, state=SERVED):
    made = dict.fromkeys((DAY, CUT_OFF, OTHER, LATER), SAME) | (made_with or {})
    decisions = [Decision(1, "promoted", SERVED_DAY, state, tuple(served))] if state else []
    return Serving(decisions, CANDIDATES, {}, {}, made.__getitem__, lambda: served_made_with or {})


def evaluated(today, where=None, k=6, models=("sum",)):
    return evaluation_checks(Judged(today, models, k, 0.01), where or serving(), DAY)


def verdict(check):
    return check.value, check.limit, check.passed


def test_at_the_same_cut_offs_a_model_may_foretell_worse_by_the_margin_and_no_more():
    at_limit, below = evaluated(rates(0.19, 0.2899), serving(rates(0.2, 0.3, half=0.5)))
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
    today = [*rates(0.1, 0.1), *rates(0.4, 0.4, cut_off=OTHER, customers=300)]
    apart = serving(rates(0.3, 0.3, cut_off=date(2024, 1, 3)))
    assert [check.value for check in evaluated(today, apart)] == pytest.approx([0.325] * 2)
    assert [check.value for check in evaluated(today, serving(rates(0.1, 0.1)))] == [0.1, 0.1]


def test_in_other_days_what_counts_is_how_far_a_model_is_above_bestsellers():
    """A bad fortnight: half of the hits, and as far above bestsellers as ever."""
    before = serving(rates(0.4, 0.6, above=0.05, half=0.003, cut_off=OTHER))
    same = evaluated(rates(0.2, 0.3, above=0.05, half=0.004), before)
    assert [check.passed for check in same] == [True, True]
    limit = 0.05 - 0.01 - 0.005  # the root of .003 ** 2 + .004 ** 2
    assert same[0] == Check(
        "hit@6 of sum, new items",
        0.05,
        pytest.approx(limit),
        True,
        "hit@6 of sum, new items is +0.0500 from bestsellers, and +0.0500 of the served lists in "
        "their days; it may be 0.01 lower (margin) and 0.0050 more by chance (95 %).",
    )
    assert evaluated(rates(0.2, 0.3, above=limit + 1e-9, half=0.004), before)[0].passed
    worse = evaluated(rates(0.5, 0.7, above=limit - 1e-9, half=0.004), before)
    assert [check.passed for check in worse] == [False, False]


def test_without_bestsellers_the_rates_themselves_are_compared():
    before = serving(rates(0.3, 0.3, half=0.03, cut_off=OTHER))
    check, _ = evaluated(rates(0.25, 0.3, half=0.04, above=0.2), before)
    assert verdict(check) == (0.25, pytest.approx(0.3 - 0.01 - 0.05), True)
    assert not evaluated(rates(0.23, 0.3, half=0.04), before)[0].passed


def test_lists_of_the_same_parameters_are_not_refused_for_the_season():
    before = rates(0.4, 0.6, cut_off=OTHER)
    bad = rates(0.1, 0.1, cut_off=LATER)
    (check,) = evaluated(bad, serving(before, served_made_with=SAME))
    assert check == Check(
        "hit@6",
        None,
        None,
        True,
        "The served lists were made with the same parameters and judged by purchases before "
        "2024-01-19, those of 2024-01-20 by later ones alone: a difference would be one of these "
        "days.",
    )
    # as long as some of the days are the same, and whenever the parameters are others
    still = rates(0.1, 0.1, cut_off=date(2024, 1, 18))
    where = serving(before, {date(2024, 1, 18): SAME}, SAME)
    assert [check.passed for check in evaluated(still, where)] == [False, False]
    other = serving(before, served_made_with={"related_items": {"top_k": 9}})
    assert [check.passed for check in evaluated(bad, other)] == [False, False]
    assert [check.passed for check in evaluated(bad, serving(before))] == [False, False]


def test_a_model_that_was_not_judged_when_it_was_promoted_is_not_compared():
    assert [check[2:] for check in evaluated(rates(0.1, 0.2))] == [
        (
            None,
            True,
            f"hit@6 of sum, {items} items is {value}; there is none of when the served lists were "
            f"promoted.",
        )
        for items, value in (("new", "0.1000"), ("all", "0.2000"))
    ]


def test_without_an_evaluation_of_the_day_lists_are_refused_but_for_the_first():
    (check,) = evaluated([], serving(rates(0.2, 0.3)))
    assert check == Check(
        "hit@6",
        None,
        None,
        False,
        "The evaluation of 2024-01-20 does not judge sum; it judges nothing. Make lists of earlier "
        "days with the same parameters (alsobought run recommendations --with-upstream --as-of an "
        "earlier day), then alsobought run evaluations --as-of 2024-01-20.",
    )
    nothing = "Nothing is served that lists could be worse than."
    assert evaluated([], serving(state=None)) == [Check("hit@6", None, None, True, nothing)]
    none = "There is no [jobs.evaluations] that judges lists."
    assert evaluated(None) == [Check("hit@6", None, None, True, none)]
    neither = "Neither 2024-01-20 nor the served day has lists of earlier days to be judged."
    assert evaluated([]) == [Check("hit@6", None, None, True, neither)]


def test_a_kind_of_items_that_is_not_judged():
    one_kind, before = rates(0.1, 0.2)[:1], rates(0.1, 0.2)
    assert evaluated(one_kind, serving(before))[1][1:] == (
        None,
        None,
        False,
        "The evaluation has no hit@6 of sum, all items.",
    )
    assert evaluated(one_kind, serving(before[:1]))[1].passed


def test_a_model_or_k_that_nobody_judges_names_those_that_are():
    today = [*rates(0.1, 0.2), *rates(0.1, 0.2, model="als")]
    today += [rate._replace(k=10) for rate in today]
    (check,) = evaluated(today, models=["sum", "summ"])
    assert check.reason.startswith(
        "The evaluation of 2024-01-20 does not judge summ; it judges als, sum. Where 'models' in "
        "[jobs.promotions] is meant to name one of these, correct it; else make lists of"
    )
    wrong_k = (
        "k = 7 in [jobs.promotions] is not among the ks of [jobs.evaluations]: choose 6 or 10."
    )
    for where in (serving(), serving(state=None)):
        assert evaluated(today, where, k=7) == [Check("hit@7", None, None, False, wrong_k)]


def made_otherwise(then, now=SAME):
    return evaluated(rates(0.9, 0.9), serving(rates(0.9, 0.9), {CUT_OFF: then, DAY: now}))


def test_an_evaluation_of_lists_that_were_made_otherwise_does_not_count():
    assert made_otherwise({"related_items": {"top_k": 9}, "co_purchases": {}}) == [
        Check(
            "hit@6",
            None,
            None,
            False,
            "The lists of 2024-01-06 that the evaluation has judged were made with other "
            "parameters of related_items than those of 2024-01-20: alsobought run related_items "
            "--as-of 2024-01-06 (and what reads them), then alsobought run evaluations --as-of "
            "2024-01-20.",
        )
    ]
    assert made_otherwise({"related_items": {"top_k": 5, "task_memory_mb": 1}})[0].passed
    assert not made_otherwise({})[0].passed
    assert made_otherwise(SAME, {})[0].passed


def test_of_the_sources_only_the_returns_change_lists():
    def sources(returns, **purchases):
        return {"returned_purchases": {"sources": {"purchases": purchases | {"returns": returns}}}}

    of_30, of_60 = {"days": 30}, {"days": 60}
    assert made_otherwise(sources(of_30, path="old.csv"), sources(of_30, path="new.csv"))[0].passed
    assert not made_otherwise(sources(of_30), sources(of_60))[0].passed
    assert not made_otherwise({}, sources(of_60))[0].passed
