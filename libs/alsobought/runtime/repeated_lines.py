"""Rows of a chunk that are alike another's before them: found in the worker, and left out.

A line that stands twice in a file mostly does so twice in a row. Found here it costs nothing; found
when all keys are compared, a file must be written anew without it.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from alsobought.compiled.hashing import hash_columns, is_in_sorted
from alsobought.runtime.parquet_writer import FileLayout

TWIN_FILE, TWIN_PLACE = "_twin_file", "_twin_place"
MOST_REPEATS = 1 << 14  # rows of a chunk that are compared one by one


def layout_of_copies(folder: str, rows: pa.Schema) -> FileLayout:
    """How files of copies of rows of a schema are written."""
    schema = rows.append(pa.field(TWIN_FILE, pa.string()))
    schema = schema.append(pa.field(TWIN_PLACE, pa.int32()))
    return FileLayout(folder, "", schema, (), {}, (), ())


def copies_in(rows: pa.Table, key: Sequence[str]) -> dict[int, int]:
    """The places of rows that are alike another's before them in all columns, and its place.

    Nothing of rows of which more than MOST_REPEATS share their key with others.
    """
    hashes = hash_columns([rows[name].combine_chunks() for name in key])
    in_order = np.sort(hashes)
    repeated = in_order[1:][np.diff(in_order) == 0]
    if not len(repeated):
        return {}
    places = np.flatnonzero(is_in_sorted(hashes, repeated))
    if len(places) > MOST_REPEATS:
        return {}
    first: dict[str, int] = {}
    twin_of = {}
    columns = (column.to_pylist() for column in rows.take(pa.array(places)).columns)
    for place, values in zip(places.tolist(), zip(*columns, strict=True), strict=True):
        twin = first.setdefault(repr(values), place)
        if twin != place:
            twin_of[place] = twin
    return twin_of


def all_but(rows: int, places: Iterable[int]) -> np.ndarray:
    """Which of `rows` rows stay where those at the places go."""
    stays = np.ones(rows, bool)
    stays[list(places)] = False
    return stays


def with_twins(rows: pa.Table, twin_of: Mapping[int, int], begins: tuple[str, int]) -> pa.Table:
    """The copies, each with the file and place of its twin once the copies are left out."""
    file, first = begins
    place_of = np.cumsum(all_but(len(rows), twin_of)) - 1 + first
    twins = place_of[list(twin_of.values())].astype(np.int32)
    copies = rows.take(pa.array(list(twin_of), pa.int64()))
    copies = copies.append_column(TWIN_FILE, pa.repeat(pa.scalar(file), len(copies)))
    return copies.append_column(TWIN_PLACE, pa.array(twins))
