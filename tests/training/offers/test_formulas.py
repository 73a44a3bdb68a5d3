"""The formulas: exact fractions, and what holds for all probabilities."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alsobought.training.offers import formulas

P, LATE = Fraction(1, 5), Fraction(1, 10)
TRUTH = (Fraction(1, 5), Fraction(4, 5))
STAYS = formulas.stays_negative(P, LATE)

chances = st.fractions(min_value=Fraction(1, 100), max_value=Fraction(99, 100), max_denominator=200)
shares = st.fractions(min_value=0, max_value=1, max_denominator=50)


def masses(observed, weighted):
    """q w of each label, as shares of their sum."""
    products = [q * w for q, w in zip(observed, weighted, strict=True)]
    return tuple(product / sum(products) for product in products)


def defuse_masses(p, late):
    """DEFUSE's weighted positives and negatives: in window, late, and an observed 0 as either."""
    in_window, dp, fake, real = formulas.defuse_weights(late, formulas.stays_negative(p, late))
    observed_negative = 1 - p + late
    positive = (p - late) * in_window + late * dp + observed_negative * fake
    negative = observed_negative * real
    return positive / (1 + late), negative / (1 + late)


def test_the_shares_of_negative_copies():
    assert formulas.fnw_observed(P)[1] == Fraction(5, 6)
    assert formulas.es_dfm_observed(P, LATE)[1] == Fraction(9, 11)
    assert formulas.defer_observed(P, LATE)[1] == Fraction(17, 20)


def test_the_weights_of_the_worked_example():
    assert Fraction(8, 9) == STAYS
    assert formulas.fnw_weights(P) == (Fraction(6, 5), Fraction(24, 25))
    assert formulas.es_dfm_weights(LATE, STAYS) == (Fraction(11, 10), Fraction(44, 45))
    assert formulas.defer_weights(P, LATE) == (Fraction(4, 3), Fraction(16, 17))


def test_in_every_case_the_weighted_shares_are_the_truth():
    both = (Fraction(6, 5), Fraction(24, 25))
    q = formulas.fnw_observed(P)
    assert (q[0] * both[0], q[1] * both[1]) == TRUTH
    q, w = formulas.es_dfm_observed(P, LATE), formulas.es_dfm_weights(LATE, STAYS)
    assert (q[0] * w[0], q[1] * w[1]) == TRUTH
    q, w = formulas.defer_observed(P, LATE), formulas.defer_weights(P, LATE)
    assert (q[0] * w[0], q[1] * w[1]) == TRUTH
    assert defuse_masses(P, LATE) == TRUTH


def test_fnw_is_es_dfm_without_a_window():
    at_once = formulas.es_dfm_weights(P, formulas.stays_negative(P, P))
    assert at_once == formulas.fnw_weights(P)
    assert formulas.es_dfm_observed(P, P) == formulas.fnw_observed(P)


def test_fnc_undoes_the_share_of_its_copies():
    assert formulas.fnc_corrected(formulas.fnw_observed(P)[0]) == P


def test_the_snapshot_of_the_worked_example():
    given = (Fraction(3, 10), Fraction(1, 2), Fraction(9, 10), Fraction(3, 5))
    q = formulas.snapshot_observed(*given)
    w = formulas.snapshot_weights(*given)
    assert q == (Fraction(73, 100), Fraction(18, 100), Fraction(9, 100))
    assert w == (Fraction(70, 73), Fraction(5, 6), Fraction(5, 3))
    assert [round(float(weight), 4) for weight in w] == [0.9589, 0.8333, 1.6667]
    assert [a * b for a, b in zip(q, w, strict=True)] == [
        Fraction(70, 100),
        Fraction(15, 100),
        Fraction(15, 100),
    ]


@given(pi=chances, rho=chances, engaged=chances, share=chances)
def test_weighted_states_are_the_final_states(pi, rho, engaged, share):
    # a visible redemption is a visible engagement: F_r <= F_e
    q = formulas.snapshot_observed(pi, rho, engaged, engaged * share)
    w = formulas.snapshot_weights(pi, rho, engaged, engaged * share)
    final = (1 - pi, pi * (1 - rho), pi * rho)
    assert tuple(a * b for a, b in zip(q, w, strict=True)) == final
    assert sum(final) == sum(q) == 1


@given(pi=chances, rho=chances)
def test_the_weights_of_a_snapshot_go_to_1_with_age(pi, rho):
    fresh = formulas.snapshot_weights(pi, rho, Fraction(1, 10**9), Fraction(1, 10**10))
    assert fresh[0] == pytest.approx(float(1 - pi), abs=1e-8)  # at age 0: the chance of a 0
    assert fresh[0] >= 1 - pi
    assert formulas.snapshot_weights(pi, rho, Fraction(1), Fraction(1)) == (1, 1, 1)
    old = formulas.snapshot_weights(pi, rho, 1 - Fraction(1, 10**9), 1 - Fraction(2, 10**9))
    assert [float(weight) for weight in old] == pytest.approx([1, 1, 1], abs=1e-6)


@given(pi=chances, rho=chances, earlier=chances, later=chances)
def test_an_open_0_weighs_more_the_older_it_is(pi, rho, earlier, later):
    earlier, later = sorted((earlier, later))
    half = Fraction(1, 2)
    young = formulas.snapshot_weights(pi, rho, earlier, earlier * half)
    old = formulas.snapshot_weights(pi, rho, later, later * half)
    assert 1 - pi <= young[0] <= old[0] <= 1
    assert young[2] >= old[2] >= 1


@given(p=chances, share=shares)
def test_every_stream_weighs_up_to_the_truth(p, share):
    late = p * share
    stays = formulas.stays_negative(p, late)
    truth = (p, 1 - p)
    assert masses(formulas.fnw_observed(p), formulas.fnw_weights(p)) == truth
    assert masses(formulas.es_dfm_observed(p, late), formulas.es_dfm_weights(late, stays)) == truth
    assert masses(formulas.defer_observed(p, late), formulas.defer_weights(p, late)) == truth
    assert defuse_masses(p, late) == truth
    assert formulas.es_dfm_fixed_point(p, late, stays) == p


@given(p=chances, visible=chances)
def test_fsiw_weighs_a_snapshot_up_to_the_truth(p, visible):
    w = formulas.fsiw_weights(visible, formulas.never_redeems(p, visible))
    assert masses((p * visible, 1 - p * visible), w) == (p, 1 - p)


@given(p=chances, share=shares, stays=chances, claimed=chances)
def test_the_fixed_point_is_where_the_weighted_copies_balance(p, share, stays, claimed):
    late = p * share
    balance = masses(formulas.es_dfm_observed(p, late), formulas.es_dfm_weights(claimed, stays))
    assert balance[0] == formulas.es_dfm_fixed_point(p, late, stays)


def test_floats_and_arrays_take_the_same_formulas():
    p, late = np.array([0.2, 0.5]), np.array([0.1, 0.2])
    both = formulas.defuse_weights(late, formulas.stays_negative(p, late))
    one = formulas.defuse_weights(0.1, formulas.stays_negative(0.2, 0.1))
    assert [weight[0] for weight in both] == pytest.approx(list(one), rel=1e-15)
    assert all(weight.shape == (2,) for weight in both)
    assert formulas.defer_weights(0.2, 0.1) == pytest.approx((4 / 3, 16 / 17))
