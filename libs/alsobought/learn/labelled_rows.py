"""What a classifier learns from, and how it goes through many rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alsobought.learn.arrays import Booleans, Floats

ROWS_AT_ONCE = 65_536
NEVER_QUITE = 1e-9
"""Probabilities stay so far from 0 and 1."""


@dataclass(frozen=True)
class Rows:
    """What a classifier learns from: features (n, k), label and weight (n,); age in days or None.

    Features, ages and weights are finite; weights are not negative. `rises` says that the label can
    only be likelier at a greater age; a kind of model may make use of it.
    """

    features: Floats
    age: Floats | None
    label: Booleans
    weight: Floats | None = None
    rises: bool = False

    def where(self, chosen: Booleans) -> "Rows":
        """The chosen rows."""
        age = None if self.age is None else self.age[chosen]
        weight = None if self.weight is None else self.weight[chosen]
        return Rows(self.features[chosen], age, self.label[chosen], weight, self.rises)


def in_chunks(
    predict: Callable[[Floats, Floats | None], Floats], features: Floats, age: Floats | None
) -> Floats:
    """The predictions of all rows, some at a time, so that no copy of the features is large."""
    predicted = np.empty(len(features))
    for start in range(0, len(features), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        x = np.asarray(features[rows], dtype=np.float64)
        predicted[rows] = predict(x, None if age is None else age[rows])
    return np.clip(predicted, NEVER_QUITE, 1 - NEVER_QUITE)
