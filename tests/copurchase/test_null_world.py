"""Customers who buy independently: the naive expectation fails there, the corrected one does not.

60,000 customers of Pareto activity (mean 5.9 purchases), 200 items with P ~ rank^-0.8. What is
asserted are the bounds of the design's T1.2; its figures are a prototype's, not a paper's.
"""

import numpy as np
import pytest

from alsobought.copurchase.engine.kernels.best_candidates import expected_of, fill_moments
from alsobought.copurchase.engine.kernels.named_arrays import Histogram
from alsobought.copurchase.formulas import TERMS

RANKS = (0, 5, 20, 60, 120)


def a_world(customers, items):
    """The customer x item matrix of purchase counts."""
    rng = np.random.default_rng(2017)
    popularity = np.arange(1, items + 1) ** -0.8
    popularity /= popularity.sum()
    activity = np.minimum(np.floor(2 * (rng.pareto(1.5, customers) + 1)), 400).astype(int)
    counts = np.zeros((customers, items), np.int32)
    who = np.repeat(np.arange(customers), activity)
    np.add.at(counts, (who, rng.choice(items, len(who), p=popularity)), 1)
    return counts


@pytest.fixture(scope="module")
def world():
    return a_world(60_000, 200)


@pytest.fixture(scope="module")
def wide_world():
    """A catalogue so wide that few customers own much of it, as a shop's is."""
    return a_world(20_000, 5_000)


def ratios(counts, x):
    """Sum of N over sum of E for item x: naive, corrected, exact (share P / (1 - P_x))."""
    owned = counts > 0
    buyers = owned[:, x]
    both = owned[buyers].sum(axis=0)
    others = counts[buyers].sum(axis=1) - counts[buyers, x]
    histogram = Histogram(*np.unique(others, return_counts=True))
    moments = np.empty(TERMS)
    fill_moments(*histogram, moments)
    share = counts.sum(axis=0) / counts.sum()
    rest = [y for y in range(counts.shape[1]) if y != x]
    naive = buyers.sum() * owned.mean(axis=0)

    def total(shares):
        return sum(expected_of(shares[y], moments, histogram) for y in rest)

    observed = both[rest].sum()
    exact = total(share / (1 - share[x]))
    return observed / naive[rest].sum(), observed / total(share), observed / exact, share[x]


@pytest.mark.parametrize("x", RANKS)
def test_events(world, x):
    naive, corrected, exact, share = ratios(world, x)
    assert naive > 1.5 if x == 0 else naive > 2
    assert abs(exact - 1) < 0.02
    if share < 0.01:
        assert abs(corrected - 1) < 0.02
    assert 1 - 0.02 < corrected < 1.15  # P_Y is a little low beside a very popular X


@pytest.mark.parametrize("x", [60, 120])
def test_what_repeats_are_counted_for(wide_world, x):
    """count_repeats = true is right where purchases are independent; without it a heavy customer
    has too few chances, which leaves an eighth of the bias here (docs/related-items.md)."""
    _, counted, _, _ = ratios(wide_world, x)
    assert abs(counted - 1) < 0.02
    naive, distinct, _, _ = ratios((wide_world > 0).astype(np.int32), x)
    assert naive > 4
    assert 1.05 < distinct < 1.2
