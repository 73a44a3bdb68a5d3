"""How well probabilities agree with what happened: errors, ranking, reliability."""

from dataclasses import dataclass

import numpy as np

from alsobought.learn.arrays import Booleans, Floats
from alsobought.learn.formulas import log_loss

BINS = 10
HISTOGRAM = 50


@dataclass(frozen=True)
class Reliability:
    """Rows in order of their prediction, cut into bins of about as many rows each."""

    rows: list[int]
    mean_prediction: list[float]
    mean_label: list[float]

    @property
    def expected_error(self) -> float:
        """The mean of |mean label - mean prediction| over rows: the expected calibration error.

        Source: Naeini et al. 2015, with bins of equal counts.
        """
        gaps = np.abs(np.subtract(self.mean_label, self.mean_prediction))
        return float(np.average(gaps, weights=self.rows))


@dataclass(frozen=True)
class Quality:
    """Predictions judged by final labels; NaN where the labels are all of one kind.

    log_loss in nats; auc and pr_auc (average precision) in [0, 1].
    """

    rows: int
    mean_prediction: float
    mean_label: float
    log_loss: float
    auc: float
    pr_auc: float
    reliability: Reliability
    histogram: list[int]
    """How many predictions there are in each of HISTOGRAM even parts of [0, 1]."""


def quality(p: Floats, label: Booleans) -> Quality:
    """How well the predictions did, on one row or more. Cost: a sort."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    has_both = bool(0 < label.sum() < len(label))
    return Quality(
        rows=len(p),
        mean_prediction=float(p.mean()),
        mean_label=float(label.mean()),
        log_loss=log_loss(label, p),
        auc=float(roc_auc_score(label, p)) if has_both else float("nan"),
        pr_auc=float(average_precision_score(label, p)) if has_both else float("nan"),
        reliability=reliability(p, label),
        histogram=np.histogram(p, bins=HISTOGRAM, range=(0, 1))[0].tolist(),
    )


def reliability(p: Floats, label: Booleans, bins: int = BINS) -> Reliability:
    """The bins of the predictions; equal predictions are always in one bin.

    Fewer bins where there are fewer distinct predictions.
    """
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, p, side="right")
    _, place, rows = np.unique(place, return_inverse=True, return_counts=True)
    return Reliability(
        rows=rows.tolist(),
        mean_prediction=(np.bincount(place, weights=p) / rows).tolist(),
        mean_label=(np.bincount(place, weights=label) / rows).tolist(),
    )
