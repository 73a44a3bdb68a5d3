"""The kinds of numpy arrays that models and weights are made of."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]


def to_floats(column: pa.Array | pa.ChunkedArray) -> Floats:
    """A column of doubles as an array; NaN where it is null."""
    no_copy_needed = {} if isinstance(column, pa.ChunkedArray) else {"zero_copy_only": False}
    values: Floats = column.to_numpy(**no_copy_needed)
    return values
