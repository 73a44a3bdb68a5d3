"""What a classifier learns from, and how it predicts many rows in chunks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alsobought.learn.arrays import Booleans, Floats
from alsobought.learn.formulas import MARGIN

ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class LabelledRows:
    """What a classifier learns from: features (n, k), label and weight (n,); age in days or None.

    Features, ages and weights are finite; weights are not negative. `rises_with_age` says that
    the label can only be likelier at a greater age; a kind of model may make use of it.
    """

    features: Floats
    age: Floats | None
    label: Booleans
    weight: Floats | None = None
    rises_with_age: bool = False

    def where(self, chosen: Booleans) -> "LabelledRows":
        """The chosen rows."""
        return LabelledRows(
            self.features[chosen],
            None if self.age is None else self.age[chosen],
            self.label[chosen],
            None if self.weight is None else self.weight[chosen],
            self.rises_with_age,
        )

    @property
    def has_both_labels(self) -> bool:
        """Whether there are positives and negatives."""
        return 0 < int(self.label.sum()) < len(self.label)


def predict_in_chunks(
    predict: Callable[[Floats, Floats | None], Floats], features: Floats, age: Floats | None
) -> Floats:
    """The probability of every row, in (0, 1), in chunks, so that no copy of features is large."""
    predicted = np.empty(len(features))
    for start in range(0, len(features), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        x = np.asarray(features[rows], dtype=np.float64)
        predicted[rows] = predict(x, None if age is None else age[rows])
    return np.clip(predicted, MARGIN, 1 - MARGIN)
