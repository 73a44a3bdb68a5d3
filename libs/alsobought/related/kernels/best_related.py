"""The best related items of each group of candidates under each metric, compiled."""

from typing import NamedTuple

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Floats, Int32s, Int64s
from alsobought.copurchase.engine.kernels.best_candidates import FIRST_SHRUNKEN, score
from alsobought.copurchase.engine.kernels.named_arrays import NO_POSTERIORS, Posteriors
from alsobought.copurchase.engine.kernels.posterior_scores import score_pairs


class Evidence(NamedTuple):
    """N, E, n_x, n_y and n of each candidate."""

    both: Int64s
    expected: Floats
    buyers: Int64s
    related_buyers: Int64s
    units: Int64s


class Candidates(NamedTuple):
    """Candidates by group: group g has the rows starts[g] to starts[g + 1].

    `ties` order candidates of equal score; those below 0 may not be listed. `kinds` are numbers of
    kinds of pairs; `alike`, a row a candidate and a column a limit, of what related items have in
    common; below 0: they have none. `prior_of` numbers the priors of `posteriors`; or empty.
    """

    evidence: Evidence
    ties: Int32s
    starts: Int64s
    kinds: Int32s
    alike: Int32s
    prior_of: Int32s = np.empty(0, np.int32)
    posteriors: Posteriors = NO_POSTERIORS


class ListRules(NamedTuple):
    """The least support of a pair, the length of a list, the metrics, the kinds, the limits.

    `metrics` are numbers of best_candidates.NAMES. Each of `kinds` makes lists of its own; below 0:
    of all pairs. A list has at most limits[l] items with one number in column l of `alike`.
    """

    support: int
    top_k: int
    metrics: Int64s
    kinds: Int64s
    limits: Int64s


class ListedRows(NamedTuple):
    """Room for lists: the row of the candidate, the positions of metric and kind, rank, score."""

    rows: Int64s
    metrics: Int32s
    kinds: Int32s
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
def _is_within(row: int, chosen: Int64s, alike: Int32s, limits: Int64s) -> bool:
    """Whether a row may join those chosen: no limit has its number of likes among them already."""
    for limit in range(len(limits)):
        number, count = alike[row, limit], 0
        for other in chosen:
            count += alike[other, limit] == number
        if number >= 0 and count >= limits[limit]:
            return False
    return True


@njit(cache=True)
def _keep_within(best: Int64s, scores: Floats, alike: Int32s, rules: ListRules) -> int:
    """Keep the first top_k rows that the limits allow, each with those kept before it; returns how
    many there are. Both arrays are updated."""
    count = 0
    for place in range(len(best)):
        if count < rules.top_k and _is_within(best[place], best[:count], alike, rules.limits):
            best[count], scores[count] = best[place], scores[place]
            count += 1
    return count


@njit(cache=True)
def _collect_best(
    span: tuple[int, int],
    kind: int,
    metric: int,
    candidates: Candidates,
    support: int,
    best: Int64s,
    scores: Floats,
) -> int:
    """Collect the best rows of a span and a kind, best first, as many as there is room for."""
    both, expected, buyers, related_buyers, units = candidates.evidence
    ties, kinds = candidates.ties, candidates.kinds
    first, end = span
    shrunken = np.empty(0)
    if metric >= FIRST_SHRUNKEN:
        number, prior = metric - FIRST_SHRUNKEN, candidates.prior_of[first]
        rows = both[first:end], expected[first:end]
        shrunken = score_pairs(number, rows[0], rows[1], prior, candidates.posteriors)
    count = 0
    for row in range(first, end):
        if ties[row] < 0 or both[row] < support or (kind >= 0 and kinds[row] != kind):
            continue
        if metric >= FIRST_SHRUNKEN:
            value = shrunken[row - first]
        else:
            value = score(
                metric,
                float(both[row]),
                expected[row],
                float(buyers[row]),
                float(related_buyers[row]),
                float(units[row]),
            )
        count = _insert(row, value, ties, best, scores, count)
    return count


@njit(cache=True)
def write_lists(candidates: Candidates, rules: ListRules, out: ListedRows) -> int:
    """Write each group's best rows of each kind under each metric, best first; returns the rows
    written. Cost: with limits all rows of a group are sorted by insertion."""
    starts = candidates.starts
    longest = np.max(np.append(np.diff(starts), 1))
    room = rules.top_k if len(rules.limits) == 0 else longest
    best, scores = np.empty(room, np.int64), np.empty(room)
    at = 0
    for g in range(len(starts) - 1):
        span = starts[g], starts[g + 1]
        for k in range(len(rules.kinds)):
            for m in range(len(rules.metrics)):
                kind, metric = rules.kinds[k], rules.metrics[m]
                count = _collect_best(span, kind, metric, candidates, rules.support, best, scores)
                count = _keep_within(best[:count], scores[:count], candidates.alike, rules)
                for place in range(count):
                    out.rows[at], out.metrics[at], out.kinds[at] = best[place], m, k
                    out.ranks[at], out.scores[at] = place + 1, scores[place]
                    at += 1
    return at
