"""Weights made again from their own rows: what an auditor does, and its sums by age and state."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.learn.arrays import Booleans, Floats
from alsobought.learn.encoder import Encoder
from alsobought.training.offers.copies import Emitted
from alsobought.training.offers.weight_methods import METHODS

READ = ("method", "copy", "kind", "age_days", "state", "emitted_after_days", "engaged", "redeemed",
        "weight", "parts")  # fmt: skip
SUMS = (
    "method string, bucket int, state string, copies bigint, weight double, squares double, "
    "clipped bigint, off double"
)
"""Per method, age bucket and state: copies, sums of weights and of their squares, how many were
clipped, and the largest difference of a weight from what its row makes it."""


def weights(method: str, rows: pa.RecordBatch | pa.Table) -> tuple[Floats, Booleans]:
    """The weights of one method's rows from kind, labels and parts alone; whether it was clipped.

    In: the columns READ of REDEMPTION_WEIGHTS. A part that is missing makes a weight NaN.
    """
    names = (*METHODS[method].needs, "floor")
    matrix = Encoder(names).matrix(rows["parts"])
    parts = {name: matrix[:, i] for i, name in enumerate(names)}
    n = len(matrix)
    copies = Emitted(
        row=np.arange(n),
        copy=_numpy(rows["copy"]),
        kind=np.asarray(_numpy(rows["kind"]), dtype=np.str_),
        engaged=_numpy(rows["engaged"]),
        redeemed=_numpy(rows["redeemed"]),
        emitted_after=_numpy(rows["emitted_after_days"]),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return METHODS[method].weigh(copies, parts)


def summed(batches: Iterable[pa.RecordBatch], edges: tuple[float, ...]) -> Iterator[pa.RecordBatch]:
    """Rows of SUMS of each batch; `edges` are those of the age buckets. Cost: O(rows)."""
    for batch in batches:
        for method in pc.unique(batch["method"]).to_pylist():
            mine = batch.filter(pc.equal(batch["method"], method))
            made, clipped = weights(method, mine)
            frame = pa.table(
                {
                    "bucket": np.searchsorted(edges[1:], _numpy(mine["age_days"]), side="right"),
                    "state": mine["state"],
                    "weight": mine["weight"],
                    "squares": np.square(_numpy(mine["weight"])),
                    "clipped": clipped.astype(np.int64),
                    "off": np.abs(made - _numpy(mine["weight"])),
                }
            )
            yield _grouped(method, frame)


def _grouped(method: str, frame: pa.Table) -> pa.RecordBatch:
    """The sums of one method by bucket and state."""
    sums = [("weight", "sum"), ("squares", "sum"), ("clipped", "sum"), ("off", "max")]
    found = frame.group_by(["bucket", "state"]).aggregate([*sums, ([], "count_all")])
    return pa.RecordBatch.from_pydict(
        {
            "method": pa.repeat(pa.scalar(method), found.num_rows),
            "bucket": found["bucket"].combine_chunks().cast(pa.int32()),
            "state": found["state"].combine_chunks(),
            "copies": found["count_all"].combine_chunks(),
            "weight": found["weight_sum"].combine_chunks(),
            "squares": found["squares_sum"].combine_chunks(),
            "clipped": found["clipped_sum"].combine_chunks(),
            "off": found["off_max"].combine_chunks(),
        }
    )


def _numpy(column: pa.Array) -> Any:
    return column.to_numpy(zero_copy_only=False)
