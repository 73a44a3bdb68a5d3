"""Arrow in, Arrow out: every method's copies of a batch of offers, with weights and parts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alsobought.learn.arrays import Floats, Integers, to_floats
from alsobought.training.offers.copies import VisibleOffers
from alsobought.training.offers.delay_models import DelayModels
from alsobought.training.offers.settings import Terms
from alsobought.training.offers.weight_methods import (
    METHODS,
    WeightedCopies,
    probabilities_for,
)

COLUMNS = (
    "method string, offer_id string, copy int, kind string, age_days double, state string, "
    "emitted_after_days double, engaged int, redeemed int, weight double, "
    "parts map<string,double>"
)
"""What a batch of weighted copies holds: REDEMPTION_WEIGHTS, but for the models' version."""


@dataclass(frozen=True)
class Weigher:
    """The methods, the terms, and the models of every probability that the methods need."""

    methods: tuple[str, ...]
    terms: Terms
    models: DelayModels | None
    """None where no method needs one."""

    def weighted_copies(self, offers: pa.RecordBatch) -> Iterator[tuple[str, WeightedCopies]]:
        """Each method's copies of the offers; features are encoded and predicted once for all.

        In: age_days, engaged_after and redeemed_after (null: not visible), and features if there
        are models.
        """
        visible = VisibleOffers(
            *(to_floats(offers[name]) for name in ("age_days", "engaged_after", "redeemed_after"))
        )
        p: dict[str, Floats] = {}
        if self.models is not None:
            features = self.models.encoder.matrix(offers["features"])
            names = probabilities_for(self.methods)
            p = {name: self.models.predict(name, features, visible.age) for name in names}
        for method in self.methods:
            yield method, METHODS[method].weighted_copies(visible, p, self.terms)

    def batches(self, offers: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The copies as rows of COLUMNS: one batch for each batch of offers and method.

        Cost: O(rows) of numpy and Arrow; memory is that of one batch.
        """
        for batch in offers:
            for method, copies in self.weighted_copies(batch):
                if len(copies.row):
                    yield copies_as_arrow(method, copies, batch)


def copies_as_arrow(method: str, copies: WeightedCopies, offers: pa.RecordBatch) -> pa.RecordBatch:
    """The copies as rows of COLUMNS, beside the columns of their offers."""
    of_offer = {
        name: _values_at(offers[name], copies.row) for name in ("offer_id", "age_days", "state")
    }
    columns = {
        "method": pa.repeat(pa.scalar(method), len(copies.row)),
        "offer_id": of_offer["offer_id"],
        "copy": pa.array(copies.copy),
        "kind": _strings(copies.kind),
        "age_days": of_offer["age_days"],
        "state": of_offer["state"],
        "emitted_after_days": pa.array(copies.emitted_after),
        "engaged": pa.array(copies.engaged),
        "redeemed": pa.array(copies.redeemed),
        "weight": pa.array(copies.weight),
        "parts": _maps_of_parts(copies.parts, len(copies.row)),
    }
    return pa.RecordBatch.from_pydict(columns)


def _values_at(column: pa.Array, row: Integers) -> pa.Array:
    """The column's values of the copies' rows; the column itself where each has one copy."""
    if len(row) == len(column) and np.array_equal(row, np.arange(len(row))):
        return column
    return column.take(pa.array(row))


def _strings(kind: NDArray[np.str_]) -> pa.Array:
    """The words as strings of Arrow; there are few distinct ones."""
    words, index = np.unique(kind, return_inverse=True)
    return pa.array(words.tolist(), pa.string()).take(pa.array(index))


def _maps_of_parts(parts: dict[str, Floats], n: int) -> pa.MapArray:
    """One map a row, of the same names in the same order."""
    names = pa.array(list(parts), pa.string())
    offsets = np.arange(n + 1, dtype=np.int32) * len(parts)
    keys = names.take(pa.array(np.tile(np.arange(len(parts)), n)))
    values = np.column_stack(list(parts.values())).ravel()
    return pa.MapArray.from_arrays(pa.array(offsets), keys, pa.array(values))
