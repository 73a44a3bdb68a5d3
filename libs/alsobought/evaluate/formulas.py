"""How good ranked lists are: array formulas over the hits of many lists at once.

A hit is a place of a list whose item was bought in the truth window. Lists are numbered from 0.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

METRICS = ("hit", "precision", "recall", "map", "ndcg", "mrr")
"""The columns of `ranking_metrics`, at each k."""


class Hits(NamedTuple):
    """The hits of lists: `list_of` ascends, and `places` (from 1) ascend within a list.

    `wanted`: the items to be foretold for each list, at least 1.
    """

    list_of: Ints
    places: Ints
    wanted: Ints

    def up_to(self, k: int) -> "Hits":
        """The hits among the first k places."""
        is_in = self.places <= k
        return Hits(self.list_of[is_in], self.places[is_in], self.wanted)

    def summed(self, worth: Floats) -> Floats:
        """The sum of what each hit is worth, by list."""
        sums = np.bincount(self.list_of, weights=worth, minlength=len(self.wanted))
        return sums.astype(np.float64)


def ranking_metrics(hits: Hits, k: int) -> Floats:
    """METRICS of each list at k: an array of lists x metrics, each in [0, 1].

    Where a list has fewer than k places, the missing ones are no hits.
    """
    first = hits.up_to(k)
    columns = (
        hit(first), precision(first, k), recall(first), average_precision(first, k),
        discounted_gain(first, k), reciprocal_rank(first),
    )  # fmt: skip
    return np.stack(columns, axis=1)


def hit(hits: Hits) -> Floats:
    """1 where a list has a hit among its first k places, else 0; its mean is the hit rate."""
    return (hits.summed(np.ones(len(hits.places))) > 0).astype(np.float64)


def precision(hits: Hits, k: int) -> Floats:
    """Hits among the first k places / k, also where the list is shorter than k."""
    return hits.summed(np.ones(len(hits.places))) / k


def recall(hits: Hits) -> Floats:
    """Hits among the first k places / all wanted items, which may be more than k."""
    return hits.summed(np.ones(len(hits.places))) / hits.wanted


def average_precision(hits: Hits, k: int) -> Floats:
    """The sum over hits of the precision at their place / min(wanted, k); its mean is MAP@k.

    min(wanted, k) is the most that a list of k places can hit, so a perfect one has 1. Others
    divide by all wanted items (Spark's meanAveragePrecision without k), or by the hits.
    Source: as Spark's meanAveragePrecisionAtK.
    """
    starts = np.searchsorted(hits.list_of, hits.list_of)
    nth = np.arange(len(hits.list_of)) - starts + 1
    return hits.summed(nth / hits.places) / np.minimum(hits.wanted, k)


def discounted_gain(hits: Hits, k: int) -> Floats:
    """Normalised discounted cumulative gain: the sum over hits of 1 / log2(1 + place), divided by
    that of a list whose first min(wanted, k) places all are hits.

    Source: Jarvelin & Kekalainen 2002, with gains of 0 and 1.
    """
    ideal: Floats = np.cumsum(1 / np.log2(1 + np.arange(1, k + 1)))
    gains: Floats = hits.summed(1 / np.log2(1 + hits.places))
    most: Floats = ideal[np.minimum(hits.wanted, k) - 1]
    return gains / most


def reciprocal_rank(hits: Hits) -> Floats:
    """1 / the place of the first hit, 0 without one; its mean is MRR@k."""
    is_first = np.ones(len(hits.list_of), bool)
    is_first[1:] = hits.list_of[1:] != hits.list_of[:-1]
    return hits.summed(np.where(is_first, 1 / hits.places, 0.0))


def novelty(buyers: Ints, customers: Ints) -> Floats:
    """-log2 of the share of customers who bought an item before the cut-off, >= 0.

    An item that nobody bought counts as one that one customer did. Source: self-information, Zhou
    et al. 2010.
    """
    self_information: Floats = np.log2(np.maximum(customers, 1) / np.maximum(buyers, 1))
    return self_information


def places_of(list_of: Ints) -> Ints:
    """The place of each item in its list, from 1: lists stand one after the other."""
    numbers = np.arange(len(list_of))
    is_first = np.ones(len(list_of), bool)
    is_first[1:] = list_of[1:] != list_of[:-1]
    return numbers - np.maximum.accumulate(np.where(is_first, numbers, 0)) + 1


def runs_of(keys: Ints) -> list[tuple[int, int]]:
    """The start and end of each run of equal keys."""
    starts = np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))
    ends = np.append(starts[1:], len(keys))
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=False)]


def equal_before(list_of: Ints, values: Ints, longest: int) -> Ints:
    """For each place, the earlier places of its list that have the same value.

    The sum over the first k places is the number of pairs among them that are alike. Lists stand
    one after the other, of at most `longest` places. Cost: places x longest comparisons.
    """
    counts = np.zeros(len(list_of), np.int64)
    for apart in range(1, min(longest, len(list_of))):
        is_same = (list_of[apart:] == list_of[:-apart]) & (values[apart:] == values[:-apart])
        counts[apart:] += is_same
    return counts
