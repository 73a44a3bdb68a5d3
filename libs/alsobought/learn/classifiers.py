"""Two kinds of classifier, by features and perhaps age: small, and quick to predict.

Nothing here imports scikit-learn before it fits or scores: that takes two seconds, and every job
and command reads these modules.
"""

from typing import Protocol

from threadpoolctl import threadpool_limits

from alsobought.learn.arrays import Floats
from alsobought.learn.formulas import log_loss
from alsobought.learn.gradient_boosting import Boosted
from alsobought.learn.labelled_rows import LabelledRows
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

    def calibrated(self, rows: LabelledRows) -> "Classifier":
        """This model corrected on rows that it was not trained on, of both labels."""
        ...

    def content(self) -> bytes:
        """All that it learnt, for a hash."""
        ...


KINDS: dict[str, type[Logistic] | type[Boosted]] = {
    "logistic": Logistic,
    "gradient_boosting": Boosted,
}


def fit(model: str, rows: LabelledRows, seed: int, penalty: float = 1.0) -> Classifier:
    """A model of that kind. On one thread: sums in another order would be another model."""
    load_thread_pools()
    with threadpool_limits(limits=1):
        return KINDS[model].fit(rows, seed, penalty)


def load_thread_pools() -> None:
    """Import what computes on threads: a limit reaches only the pools that are loaded already."""
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401


def held_out_loss(model: Classifier, rows: LabelledRows) -> float:
    """The (weighted) log-loss of a model on rows that it was not trained on; NaN without rows."""
    return log_loss(rows.label, model.probability(rows.features, rows.age), rows.weight)
