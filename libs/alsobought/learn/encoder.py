"""From maps of named numbers, as a table holds them, to the dense matrix that models read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.learn.arrays import Floats

Maps: TypeAlias = pa.MapArray | pa.ChunkedArray | Sequence[Mapping[str, float] | None]

MAP = pa.map_(pa.string(), pa.float64())
ROWS_AT_ONCE = 131_072


@dataclass(frozen=True)
class Encoder:
    """The features that a model knows, in the order of its columns."""

    names: tuple[str, ...]

    @classmethod
    def fit(cls, maps: Maps) -> Self:
        """An encoder of every name that the maps hold, sorted. Cost: one pass over the names."""
        names = {name for chunk in _chunks(maps) for name in pc.unique(_keys(chunk)).to_pylist()}
        return cls(tuple(sorted(names)))

    def matrix(self, maps: Maps) -> Floats:
        """One row a map and one column a name: float64 of shape (n, len(names)).

        A missing name, a null or empty map, and a value that is null, NaN or infinite are 0;
        a name that the encoder does not know is left out.

        Cost: O(entries), without a loop over rows; the matrix itself is 8 n len(names) bytes.
        """
        chunks = _chunks(maps)
        encoded = np.zeros((sum(map(len, chunks)), len(self.names)))
        done = 0
        for chunk in chunks:
            for start in range(0, len(chunk), ROWS_AT_ONCE):
                part = chunk.slice(start, ROWS_AT_ONCE)
                self._fill(encoded[done : done + len(part)], part)
                done += len(part)
        return encoded

    def _fill(self, encoded: Floats, maps: pa.MapArray) -> None:
        """Write the values of the maps into their rows of `encoded`, which are 0."""
        lengths = np.diff(maps.offsets.to_numpy())
        rows = np.repeat(np.arange(len(maps)), lengths)
        keys = _keys(maps)
        places = pc.index_in(keys, value_set=pa.array(self.names, type=keys.type))
        columns = places.fill_null(-1).to_numpy(zero_copy_only=False)
        items = maps.items.slice(maps.offsets[0].as_py(), len(keys))
        values = items.cast(pa.float64()).to_numpy(zero_copy_only=False)
        kept = (columns >= 0) & np.isfinite(values)
        if maps.null_count:  # what a null map hides in its offsets is not its content
            kept &= maps.is_valid().to_numpy(zero_copy_only=False)[rows]
        encoded[rows[kept], columns[kept]] = values[kept]


def _chunks(maps: Maps) -> list[pa.MapArray]:
    """The maps as Arrow arrays."""
    if isinstance(maps, pa.ChunkedArray):
        return list(maps.chunks)
    if isinstance(maps, pa.MapArray):
        return [maps]
    return [pa.array([None if row is None else list(row.items()) for row in maps], type=MAP)]


def _keys(maps: pa.MapArray) -> pa.Array:
    """The keys of these maps alone: an array that was sliced still holds its neighbours' too."""
    first, last = maps.offsets[0].as_py(), maps.offsets[-1].as_py()
    return maps.keys.slice(first, last - first)
