"""E, the scores and the choice of the best candidates of one item, compiled."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Bools, Floats, Int32s, Int64s
from alsobought.copurchase import formulas
from alsobought.copurchase.engine.kernels.named_arrays import (
    Candidates,
    Histogram,
    ItemFacts,
    PairCounts,
    PairRows,
    Posteriors,
    Selection,
)
from alsobought.copurchase.engine.kernels.posterior_scores import score_pair
from alsobought.copurchase.formulas import SERIES_BELOW, TERMS
from alsobought.copurchase.scores import SHRUNKEN
from alsobought.copurchase.scores import formulas as scores_with

MEMO = 4096
TRACKED = 1_024  # a candidate with a larger N is scored, whatever was rejected before
SLOTS = 2.0**40  # shares that differ by less may meet in one place of the memo

fill_moments: Any = njit(formulas.fill_moments)
_closed_form: Any = njit(formulas.expected)
_series: Any = njit(formulas.expected_by_series)


@njit(cache=True)
def _where(condition: bool, yes: float, no: float) -> float:
    return yes if condition else no


def dispatcher(scores: Sequence[Any], number: int = 0) -> Any:
    """A compiled function of (metric, N, E, n_x, n_y, n): the score number `metric`, a double.

    A chain of one function a score, each a constant of the one before, so that the compiler sees
    plain branches. `scores` are compiled formulas, numbered from `number`; a number above all of
    theirs gives the last.
    """
    this = scores[0]
    if len(scores) == 1:

        @njit
        def last(
            metric: int, both: float, expected: float, buyers: float, related: float, units: float
        ) -> float:
            return this(both, expected, buyers, related, units)  # type: ignore[no-any-return]

        return last
    others = dispatcher(scores[1:], number + 1)

    @njit
    def chosen(
        metric: int, both: float, expected: float, buyers: float, related: float, units: float
    ) -> float:
        if metric == number:
            return this(both, expected, buyers, related, units)  # type: ignore[no-any-return]
        return others(metric, both, expected, buyers, related, units)  # type: ignore[no-any-return]

    return chosen


_SCORES = scores_with(math.sqrt, math.log, _where)
FIRST_SHRUNKEN = len(_SCORES)
NAMES = (*_SCORES, *SHRUNKEN)
"""The scores by number: first those of a pair's counts alone, then those of the posterior."""
score = dispatcher([njit(formula, error_model="numpy") for formula in _SCORES.values()])


@njit(cache=True)
def expected_of(share: float, moments: Floats, histogram: Histogram) -> float:
    """E of an item with this share, within 1e-12, relative, by the quicker way that is that good.

    `moments` are those of the histogram.
    """
    if share * histogram.others[-1] <= SERIES_BELOW:
        return _series(share, moments)  # type: ignore[no-any-return]
    return _closed_form(share, histogram.others, histogram.buyers)  # type: ignore[no-any-return]


@njit(cache=True)
def _worse(score_a: float, tie_a: int, score_b: float, tie_b: int) -> bool:
    return score_a < score_b or (score_a == score_b and tie_a > tie_b)


@njit(cache=True)
def _sift_up(heap: Int64s, child: int, scores: Floats, ties: Int32s) -> None:
    """Move a candidate up to where all below it are better."""
    while child > 0:
        parent = (child - 1) // 2
        a, b = heap[child], heap[parent]
        if not _worse(scores[a], ties[a], scores[b], ties[b]):
            break
        heap[child], heap[parent] = b, a
        child = parent


@njit(cache=True)
def _sift_down(heap: Int64s, scores: Floats, ties: Int32s) -> None:
    """Move the candidate on top of a full heap down to where all below it are better."""
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= len(heap):
            break
        if child + 1 < len(heap):
            left, right = heap[child], heap[child + 1]
            if _worse(scores[right], ties[right], scores[left], ties[left]):
                child += 1
        a, b = heap[child], heap[parent]
        if not _worse(scores[a], ties[a], scores[b], ties[b]):
            break
        heap[child], heap[parent] = b, a
        parent = child


@njit(cache=True)
def mark_best(scores: Floats, ties: Int32s, best: int, is_kept: Bools) -> None:
    """Set is_kept[i] for the `best` candidates of highest score, ties to the smaller tie rank.

    A heap of the best so far, with the worst of them on top.
    """
    heap = np.empty(best, np.int64)
    size = 0
    for i in range(len(scores)):
        if size < best:
            heap[size] = i
            size += 1
            _sift_up(heap, size - 1, scores, ties)
        elif _worse(scores[heap[0]], ties[heap[0]], scores[i], ties[i]):
            heap[0] = i
            _sift_down(heap, scores, ties)
    for k in range(size):
        is_kept[heap[k]] = True


@njit(cache=True)
def _reject(least: Floats, both: int, expected: float) -> None:
    """Note that no candidate of at most this N and a larger E can be among the best."""
    for n in range(min(both, len(least) - 1), 0, -1):
        if least[n] <= expected:
            break
        least[n] = expected


@njit(cache=True)
def mark_best_of_posterior(
    number: int, pairs: PairCounts, prior: int, posteriors: Posteriors, best: int, is_kept: Bools
) -> None:
    """As `mark_best` by score `number` of the posterior, most of which need not be known.

    The scores grow with N and fall with E: a candidate is worse than any of at least its N and a
    smaller E. Those that other metrics keep come first, so that few of the others are looked at.
    """
    both, expected, ties = pairs
    table, of_prior = posteriors.knots[prior, number], posteriors.priors[prior]
    scores, heap, size = np.empty(len(both)), np.empty(best, np.int64), 0
    least = np.full(TRACKED + 1, np.inf)  # by N: the smallest E of all that were rejected
    was_kept = is_kept.copy()
    for turn in (True, False):
        for i in range(len(both)):
            is_out = both[i] <= TRACKED and expected[i] > least[both[i]]
            if was_kept[i] != turn or is_out:
                continue
            scores[i] = score_pair(number, both[i], expected[i], table, of_prior)
            if size < best:
                heap[size] = i
                size += 1
                _sift_up(heap, size - 1, scores, ties)
                continue
            loser, top = i, heap[0]
            if _worse(scores[top], ties[top], scores[i], ties[i]):
                loser, heap[0] = top, i
                _sift_down(heap, scores, ties)
            _reject(least, both[loser], expected[loser])
    for k in range(size):
        is_kept[heap[k]] = True


@njit(cache=True)
def _expected_of_each(codes: Int32s, shares: Floats, histogram: Histogram) -> Floats:
    """E of each of X's candidates, from X's histogram."""
    moments = np.empty(TERMS)
    fill_moments(histogram.others, histogram.buyers, moments)
    # many items have the same share, so the same E; the series is quick enough without a memo
    needs_memo = histogram.others[-1] * np.max(shares[codes]) > SERIES_BELOW
    memo_of = np.full(MEMO if needs_memo else 1, -1.0)
    memo = np.empty(len(memo_of))
    expected = np.empty(len(codes))
    for i in range(len(codes)):
        share = shares[codes[i]]
        slot = np.int64(share * SLOTS) % len(memo_of)
        if memo_of[slot] != share:
            memo_of[slot] = share
            memo[slot] = expected_of(share, moments, histogram)
        expected[i] = memo[slot]
    return expected


@njit(cache=True)
def write_best(
    x: int,
    candidates: Candidates,
    histogram: Histogram,
    facts: ItemFacts,
    selection: Selection,
    out: PairRows,
    at: int,
) -> int:
    """Write X's candidates that the selection keeps to `out`, from row `at` on.

    Returns the next free row.
    """
    supported = np.flatnonzero(candidates.both >= selection.support)
    if len(supported) == 0:
        return at
    codes, both = candidates.codes[supported], candidates.both[supported]
    expected = _expected_of_each(codes, facts.shares, histogram)
    ties = facts.ties[codes]
    best, buyers = selection.best, facts.buyers
    buyers_of_x, units = float(buyers[x]), float(facts.units[x])
    is_kept = np.full(len(codes), len(codes) <= best)
    scores = np.empty(len(codes))
    for metric in selection.metrics:
        if len(codes) <= best:
            break
        if metric >= FIRST_SHRUNKEN:
            number, prior = metric - FIRST_SHRUNKEN, selection.prior_of[x]
            pairs = PairCounts(both, expected, ties)
            mark_best_of_posterior(number, pairs, prior, selection.posteriors, best, is_kept)
            continue
        for i in range(len(codes)):
            related = float(buyers[codes[i]])
            scores[i] = score(metric, float(both[i]), expected[i], buyers_of_x, related, units)
        mark_best(scores, ties, best, is_kept)
    for i in range(len(codes)):
        if is_kept[i]:
            out.items[at] = x
            out.related[at] = codes[i]
            out.both[at] = both[i]
            out.expected[at] = expected[i]
            at += 1
    return at
