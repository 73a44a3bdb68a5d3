"""How well predictions did, by hand on small arrays."""

import math

import numpy as np
import pytest

from alsobought.learn.calibration import quality, reliability


def array(*values):
    return np.array(values)


def test_four_predictions_judged_by_hand():
    found = quality(array(0.1, 0.4, 0.35, 0.8), array(0, 0, 1, 1) == 1)
    assert (found.rows, found.mean_label) == (4, 0.5)
    assert found.mean_prediction == pytest.approx(1.65 / 4)
    assert found.log_loss == pytest.approx(
        -(math.log(0.9) + math.log(0.6) + math.log(0.35) + math.log(0.8)) / 4
    )
    assert found.auc == 0.75  # of 4 pairs of a positive and a negative 3 are in order
    assert found.pr_auc == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert sum(found.histogram) == 4
    assert [i for i, n in enumerate(found.histogram) if n] == [5, 17, 20, 40]


def test_labels_of_one_kind_have_no_ranking():
    found = quality(array(0.1, 0.2), array(0, 0) == 1)
    assert math.isnan(found.auc)
    assert math.isnan(found.pr_auc)
    assert found.log_loss == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2)


def test_bins_hold_about_as_many_rows_each_and_their_gaps_are_the_expected_error():
    found = reliability(array(0.1, 0.2, 0.6, 0.8), array(0, 1, 1, 1) == 1, bins=2)
    assert found.rows == [2, 2]
    assert found.mean_prediction == pytest.approx([0.15, 0.7])
    assert found.mean_label == [0.5, 1.0]
    assert found.expected_error == pytest.approx((0.35 + 0.3) / 2)


def test_equal_predictions_share_a_bin():
    found = reliability(array(0.2, 0.2, 0.2, 0.2, 0.9), array(0, 0, 1, 1, 1) == 1)
    assert (found.rows, found.mean_label) == ([4, 1], [0.5, 1.0])
    assert found.expected_error == pytest.approx(0.8 * 0.3 + 0.2 * 0.1)


def test_exact_probabilities_have_next_to_no_error():
    drawn = np.random.default_rng(1)
    p = drawn.uniform(size=100_000)
    found = quality(p, drawn.uniform(size=len(p)) < p)
    assert found.reliability.expected_error < 0.01
    assert len(found.reliability.rows) == 10
