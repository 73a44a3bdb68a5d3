"""Weights recomputed from their own rows, as an auditor would, and their sums by age and state."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.learn.arrays import Booleans, Floats
from alsobought.learn.encoder import Encoder
from alsobought.training.offers.copies import UnweightedCopies
from alsobought.training.offers.weight_methods import METHODS

READ = ("method", "copy", "kind", "age_days", "state", "emitted_after_days", "engaged", "redeemed",
        "weight", "parts")  # fmt: skip
SUMS = (
    "method string, bucket int, state string, copies bigint, weight double, squares double, "
    "clipped bigint, off double"
)
"""Per method, age bucket and state: copies, sums of weights and of their squares, how many were
clipped, and the largest difference of a weight from the one that its row gives."""


def recompute_weights(method: str, rows: pa.RecordBatch | pa.Table) -> tuple[Floats, Booleans]:
    """The weights of one method's rows from kind, labels and parts alone; whether it was clipped.

    In: the columns READ of REDEMPTION_WEIGHTS. A part that is missing makes a weight NaN.
    """
    names = (*METHODS[method].needs, "floor")
    matrix = Encoder(names).matrix(rows["parts"])
    parts = {name: matrix[:, i] for i, name in enumerate(names)}
    n = len(matrix)
    copies = UnweightedCopies(
        row=np.arange(n),
        copy=_numpy(rows["copy"]),
        kind=np.asarray(_numpy(rows["kind"]), dtype=np.str_),
        engaged=_numpy(rows["engaged"]),
        redeemed=_numpy(rows["redeemed"]),
        emitted_after=_numpy(rows["emitted_after_days"]),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return METHODS[method].weigh(copies, parts)


def sums_of_weights(
    batches: Iterable[pa.RecordBatch], edges: tuple[float, ...]
) -> Iterator[pa.RecordBatch]:
    """Rows of SUMS of each batch; `edges` are those of the age buckets. Cost: O(rows)."""
    for batch in batches:
        for method in pc.unique(batch["method"]).to_pylist():
            rows = batch.filter(pc.equal(batch["method"], method))
            recomputed, clipped = recompute_weights(method, rows)
            frame = pa.table(
                {
                    "bucket": np.searchsorted(edges[1:], _numpy(rows["age_days"]), side="right"),
                    "state": rows["state"],
                    "weight": rows["weight"],
                    "squares": np.square(_numpy(rows["weight"])),
                    "clipped": clipped.astype(np.int64),
                    "off": np.abs(recomputed - _numpy(rows["weight"])),
                }
            )
            yield _sums_by_bucket_and_state(method, frame)


def _sums_by_bucket_and_state(method: str, frame: pa.Table) -> pa.RecordBatch:
    """The sums of one method by bucket and state."""
    sums = [("weight", "sum"), ("squares", "sum"), ("clipped", "sum"), ("off", "max")]
    groups = frame.group_by(["bucket", "state"]).aggregate([*sums, ([], "count_all")])
    return pa.RecordBatch.from_pydict(
        {
            "method": pa.repeat(pa.scalar(method), groups.num_rows),
            "bucket": groups["bucket"].combine_chunks().cast(pa.int32()),
            "state": groups["state"].combine_chunks(),
            "copies": groups["count_all"].combine_chunks(),
            "weight": groups["weight_sum"].combine_chunks(),
            "squares": groups["squares_sum"].combine_chunks(),
            "clipped": groups["clipped_sum"].combine_chunks(),
            "off": groups["off_max"].combine_chunks(),
        }
    )


def _numpy(column: pa.Array) -> Any:
    return column.to_numpy(zero_copy_only=False)
