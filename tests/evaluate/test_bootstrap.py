"""Bootstrap weights by hash, and the intervals that they give."""

import numpy as np
import pytest

from alsobought.evaluate.bootstrap import customer_weights, estimates

CUSTOMERS = np.random.default_rng(1).integers(-(2**62), 2**62, 20_000)


def test_weights_are_poisson_and_the_first_sample_is_the_customers_themselves():
    weights = customer_weights(CUSTOMERS, 50, 7)
    assert weights.shape == (20_000, 51)
    assert set(weights[:, 0]) == {1}
    drawn = weights[:, 1:]
    assert drawn.mean() == pytest.approx(1, abs=0.005)
    assert drawn.var() == pytest.approx(1, abs=0.01)
    assert (drawn == 0).mean() == pytest.approx(np.exp(-1), abs=0.002)
    assert (drawn == 3).mean() == pytest.approx(np.exp(-1) / 6, abs=0.002)
    assert abs(np.corrcoef(drawn[:, :10].T) - np.eye(10)).max() < 0.04  # samples are independent


def test_weights_are_the_customers_own_whoever_stands_beside_them():
    whole = customer_weights(CUSTOMERS, 20, 7)
    assert (customer_weights(CUSTOMERS[::-1][:100], 20, 7) == whole[::-1][:100]).all()
    assert (customer_weights(CUSTOMERS, 20, 8) != whole).any()


def estimated(figures, replicates=1000):
    weights = customer_weights(CUSTOMERS[: figures.shape[1]], replicates, 3)
    return estimates(figures @ weights, weights.sum(axis=0))


def test_an_interval_is_as_wide_as_its_standard_errors_say():
    figures = np.random.default_rng(2).random((1, 2_000)) < 0.2
    value, low, high = (part[0] for part in estimated(figures.astype(float)))
    error = np.sqrt(0.2 * 0.8 / 2_000)
    assert value == figures.mean()
    assert low == pytest.approx(value - 1.96 * error, abs=0.003)
    assert high == pytest.approx(value + 1.96 * error, abs=0.003)


def test_a_paired_difference_is_surer_than_two_intervals():
    """Two models that differ for one customer in thirty: of most the difference is 0."""
    hits = np.random.default_rng(3).random(2_000) < 0.3
    better = hits | (np.arange(2_000) % 30 == 0)
    one, other, difference = (
        estimated(row[None, :].astype(float)) for row in (hits, better, better * 1.0 - hits)
    )
    assert one.high[0] > other.low[0]  # the intervals overlap
    assert difference.low[0] > 0


def test_samples_without_a_customer_are_left_out():
    weights = np.array([1.0, 0.0, 2.0, 1.0])
    value, low, high = estimates(np.array([[0.5, 0.0, 1.0, 0.5]]), weights)
    assert (value, low, high) == (0.5, 0.5, 0.5)
    nothing = estimates(np.array([[0.5, 0.0]]), np.array([1.0, 0.0]))
    assert nothing.values == 0.5
    assert np.isnan([nothing.low, nothing.high]).all()
