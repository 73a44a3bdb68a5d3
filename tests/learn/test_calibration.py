"""How well predictions did, by hand on small arrays."""

import math

import numpy as np
import pytest

from alsobought.learn.calibration import quality, reliability


def array(*values):
    return np.array(values)


def test_four_predictions_judged_by_hand():
    measured = quality(array(0.1, 0.4, 0.35, 0.8), array(0, 0, 1, 1) == 1)
    assert (measured.rows, measured.mean_label) == (4, 0.5)
    assert measured.mean_prediction == pytest.approx(1.65 / 4)
    assert measured.log_loss == pytest.approx(
        -(math.log(0.9) + math.log(0.6) + math.log(0.35) + math.log(0.8)) / 4
    )
    assert measured.auc == 0.75  # of 4 pairs of a positive and a negative 3 are in order
    assert measured.pr_auc == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert sum(measured.histogram) == 4
    assert [i for i, n in enumerate(measured.histogram) if n] == [5, 17, 20, 40]


def test_labels_of_one_kind_have_no_ranking():
    measured = quality(array(0.1, 0.2), array(0, 0) == 1)
    assert math.isnan(measured.auc)
    assert math.isnan(measured.pr_auc)
    assert measured.log_loss == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2)


def test_bins_hold_about_as_many_rows_each_and_their_gaps_are_the_expected_error():
    measured = reliability(array(0.1, 0.2, 0.6, 0.8), array(0, 1, 1, 1) == 1, bins=2)
    assert measured.rows == [2, 2]
    assert measured.mean_prediction == pytest.approx([0.15, 0.7])
    assert measured.mean_label == [0.5, 1.0]
    assert measured.expected_error == pytest.approx((0.35 + 0.3) / 2)


def test_equal_predictions_share_a_bin():
    measured = reliability(array(0.2, 0.2, 0.2, 0.2, 0.9), array(0, 0, 1, 1, 1) == 1)
    assert (measured.rows, measured.mean_label) == ([4, 1], [0.5, 1.0])
    assert measured.expected_error == pytest.approx(0.8 * 0.3 + 0.2 * 0.1)


def test_exact_probabilities_have_next_to_no_error():
    drawn = np.random.default_rng(1)
    p = drawn.uniform(size=100_000)
    measured = quality(p, drawn.uniform(size=len(p)) < p)
    assert measured.reliability.expected_error < 0.01
    assert len(measured.reliability.rows) == 10
