"""Priors fitted to worlds whose prior is known, and to bins that any order of pairs fills alike."""

import numpy as np
import pytest

from alsobought.copurchase.cell_bins import (
    Cells,
    bins_of,
    cells_of,
    of_all_markets,
    of_market,
    summed,
)
from alsobought.copurchase.gamma_poisson import USUAL, Prior, eb05
from alsobought.copurchase.prior_fit import fit_prior, fit_priors, grid_of, log_likelihood

PLANTED = Prior(1.5, 0.15, 4.0, 4.0, 0.15)  # means 10 and 1
SUPPORT = 3


def planted_pairs(prior, count, seed):
    """N and E of pairs drawn from the model; those below SUPPORT are left out."""
    rng = np.random.default_rng(seed)
    expected = np.exp(rng.normal(-0.5, 1.5, count))
    is_first = rng.random(count) < prior.share
    shapes = np.where(is_first, prior.alpha1, prior.alpha2)
    rates = np.where(is_first, prior.beta1, prior.beta2)
    both = rng.poisson(rng.gamma(shapes) / rates * expected)
    return both[both >= SUPPORT], expected[both >= SUPPORT]


@pytest.fixture(scope="module")
def pairs():
    return planted_pairs(PLANTED, 200_000, 1)


def in_market(number, both):
    return np.full(len(both), number, np.int32)


def test_the_prior_of_a_planted_world_is_recovered(pairs):
    both, expected = pairs
    cells = cells_of(bins_of(in_market(0, both), both, expected))
    fitted, grid = fit_prior(cells, SUPPORT), grid_of(cells)
    assert fitted.share == pytest.approx(PLANTED.share, rel=0.15)
    assert fitted.alpha1 / fitted.beta1 == pytest.approx(10, rel=0.1)
    assert fitted.alpha2 / fitted.beta2 == pytest.approx(1, rel=0.1)
    assert log_likelihood(fitted, grid, SUPPORT) >= log_likelihood(PLANTED, grid, SUPPORT)
    some = np.array([3, 5, 20, 200]), np.array([0.05, 2.0, 4.0, 150.0])
    assert eb05(fitted, *some) == pytest.approx(eb05(PLANTED, *some), rel=0.05)


def test_pairs_below_the_support_are_missed_less_where_they_are_accounted_for(pairs):
    """Without the correction the same pairs look as if most were far above chance."""
    both, expected = pairs
    cells = cells_of(bins_of(in_market(0, both), both, expected))
    as_if_all = fit_prior(cells, 1)
    corrected = fit_prior(cells, SUPPORT)

    def mean(prior):
        of_first = prior.share * prior.alpha1 / prior.beta1
        return of_first + (1 - prior.share) * prior.alpha2 / prior.beta2

    assert mean(PLANTED) == pytest.approx(2.35)
    assert mean(corrected) == pytest.approx(2.35, rel=0.05)
    assert mean(as_if_all) > 4


def test_the_likelihood_is_that_of_each_pair_given_that_it_was_seen():
    """One pair of N = 3 at E = 2 under one gamma: 3 successes by hand, over those of 2 or more."""
    prior = Prior(2.0, 3.0, 2.0, 3.0, 0.5)
    p = 2 / (3 + 2)
    chance = [(k + 1) * (1 - p) ** 2 * p**k for k in range(4)]  # C(k + 1, k) = k + 1
    cells = Cells(np.array([3.0]), np.array([2.0]), np.array([7]))
    want = np.log(chance[3] / (1 - chance[0] - chance[1]))
    assert log_likelihood(prior, grid_of(cells), 2) == pytest.approx(want)


def test_bins_hold_each_pair_once_and_near_its_counts():
    rng = np.random.default_rng(2)
    both = np.concatenate([np.arange(1, 200), rng.integers(1, 10_000_000, 800)])
    expected = np.exp(rng.normal(0, 4, len(both)))
    for n, e in zip(both, expected, strict=True):
        cells = cells_of(bins_of(in_market(5, [n]), np.array([n]), np.array([e])))
        assert cells.counts.tolist() == [1]
        assert cells.expected == pytest.approx(e, rel=0.033)
        assert cells.both == (n if n <= 64 else pytest.approx(n, rel=0.04))


def test_what_is_fitted_does_not_depend_on_the_order_of_pairs_or_parts(pairs):
    both, expected = (column[:50_000] for column in pairs)
    markets = np.arange(len(both), dtype=np.int32) % 3
    at_once = bins_of(markets, both, expected)
    shuffled = np.random.default_rng(3).permutation(len(both))
    parts = [
        bins_of(markets[part], both[part], expected[part]) for part in np.array_split(shuffled, 7)
    ]
    for got, want in zip(summed(parts), at_once, strict=True):
        assert got.tolist() == want.tolist()


def test_a_market_with_enough_pairs_has_a_prior_of_its_own_and_others_share_one():
    """Market 0 has many pairs, 1 few, 2 none."""
    many = planted_pairs(PLANTED, 30_000, 4)
    few = planted_pairs(Prior(1.0, 1.0, 1.0, 1.0, 0.5), 400, 5)
    counted = summed([bins_of(in_market(i, p[0]), *p) for i, p in enumerate((many, few))])
    priors = fit_priors(counted, 3, SUPPORT)
    assert priors.pairs == len(many[0]) + len(few[0])
    assert of_all_markets(counted).counts.sum() == priors.pairs
    assert priors.of_markets[0] != pytest.approx(priors.of_markets[1], rel=1e-9)
    assert priors.of_markets[1:].tolist() == [list(priors.overall)] * 2
    alone = fit_prior(cells_of(of_market(counted, 0)), SUPPORT, [priors.overall])
    assert priors.of_markets[0].tolist() == list(alone)


def test_too_few_pairs_have_the_usual_prior():
    few = bins_of(in_market(0, range(199)), np.full(199, 5), np.ones(199))
    assert fit_prior(cells_of(few), SUPPORT) == USUAL
    nothing = summed([])
    assert fit_priors(nothing, 2, 5).of_markets.tolist() == [list(USUAL)] * 2
