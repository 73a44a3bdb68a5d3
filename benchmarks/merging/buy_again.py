"""Scores of what a customer has bought already: one value per pair of customer and item."""

import numpy as np

from benchmarks.merging.cut_off import CutOff

SHRINKAGE = 5.0  # as in conf/demo.toml


def weighed_days(cut: CutOff, half_life: float) -> np.ndarray:
    """By pair, the sum over its days of purchase of 0.5 ^ (age / half-life)."""
    age = cut.day - cut.days["day"] - 0.5
    return np.bincount(cut.days["pair"], 0.5 ** (age / half_life))


def repeat_probability(cut: CutOff) -> np.ndarray:
    """Of the item's customers, the part that bought it on two days or more; by pair."""
    item = cut.pairs["item"]
    again = np.bincount(item, cut.pairs["times"] > 1) / np.maximum(np.bincount(item), 1)
    return again[item]


def rate_of_item(
    cut: CutOff, counts: np.ndarray, days: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """alpha and beta of the gamma distribution of the item's customers' rates; by pair.

    By moments: counts of a pair are Poisson with the customer's rate times its days.
    """
    item, size = cut.pairs["item"].to_numpy(), len(cut.buyers)
    mean = (np.bincount(item, counts, size) + 0.5) / (np.bincount(item, days, size) + 14)
    beyond = (counts - mean[item] * days) ** 2 - mean[item] * days
    variance = np.bincount(item, beyond, size) / np.maximum(np.bincount(item, days**2, size), 1e-9)
    variance = np.clip(variance, (0.3 * mean) ** 2, (5 * mean) ** 2)
    return (mean**2 / variance)[item], (mean / variance)[item]


def poisson_gamma(cut: CutOff, counts_first: bool) -> np.ndarray:
    """PG: (k + alpha) / (t + beta), t from the first purchase; by pair.

    `counts_first`: k counts the first purchase, as published. It always lies in t, though, so
    that an item bought once a day ago would come before one bought every week.
    """
    days = cut.day - cut.pairs["first"].to_numpy() - 0.5
    later = cut.pairs["times"].to_numpy() - 1.0
    alpha, beta = rate_of_item(cut, later, days)
    return (later + counts_first + alpha) / (days + beta)


def modified_poisson_gamma(cut: CutOff) -> np.ndarray:
    """MPG: as PG, with the days' part by the distance from the customer's mean gap; by pair."""
    pairs = cut.pairs
    days = cut.day - pairs["first"].to_numpy() - 0.5
    between = (pairs["last"] - pairs["first"]).to_numpy().astype(float)
    elapsed = days - between
    times = pairs["times"].to_numpy()
    gap = np.where(times > 1, between / np.maximum(times - 1, 1), 60.0)
    alpha, beta = rate_of_item(cut, times - 1.0, days)
    exposure = np.where(elapsed < 2 * gap, between + 2 * np.abs(gap - elapsed), days)
    return (times + alpha) / (exposure + beta)


def estimates(cut: CutOff, shrinkage: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The estimates of the job repeat_purchases, by pair: repeat probability, alpha and beta."""
    item, size = cut.pairs["item"].to_numpy(), len(cut.buyers)
    n = cut.pairs["times"].to_numpy() - 1.0
    t = (cut.day - cut.pairs["first"]).to_numpy().astype(float)

    def total(values: np.ndarray) -> np.ndarray:
        shrunk: np.ndarray = np.bincount(item, values, size) + shrinkage * values.mean()
        return shrunk

    mean = total(n) / total(t)
    squares = total(n * n) - 2 * mean * total(n * t) + mean**2 * total(t * t)
    variance = np.maximum((squares - mean * total(t)) / total(t * t), mean**2 / 1000)
    probability = total(n > 0) / total(np.ones(len(n)))
    return probability[item], (mean**2 / variance)[item], (mean / variance)[item]


def faded_pg(cut: CutOff, half_life: float, least: float) -> np.ndarray:
    """The score of the job buy_again by pg with `half_life_days`; by pair. Its prior does not fade.

    Items whose repeat probability is below `least` come last.
    """
    probability, alpha, beta = estimates(cut, SHRINKAGE)
    days = (cut.day - cut.pairs["first"]).to_numpy()
    start = 0.5 ** (days / half_life)
    age = (cut.day - cut.days["day"]).to_numpy()
    later = np.bincount(cut.days["pair"], 0.5 ** (age / half_life)) - start
    rate = (later + alpha) / ((1 - start) * half_life / np.log(2) + beta)
    return np.where(probability >= least, probability * rate * np.exp(-rate), -1.0)


def decayed_rate(cut: CutOff, half_life: float) -> np.ndarray:
    """PG in which purchases, and the days in which there could be any, fade with age; by pair."""
    days = cut.day - cut.pairs["first"].to_numpy() - 0.5
    start = 0.5 ** (days / half_life)
    exposure = half_life / np.log(2) * (1 - start)
    later = weighed_days(cut, half_life) - start
    alpha, beta = rate_of_item(cut, later, exposure)
    return (later + alpha) / (exposure + beta)
