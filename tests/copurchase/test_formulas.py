"""E: the worked example, the two ways to compute it, and its laws."""

import math
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alsobought.copurchase import formulas
from alsobought.copurchase.engine.kernels.best_candidates import expected_of
from alsobought.copurchase.engine.kernels.named_arrays import Histogram
from alsobought.copurchase.formulas import TERMS, fill_moments

# algorithms, T1.1: three buyers of X with 3, 5 and 8 other items, P_Y = 0.05
WORKED = ([3, 5, 8], [1, 1, 1], 0.05)
ALPHAS = [16, -41, 67, -75, 57, -28, 8, -1]


def plain(others, counts, share):
    """The sum that defines E, digit by digit."""
    return math.fsum(n * (1 - (1 - share) ** m) for m, n in zip(others, counts, strict=True))


def compiled(others, counts, share):
    moments = np.empty(TERMS)
    fill_moments(others, counts, moments)
    return expected_of(share, moments, Histogram(np.array(others), np.array(counts)))


def test_the_worked_example():
    assert plain(*WORKED) == pytest.approx(0.705423631, abs=5e-10)
    others, buyers, share = WORKED
    assert formulas.expected(share, others, buyers) == pytest.approx(plain(*WORKED), rel=1e-14)
    assert compiled(*WORKED) == pytest.approx(plain(*WORKED), rel=1e-14)


def test_the_coefficients_and_partial_sums_of_the_worked_example():
    moments = np.empty(TERMS)
    fill_moments([3, 5, 8], [1, 1, 1], moments)
    signed = [(-1) ** k * moment for k, moment in enumerate(moments)]
    assert signed == [*ALPHAS, 0, 0, 0, 0]
    sums = np.cumsum([alpha * 0.05 ** (k + 1) for k, alpha in enumerate(ALPHAS)])
    assert sums[:5] == pytest.approx([0.8, 0.6975, 0.705875, 0.70540625, 0.7054240625], abs=1e-12)
    assert sums[-1] == pytest.approx(plain(*WORKED), rel=1e-13)


sizes = st.lists(st.integers(1, 3_000), min_size=1, max_size=30, unique=True).map(sorted)
shares = st.floats(1e-9, 0.6)


@settings(max_examples=200, deadline=None)
@given(sizes, shares, st.randoms(use_true_random=False))
def test_series_and_closed_form_agree_with_the_exact_sum(others, share, rng):
    counts = [rng.randrange(1, 50) for _ in others]
    exact = -sum(
        n * math.expm1(m * math.log1p(-share)) for m, n in zip(others, counts, strict=True)
    )
    assert compiled(others, counts, share) == pytest.approx(exact, rel=1e-11)
    assert formulas.expected(share, others, counts) == pytest.approx(exact, rel=1e-13)


@settings(max_examples=100, deadline=None)
@given(sizes, st.floats(1e-6, 3e-3), st.floats(1.01, 2.0))
def test_e_grows_with_the_share_and_with_every_size(others, share, factor):
    ones = [1] * len(others)  # shares so small that 1 - (1 - P)^3000 is not yet 1 in a double
    e = compiled(others, ones, share)
    assert compiled(others, ones, share * factor) > e
    assert compiled([*others[:-1], others[-1] + 1], ones, share) > e


def test_twice_the_same_buyers_expect_twice_as_much():
    rng = random.Random(1)
    others = sorted(rng.sample(range(1, 500), 20))
    once = compiled(others, [1] * 20, 0.01)
    assert compiled(others, [2] * 20, 0.01) == pytest.approx(2 * once, rel=1e-14)


def test_the_activity_beside_x_is_one_step_from_that_of_any_items():
    """Three items of rates 0.3, 0.2, 0.1; an activity at which 1 is expected, of all or but X."""
    rates, share = [0.3, 0.2, 0.1], -math.expm1(-0.3)
    activity = 2.2
    slope = math.fsum(b * math.exp(-activity * b) for b in rates)
    others = 0.2 * math.exp(-activity * 0.2) + 0.1 * math.exp(-activity * 0.1)
    want = activity + (1 - math.exp(-activity * 0.3)) / others
    assert formulas.activity_beside(activity, slope, share) == pytest.approx(want, rel=1e-14)
    alone = 0.3 * math.exp(-activity * 0.3)  # no other item: nothing to expect
    assert formulas.activity_beside(activity, alone * (1 - 1e-15), share) == activity
    assert formulas.activity_beside(0.0, sum(rates), share) == 0.0


def test_plain_python_needs_no_compiler():
    modules = "{'numba', 'numpy', 'pyspark'} & {*sys.modules}"
    code = f"import sys, alsobought.copurchase.formulas; print({modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
