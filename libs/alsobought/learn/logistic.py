"""Logistic models of features and age, as a few coefficients for plain products."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from alsobought.learn.arrays import Floats
from alsobought.learn.formulas import MARGIN
from alsobought.learn.labelled_rows import LabelledRows, predict_in_chunks

NARROW = 500
"""The widest design for which Newton steps are quicker than hundreds of passes of L-BFGS."""
KNOTS = np.array([1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2])
"""Where the effect of age may bend, as parts of the greatest age: most happens early."""


@dataclass(frozen=True)
class Logistic:
    """ln(p / (1-p)) = x B0 + c0 + a (x B1 + c1) + ln(1+a) (x B2 + c2) + sum_j b_j max(0, a - k_j).

    `coefficients` B are (k, 1 or 3), `constants` c (1 or 3,), for features and ages as they come.
    Bends b at the knots k follow the age whatever the features; without age there are none, and
    only the first two terms.
    """

    coefficients: Floats
    constants: Floats
    knots: Floats
    bends: Floats
    calibration: str = "none"

    @classmethod
    def fit(cls, rows: LabelledRows, seed: int, penalty: float = 1.0) -> Self:
        """The weighted maximum of the likelihood with an L2 penalty on standardised terms.

        Cost: a design of n (3k + 8) numbers with age, n k without; some ten Newton steps of its
        columns squared, or, when it is wide, hundreds of passes.
        """
        ages = _ages(rows.age, len(rows.label))
        knots = np.empty(0) if rows.age is None else rows.age.max(initial=0.0) * KNOTS
        bent = _bent(rows.age, knots, len(rows.label))
        (shift, scale), (age_shift, age_scale), (bent_shift, bent_scale) = (
            _moments(columns) for columns in (rows.features, ages, bent)
        )
        x, aged = (rows.features - shift) / scale, (ages - age_shift) / age_scale
        crossed = [x * age_term[:, None] for age_term in aged.T]
        design = np.hstack([x, *crossed, aged, (bent - bent_shift) / bent_scale])
        fitted = _maximum_likelihood(design, rows, penalty)
        terms = 1 + aged.shape[1]
        of_x, of_age, bends = np.split(fitted[1:], np.cumsum([terms * x.shape[1], terms - 1]))
        coefficients = of_x.reshape(terms, -1).T / scale[:, None]
        constants = np.concatenate([fitted[:1], of_age]) - shift @ coefficients
        unscaled = np.diag(1 / np.concatenate([[1.0], age_scale]))
        unscaled[1:, 0] = -age_shift / age_scale
        constants, bends = constants @ unscaled, bends / bent_scale
        constants[0] -= bent_shift @ bends
        return cls(coefficients @ unscaled, constants, knots, bends)

    def scores(self, features: Floats, age: Floats | None) -> Floats:
        """ln(p / (1-p)) of each row."""
        by_age = features @ self.coefficients + self.constants
        moved = (by_age[:, 1:] * _ages(age, len(features))).sum(axis=1)
        scores: Floats = by_age[:, 0] + moved + _bent(age, self.knots, len(features)) @ self.bends
        return scores

    def probability(self, features: Floats, age: Floats | None) -> Floats:
        """P(label) of each row, in (0, 1). Cost: three products a feature."""
        return predict_in_chunks(lambda x, a: _probability(self.scores(x, a)), features, age)

    def calibrated(self, rows: LabelledRows) -> "Logistic":
        """The scores scaled and shifted by maximum likelihood on the rows. Source: Platt 1999."""
        scores = self.scores(rows.features, rows.age)
        shift, factor = _maximum_likelihood(scores[:, None], rows, penalty=1e-6)
        constants = self.constants * factor
        constants[0] += shift
        bends = self.bends * factor
        return Logistic(self.coefficients * factor, constants, self.knots, bends, "sigmoid")

    def content(self) -> bytes:
        """The bytes of its numbers."""
        learnt = (self.coefficients, self.constants, self.knots, self.bends)
        return b"".join(numbers.tobytes() for numbers in learnt)


def _maximum_likelihood(design: Floats, rows: LabelledRows, penalty: float) -> Floats:
    """Intercept and coefficients of the penalised maximum-likelihood model of the design."""
    from sklearn.linear_model import LogisticRegression

    if design.shape[1] == 0:  # no feature at all: the intercept alone
        return _maximum_likelihood(np.zeros((len(design), 1)), rows, penalty)[:1]
    solver = "newton-cholesky" if design.shape[1] <= NARROW else "lbfgs"
    model = LogisticRegression(C=1 / penalty, solver=solver, tol=1e-6, max_iter=1000)
    model.fit(design, rows.label, sample_weight=rows.weight)
    return np.concatenate([model.intercept_, model.coef_[0]])


def _moments(columns: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column; 1 for a column that is constant."""
    scale = columns.std(axis=0)
    return columns.mean(axis=0), np.where(scale > MARGIN, scale, 1.0)


def _ages(age: Floats | None, rows: int) -> Floats:
    """The columns a and ln(1 + a), or none."""
    return np.empty((rows, 0)) if age is None else np.column_stack([age, np.log1p(age)])


def _bent(age: Floats | None, knots: Floats, rows: int) -> Floats:
    """How far the age is beyond each knot, or none: (n, knots)."""
    return np.empty((rows, 0)) if age is None else np.maximum(age[:, None] - knots, 0.0)


def _probability(scores: Floats) -> Floats:
    """1 / (1 + e^-score), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * scores))
