"""Two kinds of classifier of offers, by features and perhaps age: small, and quick to predict."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from alsobought.training.terms import Booleans, Floats

ROWS_AT_ONCE = 65_536
NEVER_QUITE = 1e-9
"""Probabilities stay so far from 0 and 1."""


@dataclass(frozen=True)
class Rows:
    """What a classifier learns from: features (n, k), label and weight (n,); age in days or None.

    Features, ages and weights are finite; weights are not negative.
    """

    features: Floats
    age: Floats | None
    label: Booleans
    weight: Floats | None = None

    def where(self, chosen: Booleans) -> "Rows":
        """The chosen rows."""
        age = None if self.age is None else self.age[chosen]
        weight = None if self.weight is None else self.weight[chosen]
        return Rows(self.features[chosen], age, self.label[chosen], weight)


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


@dataclass(frozen=True)
class Logistic:
    """ln(p / (1-p)) = x B0 + c0 + a (x B1 + c1) + ln(1+a) (x B2 + c2); without age the first two.

    `coefficients` are (k, 1 or 3), `constants` (1 or 3,), for features and ages as they come.
    """

    coefficients: Floats
    constants: Floats
    calibration: str = "none"

    @classmethod
    def fit(cls, rows: Rows, seed: int) -> Self:
        """The weighted maximum of the likelihood with a unit L2 penalty on standardised terms.

        Cost: some tens of passes over a matrix of n (3k + 2) numbers with age, n k without.
        """
        ages = _ages(rows.age, len(rows.label))
        shift, scale = _moments(rows.features)
        age_shift, age_scale = _moments(ages)
        x, aged = (rows.features - shift) / scale, (ages - age_shift) / age_scale
        blocks = [x, aged, *(x * each[:, None] for each in aged.T)]
        fitted = _likeliest(np.hstack(blocks), rows, penalty=1.0)
        k, n_ages = x.shape[1], aged.shape[1]
        plain, of_age, crossed = np.split(fitted[1:], [k, k + n_ages])
        coefficients = np.column_stack([plain, *crossed.reshape(n_ages, k)]) / scale[:, None]
        constants = np.concatenate([fitted[:1], of_age]) - shift @ coefficients
        unscaled = np.diag(1 / np.concatenate([[1.0], age_scale]))
        unscaled[1:, 0] = -age_shift / age_scale
        return cls(coefficients @ unscaled, constants @ unscaled)

    def scores(self, features: Floats, age: Floats | None) -> Floats:
        """ln(p / (1-p)) of each row."""
        by_age = features @ self.coefficients + self.constants
        total: Floats = by_age[:, 0]
        if by_age.shape[1] > 1:
            total = total + (by_age[:, 1:] * _ages(age, len(features))).sum(axis=1)
        return total

    def probability(self, features: Floats, age: Floats | None) -> Floats:
        """P(label) of each row, in (0, 1). Cost: three products a feature."""
        return _in_chunks(lambda x, a: _probability(self.scores(x, a)), features, age)

    def calibrated(self, rows: Rows) -> "Logistic":
        """The scores stretched and shifted to the likeliest fit of the rows. Source: Platt 1999."""
        scores = self.scores(rows.features, rows.age)
        shift, stretch = _likeliest(scores[:, None], rows, penalty=0.0)
        constants = self.constants * stretch
        constants[0] += shift
        return Logistic(self.coefficients * stretch, constants, "sigmoid")

    def content(self) -> bytes:
        """The bytes of its numbers."""
        return self.coefficients.tobytes() + self.constants.tobytes()


@dataclass(frozen=True)
class Boosted:
    """Gradient-boosted trees on features and age; `before` and `after` map their probability."""

    trees: HistGradientBoostingClassifier
    before: Floats
    after: Floats
    calibration: str = "none"

    @classmethod
    def fit(cls, rows: Rows, seed: int) -> Self:
        """A hundred trees of at most 15 leaves. Cost: some seconds a million rows."""
        trees = HistGradientBoostingClassifier(
            max_iter=100, max_leaf_nodes=15, l2_regularization=1.0, early_stopping=False,
            random_state=seed,
        )  # fmt: skip
        trees.fit(_with_age(rows.features, rows.age), rows.label, sample_weight=rows.weight)
        return cls(trees, np.array([0.0, 1.0]), np.array([0.0, 1.0]))

    def raw(self, features: Floats, age: Floats | None) -> Floats:
        """The trees' own P(label) of each row."""
        predicted: Floats = self.trees.predict_proba(_with_age(features, age))[:, 1]
        return predicted

    def probability(self, features: Floats, age: Floats | None) -> Floats:
        """P(label) of each row, in (0, 1). Cost: about 100 comparisons a tree level and row."""
        return _in_chunks(
            lambda x, a: np.interp(self.raw(x, a), self.before, self.after), features, age
        )

    def calibrated(self, rows: Rows) -> "Boosted":
        """The trees' probabilities through the closest rising steps. Source: Zadrozny & Elkan 2002.

        The ends stay 1 / (n + 2) away from 0 and 1, for n rows say no more.
        """
        edge = 1 / (len(rows.label) + 2)
        steps = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
        steps.fit(self.raw(rows.features, rows.age), rows.label, sample_weight=rows.weight)
        return replace(
            self, before=steps.X_thresholds_, after=steps.y_thresholds_, calibration="isotonic"
        )

    def content(self) -> bytes:
        """The pickled trees and the bytes of the steps."""
        return pickle.dumps(self.trees) + self.before.tobytes() + self.after.tobytes()


KINDS: dict[str, Callable[[Rows, int], Classifier]] = {
    "logistic": Logistic.fit,
    "gradient_boosting": Boosted.fit,
}


def log_loss(label: Booleans, p: Floats, weight: Floats | None = None) -> float:
    """The mean of -ln P(label), in nats; NaN without rows."""
    if len(label) == 0:
        return float("nan")
    p = np.clip(p, NEVER_QUITE, 1 - NEVER_QUITE)
    return float(-np.average(np.log(np.where(label, p, 1 - p)), weights=weight))


def _likeliest(design: Floats, rows: Rows, penalty: float) -> Floats:
    """Intercept and coefficients of the likeliest logistic model of the design's columns."""
    if design.shape[1] == 0:  # no feature at all: the intercept alone
        return _likeliest(np.zeros((len(design), 1)), rows, penalty)[:1]
    model = LogisticRegression(C=1 / penalty if penalty else np.inf, tol=1e-6, max_iter=1000)
    model.fit(design, rows.label, sample_weight=rows.weight)
    return np.concatenate([model.intercept_, model.coef_[0]])


def _moments(columns: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column; 1 for a column that is constant."""
    scale = columns.std(axis=0)
    return columns.mean(axis=0), np.where(scale > NEVER_QUITE, scale, 1.0)


def _ages(age: Floats | None, rows: int) -> Floats:
    """The columns a and ln(1 + a), or none."""
    return np.empty((rows, 0)) if age is None else np.column_stack([age, np.log1p(age)])


def _with_age(features: Floats, age: Floats | None) -> Floats:
    """The features and, if given, a column of ages; never without any column."""
    if age is not None:
        return np.column_stack([features, age])
    return features if features.shape[1] else np.zeros((len(features), 1))


def _probability(scores: Floats) -> Floats:
    """1 / (1 + e^-score), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * scores))


def _in_chunks(
    predict: Callable[[Floats, Floats | None], Floats], features: Floats, age: Floats | None
) -> Floats:
    """The predictions of all rows, some at a time, so that no copy of the features is large."""
    predicted = np.empty(len(features))
    for start in range(0, len(features), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        x = np.asarray(features[rows], dtype=np.float64)
        predicted[rows] = predict(x, None if age is None else age[rows])
    return np.clip(predicted, NEVER_QUITE, 1 - NEVER_QUITE)
