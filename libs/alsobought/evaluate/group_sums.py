"""Sums over customers, by cut-off and segment: the one pass over what each customer was shown."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from alsobought.evaluate.bootstrap import customer_weights
from alsobought.evaluate.formulas import METRICS, Floats, Ints, runs_of
from alsobought.evaluate.judged_blocks import VARIANTS, Judge, Rows
from alsobought.evaluate.judged_lists import Judged, Listed, judge_block
from alsobought.evaluate.list_faults import KINDS, Faults, together
from alsobought.tables.outcome import Batches

SUMS = (
    "cut_off int, segment int, part string, model int, number bigint, data binary, unit bigint, "
    "item bigint"
)
"""A part of the sums of one task. MEASURES, QUALITIES: arrays of doubles. COVERED, by model: of
each variant and item the best place, or IN_NO_LIST. JUDGED: the customers as `number`. Others: one
of list_faults.Faults, which that many rows of a model have."""
NAMES = [column.split()[0] for column in SUMS.split(", ")]
MEASURES, QUALITIES, COVERED, JUDGED = "measures", "qualities", "covered", "judged"
IN_NO_LIST = 255
CHUNK_ROWS = 400_000
BLOCK_CUSTOMERS = 4_096
BLOCK_NUMBERS = 4_000_000  # of the array of a block's measures


def group_sums(rows: DataFrame, judge: Judge) -> DataFrame:
    """SUMS of list_rows.ROWS, by task.

    Cost: one shuffle of the rows, customers x models x list length, sorted within a task. A task
    holds CHUNK_ROWS of them, and for one cut-off segments x models x ks x metrics x replicates
    doubles and segments x models x items bytes; these leave it.
    """
    context = rows.sparkSession.sparkContext
    judge_sent = context.broadcast(judge)

    def summed(batches: Batches) -> Batches:
        yield from sums_of_batches(batches, judge_sent.value)

    by_unit = rows.repartition(context.defaultParallelism, "unit")
    return by_unit.sortWithinPartitions("cut_off", "unit").mapInArrow(summed, SUMS)


@dataclass
class Sums:
    """What has been summed of one cut-off, by segment."""

    measures: dict[int, Floats] = field(default_factory=dict)
    qualities: dict[int, Floats] = field(default_factory=dict)
    covered: dict[tuple[int, int], NDArray[np.uint8]] = field(default_factory=dict)
    """By segment and model: variants x items."""
    faults: list[Faults] = field(default_factory=list)
    customers: int = 0

    def add(self, judged: Judged, judge: Judge) -> None:
        """Add a block of customers."""
        weights = customer_weights(judged.customers.units, judge.replicates, judge.seed)
        segments = judged.customers.segments
        self.customers += len(segments)
        _, group = np.unique(segments, axis=0, return_inverse=True)  # each customer in one group
        for number in range(int(group.max()) + 1):
            chosen = np.flatnonzero(group == number)
            measures = judged.measures[chosen].T @ weights[chosen]
            qualities = judged.qualities[chosen].sum(axis=0)
            for segment in segments[chosen[0]]:
                _add_to(self.measures, int(segment), measures)
                _add_to(self.qualities, int(segment), qualities)
        if len(judged.faults.rows):
            self.faults.append(judged.faults)
        for variant, listed in enumerate(judged.listed):
            for by in segments.T:
                self._cover(variant, by[listed.customers], listed, len(judge.factors.hashes))

    def _cover(self, variant: int, segments: Ints, listed: Listed, items: int) -> None:
        """Note the best place of every item in the lists of each segment."""
        keys = segments << 32 | listed.models
        order = np.argsort(keys, kind="stable")
        for start, end in runs_of(keys[order]):
            chosen = order[start:end]
            key = int(segments[chosen[0]]), int(listed.models[chosen[0]])
            if key not in self.covered:
                self.covered[key] = np.full((len(VARIANTS), items), IN_NO_LIST, np.uint8)
            places = listed.places[chosen].astype(np.uint8)
            np.minimum.at(self.covered[key][variant], listed.codes[chosen], places)

    def batches(self, cut_off: int) -> Iterator[pa.RecordBatch]:
        """The sums as rows of SUMS."""
        yield _batch(cut_off, -1, JUDGED, number=self.customers)
        if self.faults:
            yield _batch_of_faults(cut_off, together(self.faults))
        for part, arrays in ((MEASURES, self.measures), (QUALITIES, self.qualities)):
            for segment, array in arrays.items():
                yield _batch(cut_off, segment, part, data=array.tobytes())
        for (segment, model), places in self.covered.items():
            yield _batch(cut_off, segment, COVERED, model=model, data=places.tobytes())


def sums_of_batches(batches: Batches, judge: Judge) -> Batches:
    """SUMS of batches of ROWS, which stand in the order of cut-off and unit."""
    sums, at = Sums(), -1
    for cut_off, rows in _blocks(batches, judge):
        if cut_off != at:
            if sums.customers:
                yield from sums.batches(at)
            sums, at = Sums(), cut_off
        judged = judge_block(rows, cut_off, judge)
        if judged is not None:
            sums.add(judged, judge)
    if sums.customers:
        yield from sums.batches(at)


def _blocks(batches: Batches, judge: Judge) -> Iterator[tuple[int, Rows]]:
    """Rows of one cut-off and of whole customers, at most a block of these."""
    of_customer = len(VARIANTS) * judge.models * len(judge.ks) * len(METRICS)
    customers = min(BLOCK_NUMBERS // of_customer + 1, BLOCK_CUSTOMERS)
    for columns in _whole_customers(batches):
        for first, end in runs_of(columns[0]):
            of_cut_off = [column[first:end] for column in columns]
            of_units = runs_of(of_cut_off[1])
            for block in range(0, len(of_units), customers):
                starts_and_ends = of_units[block : block + customers]
                inside = slice(starts_and_ends[0][0], starts_and_ends[-1][1])
                yield int(columns[0][first]), Rows(*(column[inside] for column in of_cut_off[1:]))


def _whole_customers(batches: Batches) -> Iterator[list[Ints]]:
    """Columns of ROWS, some CHUNK_ROWS at a time, that end where a customer's rows end."""
    parts: list[list[Ints]] = []
    for batch in batches:
        parts.append([column.to_numpy().astype(np.int64) for column in batch.columns])
        if sum(len(part[0]) for part in parts) >= CHUNK_ROWS:
            columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
            is_last = (columns[0] == columns[0][-1]) & (columns[1] == columns[1][-1])
            end = int(np.argmax(is_last))  # the last customer's rows may go on
            if end:
                yield [column[:end] for column in columns]
            parts = [[column[end:] for column in columns]]
    if parts:
        yield [np.concatenate(column) for column in zip(*parts, strict=True)]


def _add_to(sums: dict[int, Floats], segment: int, added: Floats) -> None:
    if segment in sums:
        sums[segment] += added
    else:
        sums[segment] = added.copy()


def _batch(
    cut_off: int, segment: int, part: str, *, model: int = -1, **rest: int | bytes
) -> pa.RecordBatch:
    columns = [
        pa.array([cut_off], pa.int32()),
        pa.array([segment], pa.int32()),
        pa.array([part]),
        pa.array([model], pa.int32()),
        pa.array([rest.get("number", 0)], pa.int64()),
        pa.array([rest.get("data", b"")], pa.binary()),
        pa.nulls(1, pa.int64()),
        pa.nulls(1, pa.int64()),
    ]
    return pa.record_batch(columns, names=NAMES)


def _batch_of_faults(cut_off: int, faults: Faults) -> pa.RecordBatch:
    rows = len(faults.rows)
    columns = [
        pa.array(np.full(rows, cut_off), pa.int32()),
        pa.array(np.full(rows, -1), pa.int32()),
        pa.array(KINDS).take(pa.array(faults.kinds)),
        pa.array(faults.models, pa.int32()),
        pa.array(faults.rows),
        pa.array([b""] * rows, pa.binary()),
        pa.array(faults.units),
        pa.array(faults.items),
    ]
    return pa.record_batch(columns, names=NAMES)
