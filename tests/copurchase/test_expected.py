"""E: the worked example, the two ways to compute it, and its laws."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from alsobought.copurchase.engine.kernels.evidence import TERMS, expected_of, moments_of
from alsobought.copurchase.reference.expected import expected
from tests.rows import rows

# algorithms, T1.1: three buyers of X with 3, 5 and 8 other items, P_Y = 0.05
WORKED = ([3, 5, 8], [1, 1, 1], 0.05)
ALPHAS = [16, -41, 67, -75, 57, -28, 8, -1]


def plain(others, counts, share):
    """The sum that defines E, digit by digit."""
    return math.fsum(n * (1 - (1 - share) ** m) for m, n in zip(others, counts, strict=True))


def compiled(others, counts, share):
    others, counts = np.array(others), np.array(counts)
    moments = np.empty(TERMS)
    moments_of(others, counts, moments)
    return expected_of(share, int(others.max()), moments, others, counts)


def test_the_worked_example():
    assert plain(*WORKED) == pytest.approx(0.705423631, abs=5e-10)
    assert compiled(*WORKED) == pytest.approx(plain(*WORKED), rel=1e-14)


def test_the_coefficients_and_partial_sums_of_the_worked_example():
    moments = np.empty(TERMS)
    moments_of(np.array([3, 5, 8]), np.array([1, 1, 1]), moments)
    signed = [(-1) ** k * moment for k, moment in enumerate(moments)]
    assert signed == [*ALPHAS, 0, 0, 0, 0]
    sums = np.cumsum([alpha * 0.05 ** (k + 1) for k, alpha in enumerate(ALPHAS)])
    assert sums[:5] == pytest.approx([0.8, 0.6975, 0.705875, 0.70540625, 0.7054240625], abs=1e-12)
    assert sums[-1] == pytest.approx(plain(*WORKED), rel=1e-13)


def test_the_spark_formula_is_the_closed_form(frame):
    cases = [
        ([(3, 1), (5, 1), (8, 1)], 0.05),
        ([(0, 4)], 0.3),  # buyers of nothing else expect nothing
        ([(1, 2), (100_000, 7)], 1e-9),
        ([(2_000, 50)], 0.2),  # where the published series diverges
    ]
    columns = "h array<struct<others:bigint,buyers:bigint>>, share double"
    found = frame(columns, *cases).select(
        "h", "share", expected(F.col("h"), F.col("share")).alias("e")
    )
    for histogram, share, e in rows(found):
        others, counts = zip(*histogram, strict=True)
        exact = sum(-n * math.expm1(m * math.log1p(-share)) for m, n in histogram)
        assert e == pytest.approx(exact, rel=1e-14)
        assert compiled(others, counts, share) == pytest.approx(exact, rel=1e-12)


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
