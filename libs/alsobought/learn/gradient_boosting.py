"""Gradient-boosted trees of features and age."""

import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from alsobought.learn.arrays import Floats
from alsobought.learn.labelled_rows import LabelledRows, predict_in_chunks

if TYPE_CHECKING:  # it takes two seconds to import, so only those who fit trees do
    from sklearn.ensemble import HistGradientBoostingClassifier


@dataclass(frozen=True)
class Boosted:
    """Gradient-boosted trees on features and age; isotonic regression maps `before` to `after`."""

    trees: "HistGradientBoostingClassifier"
    before: Floats
    after: Floats
    calibration: str = "none"

    @classmethod
    def fit(cls, rows: LabelledRows, seed: int, penalty: float = 1.0) -> Self:
        """Sixty trees of at most 15 leaves, none of less than 1 % of the rows, up to a thousand.

        Smaller leaves follow the noise of age. Where the label can only be likelier with age, the
        trees keep to that. Cost: some ten seconds a million rows.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier

        inputs = _with_age(rows.features, rows.age)
        monotonic = np.zeros(inputs.shape[1], int)
        monotonic[-1] = rows.rises_with_age
        trees = HistGradientBoostingClassifier(
            max_iter=60,
            max_leaf_nodes=15,
            min_samples_leaf=int(np.clip(len(rows.label) // 100, 20, 1000)),
            l2_regularization=penalty,
            early_stopping=False,
            random_state=seed,
            monotonic_cst=monotonic,
        )
        trees.fit(inputs, rows.label, sample_weight=rows.weight)
        return cls(trees, np.array([0.0, 1.0]), np.array([0.0, 1.0]))

    def uncalibrated(self, features: Floats, age: Floats | None) -> Floats:
        """The trees' own P(label) of each row."""
        predicted: Floats = self.trees.predict_proba(_with_age(features, age))[:, 1]
        return predicted

    def probability(self, features: Floats, age: Floats | None) -> Floats:
        """P(label) of each row, in (0, 1). Cost: about 250 comparisons a row."""
        return predict_in_chunks(
            lambda x, a: np.interp(self.uncalibrated(x, a), self.before, self.after), features, age
        )

    def calibrated(self, rows: LabelledRows) -> "Boosted":
        """The trees' probabilities after isotonic regression. Source: Zadrozny & Elkan 2002.

        The ends stay 1 / (n + 2) away from 0 and 1, for n rows say no more.
        """
        from sklearn.isotonic import IsotonicRegression

        edge = 1 / (len(rows.label) + 2)
        isotonic = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
        p = self.uncalibrated(rows.features, rows.age)
        isotonic.fit(p, rows.label, sample_weight=rows.weight)
        return replace(
            self,
            before=isotonic.X_thresholds_,
            after=isotonic.y_thresholds_,
            calibration="isotonic",
        )

    def content(self) -> bytes:
        """The pickled trees and the bytes of the isotonic regression."""
        return pickle.dumps(self.trees) + self.before.tobytes() + self.after.tobytes()


def _with_age(features: Floats, age: Floats | None) -> Floats:
    """The features and, if given, a column of ages; never without any column."""
    if age is not None:
        return np.column_stack([features, age])
    return features if features.shape[1] else np.zeros((len(features), 1))
