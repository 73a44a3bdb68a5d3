"""Two kinds of classifier of offers, by features and perhaps age: small, and quick to predict."""

from typing import Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from alsobought.learn.arrays import Booleans, Floats
from alsobought.learn.gradient_boosting import Boosted
from alsobought.learn.labelled_rows import NEVER_QUITE, Rows
from alsobought.learn.logistic import Logistic


class Classifier(Protocol):
    """A fitted model of P(label | features, age)."""

    @property
    def calibration(self) -> str:
        """How held-out rows corrected it: "none", "sigmoid" or "isotonic"."""
        ...

    def probability(self, features: Floats, age: Floats | None) -> Floats:
        """P(label) of each row, in (0, 1): float64 of shape (n,)."""
        ...

    def calibrated(self, rows: Rows) -> "Classifier":
        """This model corrected on rows that it was not trained on, of both labels."""
        ...

    def content(self) -> bytes:
        """All that it learnt, for a hash."""
        ...


KINDS: dict[str, type[Logistic] | type[Boosted]] = {
    "logistic": Logistic,
    "gradient_boosting": Boosted,
}


PENALTIES: dict[str, tuple[float, ...]] = {
    "logistic": (1.0, 10.0, 100.0, 1000.0),
    "gradient_boosting": (1.0,),
}
"""L2 penalties to choose from. Trees are held back by their leaves' size, and take long to fit."""


def fit(model: str, rows: Rows, seed: int, penalty: float = 1.0) -> Classifier:
    """A model of that kind. On one thread: sums in another order would be another model."""
    with threadpool_limits(limits=1):
        return KINDS[model].fit(rows, seed, penalty)


def log_loss(label: Booleans, p: Floats, weight: Floats | None = None) -> float:
    """The mean of -ln P(label), in nats; NaN without rows."""
    if len(label) == 0:
        return float("nan")
    p = np.clip(p, NEVER_QUITE, 1 - NEVER_QUITE)
    return float(-np.average(np.log(np.where(label, p, 1 - p)), weights=weight))
