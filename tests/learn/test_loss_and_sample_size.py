"""Log-loss and effective sample size, by hand."""

import math
from fractions import Fraction

import numpy as np
import pytest

from alsobought.learn.formulas import effective_sample_size, log_loss


def test_the_effective_sample_size_of_equal_and_of_lone_weights():
    assert effective_sample_size(3.0, 3.0) == 3.0  # three rows of weight 1
    assert effective_sample_size(6.0, 12.0) == 3.0  # three rows of weight 2
    assert effective_sample_size(2.0, 4.0) == 1.0  # one row of weight 2, three of 0
    assert effective_sample_size(4.0, 10.0) == float(Fraction(8, 5))  # 3 and 1
    assert effective_sample_size(0.0, 0.0) == 0.0


def test_log_loss_by_hand():
    label, p = np.array([True, False, True]), np.array([0.9, 0.2, 0.5])
    losses = [-math.log(0.9), -math.log(0.8), -math.log(0.5)]
    assert log_loss(label, p) == pytest.approx(sum(losses) / 3)
    weighted = (losses[0] + 2 * losses[1] + 5 * losses[2]) / 8
    assert log_loss(label, p, np.array([1.0, 2.0, 5.0])) == pytest.approx(weighted)
    assert log_loss(label[:1], np.array([0.0])) == pytest.approx(-math.log(1e-9))
    assert math.isnan(log_loss(label[:0], p[:0]))
