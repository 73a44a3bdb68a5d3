"""Formulas of repeat purchases: columns in, columns out.

Symbols: n = a customer's further purchases of an item after the first, in days on which it was
bought; t = days from the first of them to the as-of day; e = days from the last one to it.
Source of the models: Bhagat, Muralidharan, Lobzhanidze & Vishwanath, Buy It Again: modeling repeat
purchase recommendations, KDD 2018, as recalled in the project's notes; what is done otherwise here
is said with each. Every score is the chance of a purchase on the one day that starts at `as_of`, so
that scores of different items are on one scale.
"""

import math
from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

LEAST_DEVIATION = 0.05  # of ln(gap): whole days of short gaps tell no finer
MOST_SHAPE = 1000.0  # of a gamma distribution: from there on all customers are as good as alike
ROOT_OF_TWO_PI = 2.5066282746310002


def repeat_probability(repeat_buyers: Column, buyers: Column) -> Column:
    """Customers who bought an item on two days or more, of those who bought it: in [0, 1].

        repeat_buyers / buyers

    Source: KDD 2018 (there RCP, the repeat customer probability).
    """
    return repeat_buyers / buyers


def gap_logarithms(gaps: Column, logs: Column, squares: Column) -> tuple[Column, Column]:
    """Mean mu and standard deviation sigma of ln(gap in days), a log-normal's maximum likelihood.

        mu = sum ln g / gaps,    sigma^2 = sum (ln g)^2 / gaps - mu^2

    In: sums over an item's gaps. Null where there are none. A gap that is still open is in neither,
    so that both are low where gaps are long against the look-back window.
    """
    mean = F.try_divide(logs, gaps)
    variance = F.try_divide(squares, gaps) - mean * mean
    return mean, F.sqrt(F.when(variance < 0, F.lit(0.0)).otherwise(variance))


def gamma_of_rates(sums: Mapping[str, Column]) -> tuple[Column, Column]:
    """Shape alpha and rate beta (days) of the gamma distribution of customers' purchases a day.

        m = sum n / sum t,    v = (sum (n - m t)^2 - m sum t) / sum t^2
        alpha = m^2 / v,      beta = m / v

    These are the moments of n ~ Poisson(lambda t), lambda ~ Gamma(alpha, beta): E n = m t and
    Var n = m t + v t^2. They need sums only, so that an item of a million customers costs no more
    than one of ten, where maximum likelihood would need all (n, t) of each item. At most
    MOST_SHAPE, where customers differ by no more than chance (v <= 0). Null where nobody bought
    again.
    In: sums over customers of n, t, n n, n t, t t, by the names n, t, nn, nt, tt.
    """
    mean = F.try_divide(sums["n"], sums["t"])
    squares = sums["nn"] - F.lit(2.0) * mean * sums["nt"] + mean * mean * sums["tt"]
    spread = F.try_divide(squares - mean * sums["t"], sums["tt"])
    variance = F.greatest(spread, mean * mean / F.lit(MOST_SHAPE))
    return F.try_divide(mean * mean, variance), F.try_divide(mean, variance)


def gap_density(elapsed: Column, log_mean: Column, log_deviation: Column) -> Column:
    """ATD: the log-normal density of gaps at the e days elapsed, a day: in [0, 1].

        exp(-(ln e - mu)^2 / (2 sigma^2)) / (e sigma sqrt(2 pi))

    It is the chance that the gap ends on the very day. `elapsed` >= 1. sigma is at least
    LEAST_DEVIATION, and no chance is above 1. Source: KDD 2018 (aggregate time distribution).
    """
    is_fine = log_deviation < F.lit(LEAST_DEVIATION)  # greatest() would make something of null
    deviation = F.when(is_fine, F.lit(LEAST_DEVIATION)).otherwise(log_deviation)
    standard = (F.log(elapsed) - log_mean) / deviation
    density = F.exp(-standard * standard / 2) / (elapsed * deviation * F.lit(ROOT_OF_TWO_PI))
    return F.when(density > 1, F.lit(1.0)).otherwise(density)


def posterior_rate(repeats: Column, days: Column, shape: Column, rate_days: Column) -> Column:
    """PG: a customer's purchases a day, the posterior mean of lambda.

        (n + alpha) / (t + beta)

    `repeats` leaves out the first purchase, with which t begins: counted too, whoever bought once
    yesterday would buy daily; and alpha and beta are those of n. Source: KDD 2018 (Poisson-gamma),
    where k stands for n.
    """
    return (repeats + shape) / (days + rate_days)


def faded_repeats(days: Column, as_of: Column, half_life_days: float) -> Column:
    """PG: n of `posterior_rate`, where each further purchase weighs less the older it is.

        n_h = sum over purchases i > 1 of 0.5 ^ (a_i / h)    (a_i: days from i to the as-of day)

    In: `days`, ascending. At most n, and n as h grows; 0 of an item bought on one day.
    Source: Harvey & Fernandes, Time series models for count or qualitative observations, 1989 (the
    discounted Poisson-gamma model; there the prior fades as well).
    """

    def add(total: Column, day: Column) -> Column:
        return total + F.pow(F.lit(0.5), (as_of - day) / F.lit(half_life_days))

    return F.aggregate(F.slice(days, 2, F.size(days)), F.lit(0.0), add)


def faded_days(days: Column, half_life_days: float) -> Column:
    """PG: t of `posterior_rate`, where a day weighs as `faded_repeats` weighs its purchases.

        t_h = integral from 0 to t of 0.5 ^ (s / h) ds = (1 - 0.5 ^ (t / h)) h / ln 2

    So n_h / t_h is the rate of a customer who buys at a steady one, as n / t is. At most t, and t
    as h grows; at most h / ln 2, so that the prior keeps its say of customers of many years.
    """
    mean_life = half_life_days / math.log(2)
    return -F.expm1(-days / F.lit(mean_life)) * F.lit(mean_life)


def modified_days(span: Column, elapsed: Column, mean_gap: Column) -> Column:
    """MPG: days in place of t in `posterior_rate`, so that the rate is highest at the mean gap.

        span + 2 |gap - e| for e < 2 gap, else span + e    (span: first to last purchase, days)

    At e = 2 gap both are t, so there is no step. Source: KDD 2018 (modified Poisson-gamma).
    """
    near = F.lit(2.0) * F.abs(mean_gap - elapsed)
    return span + F.when(elapsed < F.lit(2.0) * mean_gap, near).otherwise(elapsed)


def chance_of_one(rate: Column) -> Column:
    """The chance of exactly one purchase within a day at `rate` purchases a day: at most 1 / e.

        lambda exp(-lambda)

    Grows with the rate up to one purchase a day. Source: KDD 2018.
    """
    return rate * F.exp(-rate)
