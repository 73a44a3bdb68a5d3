"""Explanations on literal counts: scores, ranks, and bounds on pairs that were not kept."""

import math

import numpy as np
import pytest

from alsobought.copurchase.matched_rates import Margins, matched_rates
from alsobought.related.explanations import (
    Candidate,
    Evidence,
    Limits,
    expected_units,
    is_below_support,
    matched_units,
    mean,
    median,
    most_units,
    ranking,
    score,
)
from tests.oracle import Matched

EVIDENCE = Evidence(both=3, expected=1.0, buyers=4, related_buyers=3, units=10)


def bins(*pairs):
    return [{"others": others, "buyers": buyers} for others, buyers in pairs]


def candidate(item_id, both, expected=1.0, *, is_available=True):
    evidence = EVIDENCE._replace(both=both, expected=expected)
    return Candidate(item_id, evidence, is_available)


def test_the_expected_count_is_the_sum_over_buyers():
    histogram = bins((0, 5), (2, 3), (7, 1))
    assert expected_units(histogram, 0.3) == pytest.approx(
        3 * (1 - 0.7**2) + (1 - 0.7**7), rel=1e-14
    )
    assert expected_units(histogram, 1e-12) == pytest.approx(13e-12, rel=1e-9)


def test_the_matched_count_is_the_sum_over_the_activities_of_buyers():
    sizes, popularities = [3, 2, 2, 1], [4, 2, 1, 1]
    plain = Matched(sizes, popularities)
    rates = matched_rates(Margins(*map(np.array, ([1, 2, 3], [1, 2, 1], [1, 2, 4], [2, 1, 1]))))
    histogram, share = bins((0, 1), (1, 2), (2, 1)), plain.shares(2)
    want = sum(1 - (1 - share) ** plain.activity(m, 4) for m in (0, 1, 1, 2))
    assert matched_units(histogram, 2, rates) == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize(
    ("buyers", "expected"), [((1, 2, 1), 2), ((2, 1, 1), 1), ((1, 1, 3), 3), ((5, 1, 1), 1)]
)
def test_the_median_has_half_of_the_buyers_at_or_below(buyers, expected):
    assert median(bins(*enumerate(buyers, 1))) == expected


def test_the_mean_is_per_buyer():
    assert mean(bins((0, 5), (2, 3), (7, 1))) == pytest.approx(13 / 9, rel=1e-15)


def test_a_score_is_that_of_the_evidence():
    assert score("pearson_residual", EVIDENCE) == 2.0
    assert score("lift", EVIDENCE) == 2.5
    assert score("npmi", EVIDENCE) == pytest.approx(math.log(2.5) / -math.log(0.3), rel=1e-15)


def test_the_ranking_has_what_may_be_listed_best_first_ties_by_id():
    candidates = [
        candidate("c", 3),
        candidate("b", 3),
        candidate("gone", 9, is_available=False),
        candidate("rare", 1, expected=0.01),
        candidate("a", 4),
    ]
    assert ranking(candidates, "excess", 2) == ["a", "b", "c"]
    assert ranking(candidates, "pearson_residual", 1) == ["rare", "a", "b", "c"]


def test_a_pair_of_an_item_with_free_places_is_below_min_support():
    pair, kept = EVIDENCE._replace(both=0), [EVIDENCE, EVIDENCE]
    limits = Limits(min_support=2, candidates=3, metrics=["lift"])
    assert is_below_support(pair, kept, limits)
    assert most_units(pair, kept, limits) == 1
    assert not is_below_support(pair, [*kept, EVIDENCE], limits)
    assert is_below_support(pair._replace(expected=0.0), [*kept, EVIDENCE], limits)


def test_a_pair_that_no_metric_kept_has_at_most_as_many_units_as_the_last_one_kept():
    """Kept by excess are 5, 4 and 2, so with E = 1 the pair has at most 3 units."""
    kept = [EVIDENCE._replace(both=both) for both in (6, 5, 3)]
    pair = Evidence(both=0, expected=1.0, buyers=9, related_buyers=8, units=100)
    limits = Limits(min_support=2, candidates=3, metrics=["excess"])
    assert most_units(pair, kept, limits) == 3
    assert most_units(pair._replace(expected=2.5), kept, limits) == 4
    assert most_units(pair._replace(expected=2.5, related_buyers=2), kept, limits) == 2


def test_a_pair_below_min_support_is_not_kept_however_good_it_is():
    """Kept by excess are 4, 3 and 0, so with E = 1 the metric allows 1 unit, but 4 are too few."""
    kept = [EVIDENCE._replace(both=both, expected=5.0) for both in (9, 8, 5)]
    pair = Evidence(both=0, expected=1.0, buyers=9, related_buyers=8, units=100)
    assert most_units(pair, kept, Limits(min_support=5, candidates=3, metrics=["excess"])) == 4


def test_the_strictest_metric_bounds_the_units():
    kept = [EVIDENCE._replace(both=both) for both in (6, 5, 3)]
    pair = Evidence(both=0, expected=1.0, buyers=9, related_buyers=8, units=100)
    limits = Limits(min_support=2, candidates=3, metrics=["excess", "confidence"])
    assert most_units(pair, kept, limits) == 3  # confidence alone: 0.75 of 9 buyers are 6
    assert most_units(pair, kept, Limits(2, 3, ["confidence"])) == 6


def test_where_the_limits_of_the_run_are_unknown_only_the_buyers_bound_the_units():
    limits = Limits(min_support=2, candidates=None, metrics=["lift"])
    assert most_units(EVIDENCE, [], limits) == 3
    assert not is_below_support(EVIDENCE, [], limits)
