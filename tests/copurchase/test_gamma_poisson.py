"""The gamma-Poisson shrinker against a published implementation, and integrals in plain Python."""

import math

import numpy as np
import pytest

from alsobought.copurchase.gamma_poisson import (
    Prior,
    eb05,
    ebgm,
    in_words,
    log_at_least,
    log_marginal,
    posterior,
    scores_of_rows,
)
from tests.copurchase.posterior_oracle import posterior_by_integration

# R package openEBGM 0.9.1, vignette "Empirical Bayes Metrics with openEBGM" on its data set caers:
# the prior (theta_hat), N and E of some rows, and the printed EBGM, QUANT_05 and, of six, Qn
CAERS = Prior(3.25379356, 0.39988854, 2.02612692, 1.90807970, 0.06534557)
CAERS_ROWS = [
    (1, 0.0360548272, 2.23, 0.49, 0.2819737),  # 1-phenylalanine, heart rate increased
    (1, 0.0038736591, 2.58, 0.52, 0.3409653),  # 11 unspecified vitamins, asthma
    (1, 0.0002979738, 2.63, 0.52, 0.3482317),  # the same, cardiac function test
    (1, 0.0765792610, 1.92, 0.47, 0.2226356),  # the same, dyspnoea
    (1, 0.0527413588, 2.09, 0.48, 0.2556670),  # the same, hypersensitivity
    (16, 0.40643623, 23.26, 15.68, None),  # Reumofan Plus, weight increased
    (19, 0.89690107, 16.78, 11.65, None),  # Hydroxycut Regular, emotional distress
    (6, 0.07866508, 18.28, 10.16, None),  # Reumofan Plus, immobile
    (8, 0.30482718, 15.25, 9.00, None),  # Hydroxycut Hardcore, cardio-respiratory distress
    (11, 0.56317044, 14.28, 8.98, None),  # Hydroxycut Regular, injury
]
PRIORS = [
    CAERS,
    Prior(0.5, 0.1, 3.0, 2.5, 0.1),
    Prior(0.05, 0.01, 20.0, 18.0, 0.4),
    Prior(8.0, 0.2, 0.3, 0.9, 0.02),
]


@pytest.mark.parametrize(("both", "expected", "mean", "low", "weight"), CAERS_ROWS)
def test_scores_are_those_that_open_ebgm_prints_of_its_example(both, expected, mean, low, weight):
    assert round(float(ebgm(CAERS, both, expected)), 2) == mean
    assert float(eb05(CAERS, both, expected)) == pytest.approx(low, abs=0.01)  # its bisection ends
    if weight is not None:
        assert round(float(posterior(CAERS, both, expected).weight), 7) == weight


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize(("both", "expected"), [(1, 0.01), (2, 3.0), (7, 0.4), (60, 31.0)])
def test_scores_are_the_integrals_of_the_posterior(prior, both, expected):
    mean, low = posterior_by_integration(prior, both, expected)
    assert float(ebgm(prior, both, expected)) == pytest.approx(mean, rel=1e-6)
    assert float(eb05(prior, both, expected)) == pytest.approx(low, rel=1e-6)


@pytest.mark.parametrize("prior", PRIORS)
def test_the_probabilities_of_all_counts_add_up_and_the_tail_is_what_is_left(prior):
    for expected in (0.003, 0.7, 4.0):
        counts = np.arange(20_000)
        chances = np.exp(log_marginal(prior, counts, expected))
        assert chances[:5].sum() + np.exp(log_at_least(prior, 5, expected)) == pytest.approx(1.0)
        tail = math.fsum(chances[5:])
        assert np.exp(log_at_least(prior, 5, expected)) == pytest.approx(tail, rel=1e-8)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("score", [ebgm, eb05])
def test_scores_grow_with_the_count_and_fall_with_what_is_expected(prior, score):
    counts, expected = np.arange(1, 300), np.geomspace(1e-4, 1e4, 60)
    table = score(prior, counts[:, None], expected[None, :])
    assert (np.diff(table, axis=0) > 0).all()
    assert (np.diff(table, axis=1) < 0).all()


def test_each_row_is_scored_by_its_prior_and_without_one_not_at_all():
    pd = pytest.importorskip("pandas")
    priors = pd.Series([list(PRIORS[0]), None, list(PRIORS[1])])
    scores = scores_of_rows("ebgm", priors, pd.Series([3, 3, 3]), pd.Series([0.5, 0.5, 0.5]))
    assert scores[[0, 2]].tolist() == [float(ebgm(prior, 3, 0.5)) for prior in PRIORS[:2]]
    assert math.isnan(scores[1])


def test_a_prior_in_words():
    assert in_words(CAERS) == "0.0653 Gamma(3.25, 0.4) + 0.935 Gamma(2.03, 1.91)"
