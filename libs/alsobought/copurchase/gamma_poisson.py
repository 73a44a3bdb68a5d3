"""The gamma-Poisson shrinker: what N / E of a pair is worth, given that of all other pairs.

    N ~ Poisson(lambda E),  lambda ~ P Gamma(alpha1, beta1) + (1 - P) Gamma(alpha2, beta2)

beta is a rate: a component's mean is alpha / beta. With N known, lambda is again a mixture of two
gammas, of shapes alpha + N and rates beta + E, the first with the weight Q:

    Q = P f1(N) / (P f1(N) + (1 - P) f2(N)),  f(N) the negative binomial of the component
    EBGM = exp(E[ln lambda | N]),  EB05: the 5 % quantile of lambda given N

Both grow with N and fall with E, whatever the prior. Source: DuMouchel, Bayesian data mining in
large frequency tables, American Statistician 1999 (MGPS). All functions take numbers or arrays.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import betainc, digamma, gammainc, gammaincinv, gammaln

if TYPE_CHECKING:
    import pandas as pd

QUANTILE = 0.05
BISECTIONS = 60  # from a bracket that a factor of 1e9 fits into to 1e-9 of it, and then some


class Prior(NamedTuple):
    """Of the two gammas alpha and beta, and the first one's share P; numbers, or arrays of them."""

    alpha1: Any
    beta1: Any
    alpha2: Any
    beta2: Any
    share: Any


class Posterior(NamedTuple):
    """The two gammas that lambda is a mixture of, given N and E, and the first one's weight."""

    weight: Any
    shape1: Any
    rate1: Any
    shape2: Any
    rate2: Any


USUAL = Prior(0.2, 0.1, 2.0, 4.0, 1 / 3)
"""Where there are too few pairs to fit a prior to: DuMouchel's starting values."""


def log_negative_binomial(alpha: Any, beta: Any, both: Any, expected: Any) -> Any:
    """ln of the probability of N under one gamma."""
    binomial = gammaln(alpha + both) - gammaln(alpha) - gammaln(both + 1.0)
    of_beta = -alpha * np.log1p(expected / beta)
    return binomial + of_beta + both * np.log(expected / (beta + expected))


def log_marginal(prior: Prior, both: Any, expected: Any) -> Any:
    """ln of the probability of N under the prior."""
    alpha1, beta1, alpha2, beta2, share = prior
    return np.logaddexp(
        np.log(share) + log_negative_binomial(alpha1, beta1, both, expected),
        np.log1p(-share) + log_negative_binomial(alpha2, beta2, both, expected),
    )


def log_at_least(prior: Prior, support: int, expected: Any) -> Any:
    """ln of the probability that N is at least `support` (1 or more) under the prior.

    A negative binomial's tail is a regularised incomplete beta function, exact where it is tiny.
    """
    alpha1, beta1, alpha2, beta2, share = prior
    tails = [
        betainc(float(support), alpha, expected / (beta + expected))
        for alpha, beta in ((alpha1, beta1), (alpha2, beta2))
    ]
    return np.log(np.maximum(share * tails[0] + (1.0 - share) * tails[1], 1e-300))


def posterior(prior: Prior, both: Any, expected: Any) -> Posterior:
    """What lambda is, given N and E."""
    alpha1, beta1, alpha2, beta2, share = prior
    odds = np.log(share) - np.log1p(-share)
    odds = odds + log_negative_binomial(alpha1, beta1, both, expected)
    odds = odds - log_negative_binomial(alpha2, beta2, both, expected)
    weight = np.exp(-np.logaddexp(0.0, -odds))
    return Posterior(weight, alpha1 + both, beta1 + expected, alpha2 + both, beta2 + expected)


def ebgm(prior: Prior, both: Any, expected: Any) -> Any:
    """The geometric mean of lambda, given N and E."""
    weight, shape1, rate1, shape2, rate2 = posterior(prior, both, expected)
    log1, log2 = digamma(shape1) - np.log(rate1), digamma(shape2) - np.log(rate2)
    return np.exp(weight * log1 + (1.0 - weight) * log2)


def eb05(prior: Prior, both: Any, expected: Any) -> Any:
    """What lambda exceeds with a probability of 95 %, given N and E.

    Bisection between the quantiles of both components; relative error below 1e-12.
    """
    weight, shape1, rate1, shape2, rate2 = posterior(prior, both, expected)
    of_1 = np.log(gammaincinv(shape1, QUANTILE) / rate1)
    of_2 = np.log(gammaincinv(shape2, QUANTILE) / rate2)
    low, high = np.minimum(of_1, of_2), np.maximum(of_1, of_2)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        at = np.exp(middle)
        of_both = weight * gammainc(shape1, rate1 * at)
        is_below = of_both + (1.0 - weight) * gammainc(shape2, rate2 * at) < QUANTILE
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.exp(0.5 * (low + high))


def shrunken(metric: str, prior: Prior, both: Any, expected: Any) -> Any:
    """The score called `metric`, `ebgm` or `eb05`."""
    score = {"ebgm": ebgm, "eb05": eb05}[metric]
    return score(prior, both, expected)


def in_words(prior: Prior) -> str:
    """A prior of numbers as a phrase; each gamma with its shape and its rate."""
    alpha1, beta1, alpha2, beta2, share = (f"{value:.3g}" for value in prior)
    return f"{share} Gamma({alpha1}, {beta1}) + {1 - prior.share:.3g} Gamma({alpha2}, {beta2})"


def scores_of_rows(
    metric: str, priors: "pd.Series", both: "pd.Series", expected: "pd.Series"
) -> "pd.Series":
    """The score of each row, null where the row has no prior; `priors` holds arrays of five."""
    scores = expected * np.nan
    has_prior = priors.notna()
    if has_prior.any():
        prior = Prior(*np.stack(priors[has_prior].to_list()).T)
        counts = (column[has_prior].to_numpy(float) for column in (both, expected))
        scores[has_prior] = shrunken(metric, prior, *counts)
    return scores
