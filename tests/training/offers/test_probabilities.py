"""Whom each auxiliary probability is learnt from, and with which label: said again in words."""

from math import isnan, nan

import numpy as np
import pytest

from alsobought.training.offers.delay_models import PROBABILITIES
from alsobought.training.offers.matured_history import MaturedHistory

# Each probability's row and label in plain words, of (age, engaged after, redeemed after).
SAID = {
    "redeems": (lambda a, e, d: True, lambda a, e, d: not isnan(d)),
    "redeems_late": (lambda a, e, d: True, lambda a, e, d: not isnan(d) and d > 7),
    "stays_negative": (lambda a, e, d: isnan(d) or d > 7, lambda a, e, d: isnan(d)),
    "redemption_visible": (lambda a, e, d: not isnan(d), lambda a, e, d: d < a),
    "engagement_visible": (lambda a, e, d: not isnan(e) and isnan(d), lambda a, e, d: e < a),
    "never_redeems": (lambda a, e, d: isnan(d) or d >= a, lambda a, e, d: isnan(d)),
    "never_engages": (lambda a, e, d: isnan(e) or e >= a, lambda a, e, d: isnan(e)),
    "engaged_never_redeems": (
        lambda a, e, d: (not isnan(e) and e < a) and (isnan(d) or d >= a),
        lambda a, e, d: isnan(d),
    ),
}


@pytest.mark.parametrize("name", PROBABILITIES)
def test_rows_and_labels_are_what_is_said(name):
    # events on the edges: on the window, at the age itself, and an age of 0
    some = [(a, e, d) for a in (0.0, 5.0, 7.0, 9.0, 30.0) for e in (nan, 0.0, 5.0) for d in
            (nan, 5.0, 7.0, 8.0, 9.0) if isnan(d) or not isnan(e)]  # fmt: skip
    age, engaged, redeemed = np.array(some).T
    history = MaturedHistory(np.zeros((len(some), 0)), age, engaged, redeemed, np.arange(len(some)))
    is_row, is_positive = SAID[name]
    chosen = PROBABILITIES[name].rows(history, 7)
    assert chosen.tolist() == [is_row(*event) for event in some]
    labels = PROBABILITIES[name].label(history, 7)[chosen]
    assert labels.tolist() == [is_positive(*event) for event in some if is_row(*event)]
