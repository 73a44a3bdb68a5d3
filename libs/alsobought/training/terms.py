"""What every model and every weight of one training set agrees on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Terms:
    """The windows in days, the floor of denominators, the kind of model, and the seed.

    observation_days (w_o) is how long streaming methods wait before they emit an offer;
    attribution_days (w_a) is the age from which labels are final; model is "logistic" or
    "gradient_boosting".
    """

    observation_days: float
    attribution_days: float
    floor: float
    model: str
    seed: int
