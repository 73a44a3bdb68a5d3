"""The two kinds of classifier against plain ones, and what calibration does to them."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from alsobought.learn.gradient_boosting import Boosted
from alsobought.learn.labelled_rows import LabelledRows
from alsobought.learn.logistic import KNOTS, Logistic


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Trees that predict on every core wait for the tests that run beside these."""
    with threadpool_limits(limits=1):
        yield


def test_folded_interactions_are_those_of_a_plain_pipeline():
    random = np.random.default_rng(2)
    x, age = random.normal(3, 2, (2_000, 2)), random.uniform(0, 20, 2_000)
    label = random.random(2_000) < 1 / (1 + np.exp(-(x[:, 0] - 3 - 0.1 * age)))

    knots = age.max() * KNOTS
    bent = np.maximum(age[:, None] - knots, 0)
    z, aged, curve = (
        StandardScaler().fit_transform(columns)
        for columns in (x, np.column_stack([age, np.log1p(age)]), bent)
    )
    crossed = np.column_stack([z, aged, z * aged[:, :1], z * aged[:, 1:], curve])
    oracle = LogisticRegression(tol=1e-8, max_iter=5_000).fit(crossed, label)
    expected = oracle.predict_proba(crossed)[:, 1]
    folded = Logistic.fit(LabelledRows(x, age, label), 0).probability(x, age)
    assert folded == pytest.approx(expected, abs=1e-4)


def test_a_miscalibrated_model_is_corrected():
    random = np.random.default_rng(1)
    x = random.normal(size=(20_000, 1))
    label = random.random(20_000) < 1 / (1 + np.exp(-(0.5 * x[:, 0] + 1)))
    far_off = Logistic(np.array([[3.0]]), np.array([-4.0]), np.empty(0), np.empty(0))
    sigmoid = far_off.calibrated(LabelledRows(x, None, label))
    assert sigmoid.coefficients[0, 0] == pytest.approx(0.5, abs=0.05)
    assert sigmoid.constants[0] == pytest.approx(1.0, abs=0.05)
    halved = label & (random.random(20_000) < 0.5)
    learnt = Boosted.fit(LabelledRows(x, None, halved), 0)
    steps = learnt.calibrated(LabelledRows(x, None, label)).probability(x, None)
    assert learnt.probability(x, None).mean() < 0.6 * label.mean()
    assert steps.mean() == pytest.approx(label.mean(), abs=0.005)
    assert 0 < steps.min() < steps.max() < 1


def test_a_sigmoid_stretches_every_score_alike():
    random = np.random.default_rng(3)
    age = random.uniform(0, 28, 9_000)
    label = random.random(9_000) < 1 - np.exp(-age / 9)
    rows = LabelledRows(random.normal(size=(9_000, 1)), age, label)
    plain = Logistic.fit(rows, 0)
    other = replace(rows, label=label | (random.random(9_000) < 0.3))
    before = plain.scores(rows.features, rows.age)
    after = plain.calibrated(other).scores(rows.features, rows.age)
    stretch, shift = np.polyfit(before, after, 1)
    assert after == pytest.approx(stretch * before + shift, abs=1e-9)
    assert abs(stretch - 1) > 0.1


def test_steps_learnt_from_few_rows_stay_away_from_certainty():
    x, label = np.repeat([[0.0], [1.0]], 100, axis=0), np.repeat([False, True], 100)
    steps = Boosted.fit(LabelledRows(x, None, label), 0).calibrated(
        LabelledRows(x[::20], None, label[::20])
    )
    assert steps.probability(np.array([[0.0], [1.0]]), None).tolist() == [1 / 12, 11 / 12]
