"""The best related items of each group of candidates under each metric, compiled."""

from typing import NamedTuple

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Floats, Int32s, Int64s
from alsobought.copurchase.engine.kernels.best_candidates import score


class Evidence(NamedTuple):
    """N, E, n_x, n_y and n of each candidate."""

    both: Int64s
    expected: Floats
    buyers: Int64s
    related_buyers: Int64s
    units: Int64s


class Candidates(NamedTuple):
    """Candidates by group: group g has the rows starts[g] to starts[g + 1].

    `ties` order candidates of equal score; those below 0 may not be listed.
    """

    evidence: Evidence
    ties: Int32s
    starts: Int64s


class ListRules(NamedTuple):
    """The least support of a pair, the length of a list, and the metrics.

    `metrics` are numbers of best_candidates.NAMES.
    """

    support: int
    top_k: int
    metrics: Int64s


class ListedRows(NamedTuple):
    """Room for lists: the row of the candidate, the position of the metric, the rank, the score."""

    rows: Int64s
    metrics: Int32s
    ranks: Int32s
    scores: Floats


@njit(cache=True)
def _is_better(score_a: float, tie_a: int, score_b: float, tie_b: int) -> bool:
    return score_a > score_b or (score_a == score_b and tie_a < tie_b)


@njit(cache=True)
def _insert(row: int, value: float, ties: Int32s, best: Int64s, scores: Floats, count: int) -> int:
    """Insert a row into the `count` best so far, which are sorted; returns how many there are.

    There is room for as many as are kept: a row that is worse than all of these is left out.
    """
    place = count
    while place > 0 and _is_better(value, ties[row], scores[place - 1], ties[best[place - 1]]):
        if place < len(best):
            scores[place], best[place] = scores[place - 1], best[place - 1]
        place -= 1
    if place < len(best):
        scores[place], best[place] = value, row
    return min(count + 1, len(best))


@njit(cache=True)
def write_lists(candidates: Candidates, rules: ListRules, out: ListedRows) -> int:
    """Write each group's best rows under each metric, best first; returns the rows written."""
    (both, expected, buyers, related_buyers, units), ties, starts = candidates
    best, scores = np.empty(rules.top_k, np.int64), np.empty(rules.top_k)
    at = 0
    for g in range(len(starts) - 1):
        for m in range(len(rules.metrics)):
            count = 0
            for row in range(starts[g], starts[g + 1]):
                if ties[row] < 0 or both[row] < rules.support:
                    continue
                value = score(
                    rules.metrics[m],
                    float(both[row]),
                    expected[row],
                    float(buyers[row]),
                    float(related_buyers[row]),
                    float(units[row]),
                )
                count = _insert(row, value, ties, best, scores, count)
            for place in range(count):
                out.rows[at], out.metrics[at] = best[place], m
                out.ranks[at], out.scores[at] = place + 1, scores[place]
                at += 1
    return at
