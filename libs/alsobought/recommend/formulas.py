"""The arithmetic of merging: plain functions of numbers, which Numba compiles as they are."""

import math

import numpy as np

from alsobought.compiled.array_types import Floats

BRAND_PRIOR = 10.0  # purchases; as many count as if they were spread like the market's


def recency(age_days: float, half_life_days: float) -> float:
    """0.5 ** (age / half-life), in (0, 1]: a purchase that is a half-life older weighs half."""
    return float(0.5 ** (age_days / half_life_days))


def log_chance(log_miss: float, purchases: float) -> float:
    """ln(1 - (1 - P)^|c|): the log of the chance that one of |c| random purchases is the item.

    `log_miss` is ln(1 - P) < 0, of the item's share P of all purchases; `purchases` is |c| >= 1.
    It is the term of one customer in E. Source: Smith & Linden, IEEE Internet Computing 2017.
    """
    return math.log(-math.expm1(purchases * log_miss))


def log_lifts(both: Floats, expected: Floats, shrinkage: float) -> Floats:
    """ln((N + a) / (E + a)) of each pair: 0 where chance explains N, and near 0 for few units."""
    lifts: Floats = np.log((both + shrinkage) / (expected + shrinkage))
    return lifts


def brand_preference(bought: float, purchases: float, share: float) -> float:
    """How many times the customer buys the brand as often as the market does; 1 for no purchases.

        (n_b + k P_b) / ((n + k) P_b)    with k = BRAND_PRIOR

    `bought` and `purchases` are the customer's lines of the brand and of all items, `share` > 0 is
    the brand's part of the market's purchases.
    """
    prior = BRAND_PRIOR * share
    return (bought + prior) / (purchases * share + prior)


def interleaving_quotient(weight: float, places: int) -> float:
    """weight / (places + 1): the group where it is largest gets the next place.

    So groups get places in proportion to their weights. Source: D'Hondt 1878.
    """
    return weight / (places + 1)
