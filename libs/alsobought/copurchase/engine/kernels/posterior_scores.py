"""EBGM and EB05 of pairs, compiled: by their formulas, and from a table that fills as it is read.

The mathematics are in copurchase/gamma_poisson.py. An EB05 takes some microseconds, and a pair may
take 100 ns: so the logarithm of each score is computed once at each knot that is needed, of N and
ln E, and interpolated by cubic polynomials. Where it bends too much for that (a quantile jumps from
one gamma to the other), a pair is scored by the formula. Relative error: below 1e-5.
"""

import math

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Floats, Int64s
from alsobought.copurchase.engine.kernels.named_arrays import Posteriors

EBGM, EB05 = 0, 1
SCORES = 2

# a row of the table for each N up to DIRECT, above it ROW_STEPS for each factor of e
DIRECT = 64
ROW_STEPS = 32
MOST_BOTH = 1 << 20
FIRST_LOG_ROW = DIRECT + 2  # the row of N = DIRECT again; one row before it, for the polynomials
ROWS = FIRST_LOG_ROW + int(ROW_STEPS * math.log(MOST_BOTH / DIRECT)) + 4
COLUMN_STEPS = 64
LEAST_LOG, MOST_LOG = -12, 14  # of E; a pair beyond is scored by the formula
COLUMNS = COLUMN_STEPS * (MOST_LOG - LEAST_LOG) + 1

MOST_BEND = 1e-4  # of the third difference of four knots: the error is some hundredths of it
QUANTILE = 0.05
NORMAL_QUANTILE = -1.6448536269514722
MARGIN = 0.3
NEAR = 1e-7  # a step after which the error is about its square
LARGE_SHAPE = 1e4
EPSILON = 1e-16
TINY = 1e-300


@njit(cache=True, error_model="numpy")
def digamma(x: float) -> float:
    """The derivative of ln Gamma, x > 0: recurrence to 10, then the asymptotic series."""
    total = 0.0
    while x < 10.0:
        total -= 1.0 / x
        x += 1.0
    inverse = 1.0 / (x * x)
    series = inverse * (
        1 / 12
        - inverse
        * (
            1 / 120
            - inverse
            * (1 / 252 - inverse * (1 / 240 - inverse * (1 / 132 - inverse * 691 / 32760)))
        )
    )
    return total + math.log(x) - 0.5 / x - series


@njit(cache=True, error_model="numpy")
def gamma_cdf(shape: float, x: float) -> float:
    """The regularised lower incomplete gamma function P(shape, x).

    Series or continued fraction; from LARGE_SHAPE on by Wilson & Hilferty 1931, whose quantiles are
    then within 1e-7.
    """
    if x <= 0.0:
        return 0.0
    if shape > LARGE_SHAPE:
        third = 1.0 / (9.0 * shape)
        normal = ((x / shape) ** (1.0 / 3.0) - 1.0 + third) / math.sqrt(third)
        return 0.5 * math.erfc(-normal / math.sqrt(2.0))
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1.0:
        term = 1.0 / shape
        total, above = term, shape
        while term > total * EPSILON:
            above += 1.0
            term *= x / above
            total += term
        return total * scale
    # Lentz's continued fraction of the upper part
    b = x + 1.0 - shape
    c, d = 1.0 / TINY, 1.0 / b
    fraction, i = d, 0.0
    change = 0.0
    while abs(change - 1.0) > EPSILON * 4.0:
        i += 1.0
        a = -i * (i - shape)
        b += 2.0
        d = a * d + b
        d = 1.0 / (d if abs(d) > TINY else TINY)
        c = b + a / c
        c = c if abs(c) > TINY else TINY
        change = d * c
        fraction *= change
    return 1.0 - scale * fraction


@njit(cache=True, error_model="numpy")
def _log_density(shape: float, x: float) -> float:
    """ln of x times the density of a gamma of rate 1: the slope of its cdf against ln x."""
    return shape * math.log(x) - x - math.lgamma(shape)


@njit(cache=True, error_model="numpy")
def _near_log_quantile(shape: float) -> float:
    """ln of the 5 % quantile of a gamma of rate 1 and a shape of at least 1, to MARGIN.

    Source: Wilson & Hilferty 1931; the error is 0.26 for a shape of 1, and vanishes as it grows.
    """
    third = 1.0 / (9.0 * shape)
    return math.log(shape) + 3.0 * math.log(1.0 - third + NORMAL_QUANTILE * math.sqrt(third))


@njit(cache=True, error_model="numpy")
def log_quantile(weight: float, shape1: float, rate1: float, shape2: float, rate2: float) -> float:
    """ln of the 5 % quantile of a mixture of two gammas, the first of which has the weight.

    It lies between those of the two. Newton's method on ln of the cdf, and bisection where that
    would leave the bracket.
    """
    of_1 = _near_log_quantile(shape1) - math.log(rate1)
    of_2 = _near_log_quantile(shape2) - math.log(rate2)
    low, high = min(of_1, of_2) - MARGIN, max(of_1, of_2) + MARGIN
    log_x = of_1 if weight > 0.5 else of_2
    for _ in range(200):
        x1, x2 = rate1 * math.exp(log_x), rate2 * math.exp(log_x)
        cdf = weight * gamma_cdf(shape1, x1) + (1.0 - weight) * gamma_cdf(shape2, x2)
        if cdf > QUANTILE:
            high = log_x
        else:
            low = log_x
        slope = weight * math.exp(_log_density(shape1, x1))
        slope += (1.0 - weight) * math.exp(_log_density(shape2, x2))
        step = math.log(cdf / QUANTILE) * cdf / slope
        if abs(step) < NEAR:
            return log_x - step
        log_x -= step
        if not low < log_x < high:
            log_x = 0.5 * (low + high)
    return log_x


@njit(cache=True, error_model="numpy")
def log_score(score: int, both: float, expected: float, prior: Floats) -> float:
    """ln of a pair's EBGM or EB05, by the formulas; N >= 1 need not be whole."""
    alpha1, beta1, alpha2, beta2, share = prior[0], prior[1], prior[2], prior[3], prior[4]
    shape1, shape2 = alpha1 + both, alpha2 + both
    rate1, rate2 = beta1 + expected, beta2 + expected
    odds = math.log(share / (1.0 - share))
    odds += math.lgamma(shape1) - math.lgamma(alpha1) - math.lgamma(shape2) + math.lgamma(alpha2)
    odds += alpha1 * math.log(beta1 / rate1) - alpha2 * math.log(beta2 / rate2)
    odds += both * math.log(rate2 / rate1)
    weight = 1.0 / (1.0 + math.exp(-odds))
    if score == EB05:
        return log_quantile(weight, shape1, rate1, shape2, rate2)
    log1, log2 = digamma(shape1) - math.log(rate1), digamma(shape2) - math.log(rate2)
    return weight * log1 + (1.0 - weight) * log2


@njit(cache=True)
def _fill(table: Floats, score: int, prior: Floats, row: int, column: int) -> None:
    """Compute ln of a score at the knots around a column where nobody has asked for it before."""
    both = float(row)
    if row > DIRECT:
        both = DIRECT * math.exp((row - FIRST_LOG_ROW) / ROW_STEPS)
    for at in range(column - 1, column + 3):
        if table[row, at] == 0.0:
            expected = math.exp(LEAST_LOG + at / COLUMN_STEPS)
            table[row, at] = log_score(score, both, expected, prior)


@njit(cache=True)
def _between(k0: float, k1: float, k2: float, k3: float, at: float) -> float:
    """The value at a place in [0, 1) between four knots at -1, 0, 1, 2: Lagrange's polynomial.

    NaN where they bend too much for one.
    """
    if not abs(k3 - k0 + 3.0 * (k1 - k2)) < MOST_BEND:
        return math.nan
    before, after, last = at + 1.0, at - 1.0, at - 2.0
    outer = before * at * after * k3 - at * after * last * k0
    inner = before * after * last * k1 - before * at * last * k2
    return outer / 6.0 + inner / 2.0


@njit(cache=True)
def _along_row(table: Floats, score: int, prior: Floats, row: int, column: int, at: float) -> float:
    """ln of a score between the knots of a row; NaN where these bend too much."""
    k0, k1 = table[row, column - 1], table[row, column]
    k2, k3 = table[row, column + 1], table[row, column + 2]
    if k0 * k1 * k2 * k3 == 0.0:
        _fill(table, score, prior, row, column)
        k0, k1 = table[row, column - 1], table[row, column]
        k2, k3 = table[row, column + 1], table[row, column + 2]
    return _between(k0, k1, k2, k3, at)


@njit(cache=True)
def _across_rows(
    table: Floats, score: int, prior: Floats, both: int, column: int, at: float
) -> float:
    """ln of a score of N > DIRECT between the knots of four rows; NaN where these bend too much."""
    place = math.log(both / DIRECT) * ROW_STEPS
    step = math.floor(place)
    row = FIRST_LOG_ROW + step
    return _between(
        _along_row(table, score, prior, row - 1, column, at),
        _along_row(table, score, prior, row, column, at),
        _along_row(table, score, prior, row + 1, column, at),
        _along_row(table, score, prior, row + 2, column, at),
        place - step,
    )


@njit(cache=True)
def score_pair(score: int, both: int, expected: float, table: Floats, prior: Floats) -> float:
    """A pair's EBGM or EB05 under a prior, by the table of both, which fills as it is read."""
    place = (math.log(expected) - LEAST_LOG) * COLUMN_STEPS
    column, value = math.floor(place), math.nan
    is_inside = column >= 1 and column <= COLUMNS - 3
    if is_inside and both <= DIRECT:
        value = _along_row(table, score, prior, both, column, place - column)
    elif is_inside and both <= MOST_BOTH:
        value = _across_rows(table, score, prior, both, column, place - column)
    if math.isnan(value):
        value = log_score(score, float(both), expected, prior)
    return math.exp(value)


@njit(cache=True)
def score_pairs(
    score: int, both: Int64s, expected: Floats, number: int, posteriors: Posteriors
) -> Floats:
    """The EBGM or EB05 of pairs under the prior of a number."""
    table, prior = posteriors.knots[number, score], posteriors.priors[number]
    scores = np.empty(len(both))
    for i in range(len(both)):
        scores[i] = score_pair(score, both[i], expected[i], table, prior)
    return scores


def posteriors_of(priors: Floats) -> Posteriors:
    """Priors, a row each of alpha1, beta1, alpha2, beta2, P, with an empty table of scores.

    Memory: 10 MB a prior at most; the system gives it as rows of the table are filled.
    """
    return Posteriors(priors, np.zeros((len(priors), SCORES, ROWS, COLUMNS)))
