"""The compiled scores of the posterior: their functions, their formulas, their table."""

import math

import numpy as np
import pytest
from scipy import special

from alsobought.copurchase.engine.kernels import posterior_scores
from alsobought.copurchase.engine.kernels.posterior_scores import (
    EB05,
    EBGM,
    MOST_BOTH,
    gamma_cdf,
    log_quantile,
    log_score,
    posteriors_of,
    score_pairs,
)
from alsobought.copurchase.gamma_poisson import Posterior, Prior, eb05, ebgm

PRIORS = [
    Prior(3.25379356, 0.39988854, 2.02612692, 1.90807970, 0.06534557),
    Prior(0.5, 0.05, 4.0, 3.0, 0.1),
    Prior(0.02, 0.005, 12.0, 11.0, 0.3),
    Prior(2.0, 0.1, 1.0, 2.0, 0.01),
]
NARROW = Prior(100.0, 100.0, 1.0, 0.1, 0.9)
APART = Prior(50.0, 1.0, 60.0, 60.0, 0.05)  # a quantile jumps from one gamma to the other
WANTED = {EBGM: ebgm, EB05: eb05}


def test_digamma_is_that_of_scipy():
    for x in np.geomspace(1e-3, 1e9, 200):
        assert posterior_scores.digamma(x) == pytest.approx(
            special.digamma(x), rel=1e-10, abs=1e-10
        )


@pytest.mark.parametrize("shape", [0.01, 0.5, 1.0, 2.5, 30.0, 999.0, 9_999.0])
def test_the_cdf_of_a_gamma_is_that_of_scipy(shape):
    deviations = np.linspace(-6, 8, 57)
    for x in [*(shape + deviations * math.sqrt(shape)), 1e-9, 0.3, 0.0]:
        if x >= 0:
            want = special.gammainc(shape, x)
            assert gamma_cdf(shape, x) == pytest.approx(want, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("shape", [1.0, 1.2, 8.0, 400.0, 9_000.0, 12_000.0, 5e5, 1e8])
def test_the_quantile_of_one_gamma_is_that_of_scipy(shape):
    want = math.log(special.gammaincinv(shape, 0.05))
    got = log_quantile(1.0, shape, 1.0, 3.0, 50.0)
    assert got == pytest.approx(want, abs=1e-10 if shape <= 1e4 else 1e-7)


def test_the_quantile_of_a_mixture_is_where_its_cdf_is_five_percent():
    rng = np.random.default_rng(1)
    for _ in range(300):
        weight = rng.choice([0.0, 1e-12, 0.03, 0.05, 0.5, 0.97, 1.0])
        shapes, rates = 1 + rng.gamma(0.5, 40, 2), np.exp(rng.normal(0, 3, 2))
        of = Posterior(weight, shapes[0], rates[0], shapes[1], rates[1])
        at = math.exp(log_quantile(*of))
        cdfs = [gamma_cdf(shape, rate * at) for shape, rate in zip(shapes, rates, strict=True)]
        assert weight * cdfs[0] + (1 - weight) * cdfs[1] == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize("prior", [*PRIORS, NARROW])
@pytest.mark.parametrize("score", [EBGM, EB05])
def test_the_compiled_formulas_are_those_in_numpy(prior, score):
    for both in (1, 2, 7.5, 40, 3_000):
        for expected in (1e-5, 0.03, 1.0, 25.0, 4_000.0):
            want = float(WANTED[score](prior, both, expected))
            got = math.exp(log_score(score, both, expected, np.array(prior)))
            assert got == pytest.approx(want, rel=1e-9)


def scored(score, both, expected, posteriors, number=0):
    return score_pairs(score, np.array(both), np.array(expected), number, posteriors)


def worst_error(prior, score, seed):
    """The largest relative error of the table over pairs with N / E of 1e-2 to 1e4."""
    posteriors = posteriors_of(np.array([PRIORS[0], prior]))
    rng = np.random.default_rng(seed)
    both = np.unique(np.floor(np.exp(rng.uniform(0, math.log(1e5), 500)))).astype(np.int64)
    both = np.concatenate([both, np.arange(1, 120)])
    expected = np.clip(
        both / np.exp(rng.uniform(math.log(1e-2), math.log(1e4), len(both))), 1e-5, None
    )
    want = WANTED[score](prior, both, expected)
    return float(np.max(np.abs(scored(score, both, expected, posteriors, 1) / want - 1)))


@pytest.mark.parametrize("prior", [*PRIORS, NARROW, APART])
@pytest.mark.parametrize("score", [EBGM, EB05])
def test_the_table_is_within_a_hundred_thousandth(prior, score):
    assert worst_error(prior, score, 2) < 1e-5


def test_what_the_table_does_not_reach_is_by_the_formula():
    prior = PRIORS[1]
    posteriors = posteriors_of(np.array([prior]))
    both, expected = [3, 5_000_000, MOST_BOTH + 1], [1e-7, 4e6, 30.0]
    want = [float(ebgm(prior, *pair)) for pair in zip(both, expected, strict=True)]
    assert scored(EBGM, both, expected, posteriors) == pytest.approx(want, rel=1e-9)
    assert not posteriors.knots.any()


def test_the_table_gives_the_same_whatever_was_asked_before():
    prior = np.array([PRIORS[2]])
    alone, after = posteriors_of(prior), posteriors_of(prior)
    scored(EB05, range(1, 600), 0.01 * np.arange(1, 600), after)
    for both, expected in ((9, 0.5), (300, 2.0)):
        (one,), (other,) = (scored(EB05, [both], [expected], p) for p in (alone, after))
        assert one == other
