"""The scores, each against a hand-computed value and the plain-Python oracle."""

import math

import pytest

from alsobought.copurchase.scores import METRICS, score
from tests import oracle
from tests.copurchase.evidence import EVIDENCE

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
    "poisson_deviance": 2 * (6 * math.log(1.5) - 2),
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


def test_lift_jaccard_and_cosine_are_symmetric_and_confidence_is_not():
    one, other = oracle.scores(6, 4.0, 10, 12, 100), oracle.scores(6, 4.0, 12, 10, 100)
    assert {m for m in METRICS if one[m] != pytest.approx(other[m])} == {"confidence"}
