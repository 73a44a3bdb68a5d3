"""E, the scores and the choice of the best candidates of one item, compiled."""

import math

import numpy as np
from numba import njit

from alsobought.copurchase.scores import formulas

TERMS = 12
SERIES_BELOW = 0.5  # P times the largest |c|; with 12 terms the series is then within 1e-13


@njit(cache=True)
def _where(condition, yes, no):
    return yes if condition else no


_F = {
    name: njit(formula, error_model="numpy")
    for name, formula in formulas(math.sqrt, math.log, _where).items()
}
NAMES = tuple(_F)
(_s0, _s1, _s2, _s3, _s4, _s5, _s6, _s7, _s8) = _F.values()


@njit
def score(metric, both, expected, buyers, related, units):
    """The score number `metric` of NAMES."""
    if metric == 0:
        return _s0(both, expected, buyers, related, units)
    if metric == 1:
        return _s1(both, expected, buyers, related, units)
    if metric == 2:
        return _s2(both, expected, buyers, related, units)
    if metric == 3:
        return _s3(both, expected, buyers, related, units)
    if metric == 4:
        return _s4(both, expected, buyers, related, units)
    if metric == 5:
        return _s5(both, expected, buyers, related, units)
    if metric == 6:
        return _s6(both, expected, buyers, related, units)
    if metric == 7:
        return _s7(both, expected, buyers, related, units)
    return _s8(both, expected, buyers, related, units)


@njit(cache=True)
def moments_of(others, counts, moments):
    """Fill moments[k-1] with S_k = sum over buyers of C(|c|, k), for k = 1..TERMS."""
    moments[:] = 0.0
    for i in range(len(others)):
        ways = float(counts[i])
        for k in range(TERMS):
            ways *= (others[i] - k) / (k + 1)
            moments[k] += ways


@njit(cache=True)
def expected_of(share, most, moments, others, counts):
    """E = sum over buyers of 1 - (1 - share)^|c|, from the histogram (others, counts).

    Where share * most (the largest |c|) is small, by the alternating series of the moments, else
    by the closed form. Both are within 1e-12 of the sum, relative.
    """
    if share * most <= SERIES_BELOW:
        total = 0.0
        for k in range(TERMS - 1, -1, -1):
            total = share * (moments[k] - total)
        return total
    log_miss = math.log1p(-share)
    total = 0.0
    for i in range(len(others)):
        total -= counts[i] * math.expm1(others[i] * log_miss)
    return total


@njit(cache=True)
def _worse(score_a, tie_a, score_b, tie_b):
    return score_a < score_b or (score_a == score_b and tie_a > tie_b)


@njit(cache=True)
def mark_best(scores, ties, found, best, kept):
    """Set kept[i] for the `best` candidates of highest score, ties to the smaller tie rank.

    A heap of the best so far, with the worst of them on top.
    """
    heap = np.empty(best, np.int64)
    size = 0
    for i in range(found):
        if size < best:
            child = size
            heap[child] = i
            size += 1
            while child > 0:
                parent = (child - 1) // 2
                a, b = heap[child], heap[parent]
                if not _worse(scores[a], ties[a], scores[b], ties[b]):
                    break
                heap[child], heap[parent] = b, a
                child = parent
        elif _worse(scores[heap[0]], ties[heap[0]], scores[i], ties[i]):
            heap[0] = i
            parent = 0
            while True:
                child = 2 * parent + 1
                if child >= size:
                    break
                if child + 1 < size:
                    left, right = heap[child], heap[child + 1]
                    if _worse(scores[right], ties[right], scores[left], ties[left]):
                        child += 1
                a, b = heap[child], heap[parent]
                if not _worse(scores[a], ties[a], scores[b], ties[b]):
                    break
                heap[child], heap[parent] = b, a
                parent = child
    for k in range(size):
        kept[heap[k]] = True
