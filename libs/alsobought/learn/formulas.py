"""What training and its measurements share: log-loss, effective sample size."""

import numpy as np

from alsobought.learn.arrays import Booleans, Floats

MARGIN = 1e-9
"""Probabilities stay this far from 0 and 1, so that their logarithm is finite."""


def log_loss(label: Booleans, p: Floats, weight: Floats | None = None) -> float:
    """The (weighted) mean of -ln P(label), in nats; NaN without rows."""
    if len(label) == 0:
        return float("nan")
    p = np.clip(p, MARGIN, 1 - MARGIN)
    return float(-np.average(np.log(np.where(label, p, 1 - p)), weights=weight))


def effective_sample_size(total: float, squares: float) -> float:
    """How many rows of equal weight tell as much as rows of unequal weights, at most their number.

        (sum w)^2 / sum w^2

    `total` is the sum of the weights, `squares` that of their squares; 0 where no row weighs
    anything. Source: Kish, Survey Sampling, 1965.
    """
    return float(total**2 / squares) if squares else 0.0
