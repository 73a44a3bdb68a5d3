"""Why a pair ranks where it does: its scores and rank, or bounds on a pair that was not kept."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from alsobought.copurchase.formulas import activity_beside, expected
from alsobought.copurchase.matched_rates import MatchedRates
from alsobought.copurchase.scores import SHRUNKEN, formulas

SCORES = formulas(math.sqrt, math.log, lambda condition, yes, no: yes if condition else no)

Histogram = Sequence[Mapping[str, int]]
"""`other_purchases` of item_statistics: bins of others and buyers, by ascending others."""


class Evidence(NamedTuple):
    """The counts that a pair is scored by: N, E, n_x, n_y, n, as co_purchases has them."""

    both: int
    expected: float
    buyers: int
    related_buyers: int
    units: int


Prior = tuple[float, ...]
"""Of N / E: alpha1, beta1, alpha2, beta2, P, as co_purchases has it; () where it has none."""


@dataclass(frozen=True)
class Candidate:
    """A pair of one item, as co_purchases kept it."""

    related_item_id: str
    evidence: Evidence
    is_available: bool
    prior: Prior = ()


@dataclass(frozen=True)
class Limits:
    """By what co_purchases kept pairs; `candidates` None: unknown."""

    min_support: int
    candidates: int | None
    metrics: Sequence[str]
    prior: Prior = ()


def score(metric: str, evidence: Evidence, prior: Prior = ()) -> float:
    """The score of a pair with this evidence, as related_items has it; NaN where it needs a prior
    and there is none."""
    if metric not in SHRUNKEN:
        value: float = SCORES[metric](*map(float, evidence))
        return value
    # SciPy takes a while to import, and most lists are not ranked so
    from alsobought.copurchase import gamma_poisson

    if not prior:
        return math.nan
    of_pair = float(evidence.both), float(evidence.expected)
    return float(gamma_poisson.shrunken(metric, gamma_poisson.Prior(*prior), *of_pair))


def ranking(candidates: Sequence[Candidate], metric: str, min_support: int) -> list[str]:
    """The related items that may be listed, best first: available, with enough units.

    Equal scores are ranked by related_item_id, as in related_items.
    """
    listable = [
        candidate
        for candidate in candidates
        if candidate.evidence.both >= min_support and candidate.is_available
    ]
    listable.sort(
        key=lambda pair: (-score(metric, pair.evidence, pair.prior), pair.related_item_id)
    )
    return [candidate.related_item_id for candidate in listable]


def is_below_support(pair: Evidence, kept: Sequence[Evidence], limits: Limits) -> bool:
    """Whether a pair that was not kept must be below min_support.

    It must where the item has free places among its candidates: more pairs would have been kept.
    A pair with E = 0 has no score, so nothing else is known of it.
    """
    return limits.candidates is not None and (len(kept) < limits.candidates or not pair.expected)


def most_units(pair: Evidence, kept: Sequence[Evidence], limits: Limits) -> int:
    """How many units at most have both items of a pair that was not kept; `pair.both` is ignored.

    Every score grows with N, so under each metric N is at most what would have made the pair as
    good as the last one that the metric kept.
    """
    possible = min(pair.buyers, pair.related_buyers)
    if limits.candidates is None:
        return possible
    if is_below_support(pair, kept, limits):
        return min(possible, limits.min_support - 1)
    rank = limits.candidates

    def most(metric: str) -> int:
        prior = limits.prior
        scores = sorted((score(metric, evidence, prior) for evidence in kept), reverse=True)
        counts = range(1, possible + 1)
        return bisect_right(
            counts,
            scores[rank - 1],
            key=lambda both: score(metric, pair._replace(both=both), prior),
        )

    usable = {*SCORES, *(SHRUNKEN if limits.prior else ())}
    at_most = min((most(metric) for metric in limits.metrics if metric in usable), default=possible)
    return min(possible, max(at_most, limits.min_support - 1))


def expected_units(histogram: Histogram, share: float) -> float:
    """E, in units, of a pair from X's histogram and Y's share of all purchases, in [0, 1)."""
    others = [part["others"] for part in histogram]
    return expected(share, others, [part["buyers"] for part in histogram])


def matched_units(histogram: Histogram, related_buyers: int, rates: MatchedRates) -> float:
    """The matched E, in units, of a pair from X's histogram and the units with Y."""
    buyers = [part["buyers"] for part in histogram]
    share_of_item, share = map(float, rates.shares(np.array([sum(buyers), related_buyers])))
    tables = (
        (rates.activities[part["others"]], rates.slopes[part["others"]]) for part in histogram
    )
    return expected(share, [activity_beside(*table, share_of_item) for table in tables], buyers)


def median(histogram: Histogram) -> int:
    """The smallest number of other purchases that half of the buyers do not exceed."""
    so_far = [*accumulate(part["buyers"] for part in histogram)]
    parts = zip(histogram, so_far, strict=True)
    return int(next(part["others"] for part, buyers in parts if 2 * buyers >= so_far[-1]))


def mean(histogram: Histogram) -> float:
    """The mean number of other purchases per buyer."""
    others = sum(part["others"] * part["buyers"] for part in histogram)
    return others / sum(part["buyers"] for part in histogram)
