"""Exported shards as a stream of arrays; needs numpy and pyarrow, no Spark."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.dataset as ds

from alsobought.errors import JobError

Floats = npt.NDArray[np.float32]
ANSWERS = ("label", "weight", "log_q", "engaged")
IDS = ["example_id", "copy", "customer_id", "item_id"]


@dataclass(frozen=True)
class Batch:
    """Rows of one split: features (n, k) in the card's order, the others (n,), all float32."""

    features: Floats
    label: Floats
    weight: Floats
    log_q: Floats
    """nan where nothing was drawn."""
    engaged: Floats
    """nan where examples have one stage."""
    ids: pa.Table
    """example_id, copy, customer_id and item_id of the rows, as they lie in the shards."""


def card(folder: str | Path) -> dict[str, Any]:
    """The export's data card. Raises JobError where the folder is not an export."""
    path = Path(folder) / "card.json"
    if not path.is_file():
        raise JobError(f"{folder} has no card.json: name a folder that 'alsobought export' made.")
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def batches(
    folder: str | Path, split: str, rows: int, *, part: int = 0, parts: int = 1
) -> Iterator[Batch]:
    """The rows of a split, `rows` at a time (the last batch may be shorter), in a fixed order.

    With `parts` readers, reader `part` (0 and on) takes every parts-th shard, so that together
    they read each row once. Raises JobError where the folder is not an export or has no such split.
    Cost: memory for about two batches and one row group of a shard (16 MB uncompressed), however
    large the export.
    """
    of_export = card(folder)
    if split not in of_export["numbers"] or split == "all":
        there = ", ".join(name for name in of_export["numbers"] if name != "all")
        raise JobError(f"{folder} has no split {split!r}; it has {there}.")
    features = [of_export["feature_prefix"] + name for name in of_export["features"]]
    files = [str(Path(folder) / shard["file"]) for shard in of_export["shards"]][part::parts]
    waiting: list[pa.RecordBatch] = []
    for piece in _pieces(files, [*IDS, *features, *ANSWERS], split, rows):
        waiting.append(piece)
        while sum(map(len, waiting)) >= rows:
            together = pa.Table.from_batches(waiting)
            yield _batch(together.slice(0, rows), features)
            waiting = together.slice(rows).to_batches()
    if waiting:
        yield _batch(pa.Table.from_batches(waiting), features)


def _pieces(
    files: list[str], columns: list[str], split: str, rows: int
) -> Iterator[pa.RecordBatch]:
    for file in files:
        record_batches = ds.dataset(file, format="parquet").to_batches(
            columns=columns,
            filter=ds.field("split") == split,
            batch_size=min(rows, 65_536),
            batch_readahead=2,
            fragment_readahead=1,
        )
        yield from (piece for piece in record_batches if len(piece))


def _batch(table: pa.Table, features: list[str]) -> Batch:
    matrix = np.empty((len(table), len(features)), np.float32)
    for k, name in enumerate(features):
        matrix[:, k] = table[name].to_numpy()
    answers = {name: _floats(table[name]) for name in ANSWERS}
    return Batch(features=matrix, ids=table.select(IDS), **answers)


def _floats(values: pa.ChunkedArray) -> Floats:
    """float32; null becomes nan."""
    floats: Floats = values.cast(pa.float32()).to_numpy()
    return floats
