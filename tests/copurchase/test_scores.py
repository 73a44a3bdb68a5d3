"""The scores, each against a hand-computed value and the plain-Python oracle."""

import math

import numpy as np
import pytest

from alsobought.copurchase.engine.kernels import cache, evidence
from alsobought.copurchase.scores import METRICS, score
from tests import oracle

# N, E, n_x, n_y, n: by hand in test_scores_by_hand, then corners
EVIDENCE = [
    (6, 4.0, 10, 12, 100),
    (1, 0.5, 1, 1, 1),  # one unit in all
    (2, 8.0, 20, 30, 60),  # below chance
    (5, 1.0, 5, 5, 5),  # every unit has both
    (3, 0.25, 3, 3, 1_000_000_000),  # rare and always together
    (9, 2.0, 10, 900_000, 1_000_000),
    (1, 0.9, 4, 4, 4),  # a directed N: the other cells of a 2x2 table would be impossible
]
BY_HAND = {
    "pearson_residual": 1.0,
    "excess": 2.0,
    "relative_excess": 0.5,
    "lift": 5.0,
    "confidence": 0.6,
    "cosine": 6 / math.sqrt(120),
    "jaccard": 6 / 16,
    "npmi": math.log(5) / -math.log(0.06),
    # 2 sum k ln(k n / (row column)) over the cells 6, 4, 6, 84 of 10|90 x 12|88
    "log_likelihood_ratio": 2
    * (
        6 * math.log(600 / 120)
        + 4 * math.log(400 / 880)
        + 6 * math.log(600 / 1080)
        + 84 * math.log(8400 / 7920)
    ),
}


def test_every_score_by_hand():
    assert list(METRICS) == list(BY_HAND)
    assert oracle.scores(*EVIDENCE[0]) == pytest.approx(BY_HAND, rel=1e-14)


def test_spark_and_the_oracle_agree_on_every_score(frame):
    columns = "both bigint, expected double, buyers bigint, related_buyers bigint, units bigint"
    rows = frame(columns, *EVIDENCE).select("*", *[score(m).alias(m) for m in METRICS]).collect()
    for row in rows:
        want = oracle.scores(*row[:5])
        assert {m: row[m] for m in METRICS} == pytest.approx(want, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("metric", list(METRICS))
def test_the_compiled_kernel_and_the_oracle_agree(metric):
    number = evidence.NAMES.index(metric)
    for counts in EVIDENCE:
        want = oracle.scores(*counts)[metric]
        got = evidence.score(number, *(float(value) for value in counts))
        assert got == pytest.approx(want, rel=1e-12, abs=1e-12), evidence


def test_lift_jaccard_and_cosine_are_symmetric_and_confidence_is_not():
    one, other = oracle.scores(6, 4.0, 10, 12, 100), oracle.scores(6, 4.0, 12, 10, 100)
    assert {m for m in METRICS if one[m] != pytest.approx(other[m])} == {"confidence"}


def test_compiled_loops_are_kept_under_a_stamp_of_all_their_sources(monkeypatch):
    kept = evidence.expected_of._cache._cache_path
    assert kept.endswith(f"kernels-{cache.digest()}")
    monkeypatch.setattr(cache, "SOURCES", cache.SOURCES[1:])
    assert not kept.endswith(f"kernels-{cache.digest()}")


def test_the_best_are_chosen_by_score_and_ties_by_the_smaller_rank():
    rng = np.random.default_rng(3)
    scores = rng.integers(0, 6, 200).astype(float)  # many ties
    ties = rng.permutation(200).astype(np.int32)
    kept = np.zeros(200, bool)
    evidence.mark_best(scores, ties, 200, 17, kept)
    want = sorted(range(200), key=lambda i: (-scores[i], ties[i]))[:17]
    assert sorted(want) == np.flatnonzero(kept).tolist()
