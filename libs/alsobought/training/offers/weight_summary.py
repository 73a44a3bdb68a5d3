"""What a day's weights do to its offers: label rates, mean weights, effective sample size."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.learn.formulas import effective_sample_size

COLUMNS = ("method", "state", "age_days", "weight", "redeemed")
"""What `weight_sums` reads of redemption_weights."""
STATES = ("00", "10", "11")
AGE_EDGES = (0.25, 0.5, 1.0)
"""Edges of the age groups, as parts of attribution_days; from the last one labels are final."""


class Group(NamedTuple):
    """Weighted copies of offers of one method, visible state and age group (0: the youngest)."""

    method: str
    state: str
    age_group: int


@dataclass(frozen=True)
class Sums:
    """Sums over weighted copies."""

    copies: int = 0
    weight: float = 0.0
    weight_squared: float = 0.0
    redeemed: int = 0
    redeemed_weight: float = 0.0

    def __add__(self, other: Self) -> "Sums":
        return Sums(
            self.copies + other.copies,
            self.weight + other.weight,
            self.weight_squared + other.weight_squared,
            self.redeemed + other.redeemed,
            self.redeemed_weight + other.redeemed_weight,
        )


@dataclass(frozen=True)
class MethodSummary:
    """One method's weights: label rates are shares of redeemed copies, None without copies.

    final_rate is that of copies whose labels are final, open_rate that of the others, which
    weighted_open_rate corrects: sum of w * label / sum of w.
    """

    method: str
    copies: int
    final_rate: float | None
    open_rate: float | None
    weighted_open_rate: float | None
    effective_sample_size: float


@dataclass(frozen=True)
class MeanWeights:
    """The mean weight of one method and state in each age group; None in a group without copies."""

    method: str
    state: str
    by_age: list[float | None]


def age_edges(attribution_days: float) -> list[float]:
    """The edges of the age groups, in days since issue."""
    return [part * attribution_days for part in AGE_EDGES]


def state_counts(batches: Iterable[pa.RecordBatch]) -> dict[str, int]:
    """How many rows there are of each state, from batches with the column `state`."""
    counts: Counter[str] = Counter()
    for batch in batches:
        for count in pc.value_counts(batch.column("state")).to_pylist():
            counts[count["values"]] += count["counts"]
    return dict(counts)


def weight_sums(batches: Iterable[pa.RecordBatch], edges: Sequence[float]) -> dict[Group, Sums]:
    """The sums of every group that has copies, from batches with COLUMNS.

    An age on an edge is in the older group. Cost: one pass; memory for one batch and the groups.
    """
    sums: dict[Group, Sums] = {}
    for batch in batches:
        for group, part in _sums_of(batch, edges).items():
            sums[group] = sums.get(group, Sums()) + part
    return sums


def _sums_of(batch: pa.RecordBatch, edges: Sequence[float]) -> dict[Group, Sums]:
    weight, redeemed = batch.column("weight"), batch.column("redeemed")
    table = pa.table(
        {
            "method": batch.column("method"),
            "state": batch.column("state"),
            "age_group": np.searchsorted(edges, batch.column("age_days").to_numpy(), side="right"),
            "weight": weight,
            "weight_squared": pc.multiply(weight, weight),
            "redeemed": redeemed,
            "redeemed_weight": pc.multiply(weight, redeemed),
        }
    )
    summed = ("weight", "weight_squared", "redeemed", "redeemed_weight")
    groups = table.group_by(list(Group._fields)).aggregate(
        [("weight", "count"), *((name, "sum") for name in summed)]
    )
    return {
        Group(*(row[name] for name in Group._fields)): Sums(
            row["weight_count"], *(row[f"{name}_sum"] for name in summed)
        )
        for row in groups.to_pylist()
    }


def method_summaries(sums: Mapping[Group, Sums]) -> list[MethodSummary]:
    """The summary of every method, by name."""
    summaries = []
    for method in sorted({group.method for group in sums}):
        final, not_final = Sums(), Sums()
        for group, part in sums.items():
            if group.method == method and group.age_group == len(AGE_EDGES):
                final += part
            elif group.method == method:
                not_final += part
        total = final + not_final
        summaries.append(
            MethodSummary(
                method=method,
                copies=total.copies,
                final_rate=_rate(final.redeemed, final.copies),
                open_rate=_rate(not_final.redeemed, not_final.copies),
                weighted_open_rate=_rate(not_final.redeemed_weight, not_final.weight),
                effective_sample_size=effective_sample_size(total.weight, total.weight_squared),
            )
        )
    return summaries


def mean_weights(sums: Mapping[Group, Sums]) -> list[MeanWeights]:
    """The mean weights of every state, by method; methods whose weights are all 1 are left out."""
    weighted = {group.method for group, part in sums.items() if part.weight != part.copies}
    return [
        MeanWeights(
            method,
            state,
            [
                _rate(part.weight, part.copies)
                for part in (
                    sums.get(Group(method, state, age_group), Sums())
                    for age_group in range(len(AGE_EDGES) + 1)
                )
            ],
        )
        for method in sorted(weighted)
        for state in STATES
    ]


def _rate(part: float, whole: float) -> float | None:
    return part / whole if whole else None
