"""The arithmetic of merging: plain functions of numbers, which Numba compiles as they are."""

import math

import numpy as np

from alsobought.compiled.array_types import Floats

TASTE_PRIOR = 20.0  # items; as many count as if they were spread like the market's purchases


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


def log_preference(bought: float, items: float, share: float) -> float:
    """ln of how many times the customer buys a brand or category as often as the market does.

        ln((n_g + k P_g) / ((n + k) P_g))    with k = TASTE_PRIOR; 0 for no items

    `bought` and `items` are the customer's distinct items of the group and in all, `share` > 0 is
    the group's part of the market's purchases.
    """
    prior = TASTE_PRIOR * share
    return math.log((bought + prior) / (items * share + prior))


def log_trial_rates(trials: Floats, buyers: Floats, customers: Floats) -> Floats:
    """ln((f + 1) / (n - n_Y + 1)): of customers who do not have an item, how many try it.

    `trials` is f, the customers who bought it for the first time of late, `buyers` n_Y those who
    ever did, `customers` n all of the market.
    """
    rates: Floats = np.log((trials + 1.0) / (customers - buyers + 1.0))
    return rates


def interleaving_quotient(weight: float, places: int) -> float:
    """weight / (places + 1): the group where it is largest gets the next place.

    So groups get places in proportion to their weights. Source: D'Hondt 1878.
    """
    return weight / (places + 1)
