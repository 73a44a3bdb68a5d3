"""From sums over customers to the rows of `evaluations`, a segment at a time."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.evaluate import group_sums
from alsobought.evaluate.bootstrap import estimates
from alsobought.evaluate.formulas import METRICS, Floats
from alsobought.evaluate.judged_blocks import SEGMENTS, VARIANTS, Judge
from alsobought.evaluate.judged_lists import QUALITIES
from alsobought.tables.evaluate import EVALUATIONS
from alsobought.tables.outcome import Batches

POOLED = -1
"""The cut-off of figures over all cut-offs."""
EVERYONE = 0
"""The segment of all customers."""
OF_LISTS = {"novelty": "lists", "repeat_share": "lists", "diversity": "lists_of_two"}
"""Of each quality, what its sum is divided by."""
Row = tuple[object, ...]


@dataclass(frozen=True)
class Report:
    """What figures are called, and which there are."""

    models: tuple[str, ...]
    has_lists: Mapping[int, frozenset[int]]
    """The models with lists at each cut-off."""
    cut_offs: tuple[date, ...]
    compared_with: tuple[int, ...]
    judge: Judge

    def models_at(self, cut_off: int) -> list[int]:
        """The models with figures: of POOLED, those that have lists at every cut-off."""
        if cut_off == POOLED:
            return sorted(frozenset.intersection(*self.has_lists.values()))
        return sorted(self.has_lists[cut_off])

    def name_of(self, segment: int) -> tuple[str, str]:
        """segment_by and segment."""
        markets = self.judge.factors.markets
        of_markets = [("market", market) for market in markets]
        return [*SEGMENTS, *of_markets][segment]

    def bought(self, segment: int, cut_off: int) -> NDArray[np.bool_]:
        """Of each item whether anybody had bought it before; in the market, of a market's."""
        market = segment - len(SEGMENTS)
        return self.judge.factors.bought_items(market if market >= 0 else None, cut_off)


@dataclass
class Totals:
    """The sums of a segment at a cut-off over all tasks."""

    measures: Floats
    qualities: Floats
    covered: dict[int, NDArray[np.uint8]] = field(default_factory=dict)


def evaluations_of(sums: DataFrame, report: Report) -> DataFrame:
    """The rows of EVALUATIONS from group_sums.SUMS.

    Cost: a shuffle of the sums; a task holds one segment's, at all cut-offs.
    """
    report_sent = sums.sparkSession.sparkContext.broadcast(report)

    def made(batches: Batches) -> Batches:
        yield from figures_of_batches(batches, report_sent.value)

    of_segments = sums.where("segment >= 0").repartition(F.col("segment"))
    ordered = of_segments.sortWithinPartitions("segment", "cut_off", "part", "model")
    return ordered.mapInArrow(made, EVALUATIONS.ddl)


def figures_of_batches(batches: Batches, report: Report) -> Batches:
    """Rows of EVALUATIONS of batches of SUMS, which stand in the order of the segments."""
    segment, totals = -1, dict[int, Totals]()
    for batch in batches:
        for row in batch.to_pylist():
            if row["segment"] != segment:
                if totals:
                    yield _as_batch(list(figures(segment, totals, report)))
                segment, totals = row["segment"], {}
            _add(row, totals, report.judge)
    if totals:
        yield _as_batch(list(figures(segment, totals, report)))


def _add(row: Mapping[str, object], totals: dict[int, Totals], judge: Judge) -> None:
    """Add a task's part of the sums to the totals of its cut-off."""
    cut_off, model, data = row["cut_off"], row["model"], row["data"]
    assert isinstance(cut_off, int)
    assert isinstance(model, int)
    assert isinstance(data, bytes)
    figures_of_model = len(judge.ks) * len(METRICS)
    of_cut_off = totals.setdefault(
        cut_off,
        Totals(
            np.zeros((len(VARIANTS) * (1 + judge.models * figures_of_model), 1 + judge.replicates)),
            np.zeros((len(VARIANTS), judge.models, len(judge.ks), len(QUALITIES))),
        ),
    )
    if row["part"] == group_sums.MEASURES:
        of_cut_off.measures += np.frombuffer(data).reshape(of_cut_off.measures.shape)
    elif row["part"] == group_sums.QUALITIES:
        of_cut_off.qualities += np.frombuffer(data).reshape(of_cut_off.qualities.shape)
    else:
        places = np.frombuffer(data, np.uint8).reshape(len(VARIANTS), -1)
        before = of_cut_off.covered.get(model, places)
        of_cut_off.covered[model] = np.minimum(before, places)


def figures(segment: int, totals: Mapping[int, Totals], report: Report) -> Iterator[Row]:
    """The rows of a segment: of each cut-off, and of everyone at all of them together.

    There a customer counts once a cut-off, with the same bootstrap weight at each.
    """
    coverages: dict[tuple[int, int, int], list[float]] = {}
    for cut_off, of_cut_off in totals.items():
        yield from _measured(segment, cut_off, of_cut_off, report)
        for variant, model, k, share in _coverage(segment, cut_off, of_cut_off, report):
            coverages.setdefault((variant, model, k), []).append(share)
            customers = of_cut_off.measures[variant, 0]
            label = _label(segment, cut_off, model, variant, report)
            yield from _row(label, ("coverage", k), customers, share)
    if segment != EVERYONE:
        return
    pooled = Totals(
        sum(one.measures for one in totals.values()),  # type: ignore[arg-type]
        sum(one.qualities for one in totals.values()),  # type: ignore[arg-type]
    )
    yield from _measured(segment, POOLED, pooled, report)
    for (variant, model, k), shares in coverages.items():
        if model in report.models_at(POOLED):
            label = _label(segment, POOLED, model, variant, report)
            mean = math.fsum(shares) / len(shares)
            yield from _row(label, ("coverage", k), pooled.measures[variant, 0], mean)


def _measured(segment: int, cut_off: int, totals: Totals, report: Report) -> Iterator[Row]:
    """The rows of a segment at a cut-off, but for the coverage."""
    for variant in range(len(VARIANTS)):
        if totals.measures[variant, 0] == 0:
            continue
        for model in report.models_at(cut_off):
            label = _label(segment, cut_off, model, variant, report)
            yield from _with_intervals(label, (variant, model, None), totals, report.judge)
            for other in report.compared_with:
                if other != model and other in report.models_at(cut_off):
                    compared = (*label[:2], report.models[other], *label[3:])
                    yield from _with_intervals(
                        compared, (variant, model, other), totals, report.judge
                    )
            yield from _of_lists(label, totals.qualities[variant, model], variant, report.judge)


def _with_intervals(
    label: Row, which: tuple[int, int, int | None], totals: Totals, judge: Judge
) -> Iterator[Row]:
    """The METRICS of a model, or their differences to another one."""
    variant, model, other = which
    weights = totals.measures[variant]
    shape = (len(VARIANTS), judge.models, len(judge.ks) * len(METRICS), -1)
    sums = totals.measures[len(VARIANTS) :].reshape(shape)[variant]
    estimated = estimates(sums[model] - (0 if other is None else sums[other]), weights)
    names = [(metric, k) for k in judge.ks for metric in METRICS]
    for name, value, low, high in zip(names, *estimated, strict=True):
        yield from _row(label, name, weights[0], value, (low, high))


def _of_lists(label: Row, qualities: Floats, variant: int, judge: Judge) -> Iterator[Row]:
    """Novelty, diversity and share of repeat items, of the customers who have such lists."""
    for place, k in enumerate(judge.ks):
        of_k = dict(zip(QUALITIES, qualities[place], strict=True))
        for metric, lists in OF_LISTS.items():
            is_said = metric != "repeat_share" or VARIANTS[variant] == "all"
            if of_k[lists] > 0 and is_said:
                yield from _row(label, (metric, k), of_k[lists], of_k[metric] / of_k[lists])


def _coverage(
    segment: int, cut_off: int, totals: Totals, report: Report
) -> Iterator[tuple[int, int, int, float]]:
    """Of each variant, model and k the share of the items bought before that are in a list."""
    bought = report.bought(segment, cut_off)
    for model in report.models_at(cut_off):
        for variant in range(len(VARIANTS)):
            for k in report.judge.ks:
                if not totals.measures[variant, 0] or not bought.any():
                    continue
                best = totals.covered.get(model)
                covered = 0 if best is None else np.count_nonzero((best[variant] <= k) & bought)
                yield variant, model, k, float(covered / np.count_nonzero(bought))


def _label(segment: int, cut_off: int, model: int, variant: int, report: Report) -> Row:
    # POOLED, -1, is of the newest one
    named = ("cut_offs", "all") if cut_off == POOLED else report.name_of(segment)
    return (report.cut_offs[cut_off], report.models[model], None, VARIANTS[variant], *named)


def _row(
    label: Row,
    name: tuple[str, int],
    customers: float,
    value: float,
    interval: tuple[float, float] = (math.nan, math.nan),
) -> Iterator[Row]:
    low, high = (None if math.isnan(end) else float(end) for end in interval)
    yield (*label, *name, int(customers), float(value), low, high)


def _as_batch(rows: list[Row]) -> pa.RecordBatch:
    types = {"int": pa.int32(), "bigint": pa.int64(), "double": pa.float64(),
             "string": pa.string(), "date": pa.date32()}  # fmt: skip
    fields = [(f.name, types[f.dataType.simpleString()]) for f in EVALUATIONS.columns]
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, kind) for (_, kind), column in zip(fields, columns, strict=True)]
    return pa.record_batch(arrays, names=[name for name, _ in fields])
