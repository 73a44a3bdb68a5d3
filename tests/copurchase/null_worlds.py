"""Worlds in which every purchase is independent of all others, and N against E in them."""

from typing import NamedTuple

import numpy as np

from alsobought.copurchase.formulas import activity_beside
from alsobought.copurchase.matched_rates import margins_of, matched_rates

GROUPS = 10
beside = np.vectorize(activity_beside)


class World(NamedTuple):
    """The distinct items of units: holding k is of item items[k] by unit units[k], which ascend."""

    units: np.ndarray
    items: np.ndarray


class Purchases(NamedTuple):
    """How units buy: Pareto lines of this mean and tail, items by rank ** -slope."""

    units: int
    items: int
    mean_lines: float
    most_lines: int = 10**9
    tail: float = 1.5
    slope: float = 1.0
    repeats: float = 0.0
    """The share of the lines that repeat an earlier line of the unit."""
    cap: int = 10**9
    """A unit of more distinct items keeps so many, chosen at random."""


def drawn(how, seed):
    """A world of such purchases."""
    rng = np.random.default_rng(seed)
    lines = how.mean_lines * (how.tail - 1) / how.tail * (rng.pareto(how.tail, how.units) + 1)
    lines = np.clip(np.floor(lines + rng.random(how.units)), 1, how.most_lines).astype(int)
    new = 1 + rng.binomial(lines - 1, 1 - how.repeats)
    popularity = np.arange(1, how.items + 1) ** -how.slope
    bought = rng.choice(how.items, new.sum(), p=popularity / popularity.sum())
    holdings = np.unique(np.repeat(np.arange(how.units), new) * how.items + bought)
    units, items = holdings // how.items, holdings % how.items
    sizes = np.bincount(units, minlength=how.units)
    for unit in np.flatnonzero(sizes > how.cap):
        of_unit = slice(*np.searchsorted(units, [unit, unit + 1]))
        items[of_unit] = rng.permutation(items[of_unit])
    nth = np.arange(len(units)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return World(units[nth < how.cap], items[nth < how.cap])


class Ratios(NamedTuple):
    """N over E of pairs of popularity groups of X and Y, and of all pairs of each; E beside."""

    both: np.ndarray
    expected: np.ndarray

    def of_groups(self, axis, least):
        """N / E of each group of X (axis 1: over all Y) or of Y, where E is above `least`."""
        both, expected = self.both.sum(axis=axis), self.expected.sum(axis=axis)
        return (both / expected)[expected > least]


def ratios(world):
    """N and E, summed up over pairs of groups: tenths of the items by popularity, rarest first.

    Items of one popularity are in one group, and share E: it is computed once for each pair of
    popularities.
    """
    sizes, popularity = np.bincount(world.units), np.bincount(world.items)
    others = sizes[world.units] - 1
    margins = margins_of(*np.unique(sizes, return_counts=True), popularity)
    rates = matched_rates(margins)
    values, members = margins.popularities, margins.items
    group_of = GROUPS * (np.cumsum(members) - members) // members.sum()
    class_of = np.searchsorted(values, popularity[world.items])
    shares = rates.shares(values)
    in_group = np.eye(GROUPS)[group_of] * members[:, None]
    expected = np.zeros((GROUPS, GROUPS))
    histograms = np.bincount(class_of * sizes.max() + others, minlength=len(values) * sizes.max())
    for x, histogram in enumerate(histograms.reshape(len(values), -1)):
        number = np.flatnonzero(histogram)
        buyers = histogram[number]
        activity = beside(rates.activities[number], rates.slopes[number], shares[x])
        e = buyers @ -np.expm1(np.outer(activity, np.log1p(-shares)))
        expected[group_of[x]] += e @ in_group
        expected[group_of[x], group_of[x]] -= e[x]
    held = np.zeros((len(sizes), GROUPS))
    np.add.at(held, (world.units, group_of[class_of]), 1)
    return Ratios(held.T @ held - np.diag(held.sum(axis=0)), expected)
