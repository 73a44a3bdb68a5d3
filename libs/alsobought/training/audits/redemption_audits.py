"""The audits of a day's weights and models, each with its bounds."""

from collections.abc import Iterator
from dataclasses import astuple

import pyarrow as pa
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from alsobought.learn.formulas import effective_sample_size
from alsobought.tables.outcome import Outcome
from alsobought.tables.training import REDEMPTION_AUDITS
from alsobought.training.audits import model_audits, recomputed_weights
from alsobought.training.audits.measurement import (
    Measurement,
    Tolerance,
    bucket_edges,
    bucket_name,
)
from alsobought.training.audits.model_audits import SNAPSHOTS
from alsobought.training.audits.settings import Bounds
from alsobought.training.offers.delay_models import fit_delay_models
from alsobought.training.offers.matured_history import collect_history
from alsobought.training.offers.settings import Redemption
from alsobought.training.offers.weight_methods import probabilities_for

ROUNDING = 1e-9
FINAL = 1e-6
"""How far the mean weight of final labels may be from 1."""


def redemption_audits(
    examples: DataFrame, weights: DataFrame, settings: Redemption, bounds: Bounds
) -> Outcome:
    """The rows of REDEMPTION_AUDITS; alerts are printed and stored, they never fail the job."""
    measurements = measure(examples, weights, settings, bounds)
    rows = [(*astuple(one)[:-1], one.is_alert, one.meaning) for one in measurements]
    return Outcome(
        examples.sparkSession.createDataFrame(rows, REDEMPTION_AUDITS.ddl),
        notes=describe(measurements),
    )


def measure(
    examples: DataFrame, weights: DataFrame, settings: Redemption, bounds: Bounds
) -> list[Measurement]:
    """Every audit of the day, alerts first.

    In:    rows of REDEMPTION_EXAMPLES and REDEMPTION_WEIGHTS of one day.
    Cost:  the models are fitted again, which gives the same ones from the same history; the weights
           are read once, and recomputed in Python workers, of which sums alone come back.
    """
    edges = tuple(bucket_edges(settings.attribution_days))
    measurements = [*_of_weights(_sums(weights, edges), bounds, list(edges))]
    if probabilities_for(settings.methods):
        measurements += _of_models(examples, weights, settings, bounds)
    return sorted(measurements, key=lambda one: not one.is_alert)


def describe(measurements: list[Measurement]) -> list[str]:
    """A sentence on each alert, then one on how many audits there were."""
    alerts = [f"ALERT {one}" for one in measurements if one.is_alert]
    return [*alerts, f"{len(measurements):,} audits, {len(alerts):,} out of bounds"]


def _of_models(
    examples: DataFrame, weights: DataFrame, settings: Redemption, bounds: Bounds
) -> Iterator[Measurement]:
    """The audits that need matured history and the models."""
    replays = collect_history(examples, settings)
    names = probabilities_for(settings.methods)
    models = fit_delay_models(replays.history, names, settings.terms, replays.encoder)
    others = weights.where(F.col("model_version") != models.version).count()
    yield Measurement(
        "model_version", "all", "all", others, float(others), None, 0.0,
        "weights of other models than this day's history gives now: run redemption_weights again",
    )  # fmt: skip
    of_weights = Tolerance(bounds.max_mean_weight_error, bounds.standard_errors)
    yield from model_audits.sum_q_w(replays.history, models, settings.methods, of_weights)
    of_drift = Tolerance(bounds.max_drift, bounds.standard_errors)
    yield from model_audits.drift(replays, models, bounds.newest_share, of_drift)


def _sums(weights: DataFrame, edges: tuple[float, ...]) -> list[Row]:
    """Per method, age bucket and state the sums of the day's weights, in that order."""

    def sums_of_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return recomputed_weights.sums_of_weights(batches, edges)

    columns = weights.select(*recomputed_weights.READ)
    parts = columns.mapInArrow(sums_of_batches, recomputed_weights.SUMS)
    group = ("method", "bucket", "state")
    summed = ("copies", "weight", "squares", "clipped")
    totals = [*(F.sum(name).alias(name) for name in summed), F.max("off").alias("off")]
    return parts.groupBy(*group).agg(*totals).sort(*group).collect()


def _of_weights(sums: list[Row], bounds: Bounds, edges: list[float]) -> Iterator[Measurement]:
    """The audits of the weights as stored."""
    for method in sorted({row["method"] for row in sums}):
        of_method = [row for row in sums if row["method"] == method]
        yield from (_mean_weight(row, edges) for row in of_method)
        yield from _of_method(method, of_method, bounds)


def _mean_weight(row: Row, edges: list[float]) -> Measurement:
    """The mean weight of an age bucket and state; once labels are final it is 1."""
    is_final = row["bucket"] == len(edges) - 1 and row["method"] in SNAPSHOTS
    return Measurement(
        "weight_by_age",
        row["method"],
        f"{row['state']}, {bucket_name(edges, row['bucket'])}",
        row["copies"],
        row["weight"] / row["copies"],
        1 - FINAL if is_final else None,
        1 + FINAL if is_final else None,
        "mean weight of the copies of offers of this state and age",
    )


def _of_method(method: str, sums: list[Row], bounds: Bounds) -> Iterator[Measurement]:
    """What all weights of a method are worth, how many were clipped, and whether they are right."""
    copies, weight, squares, clipped = (
        sum(row[name] for row in sums) for name in ("copies", "weight", "squares", "clipped")
    )
    yield Measurement(
        "effective_sample_size", method, "all", copies,
        effective_sample_size(weight, squares) / copies, bounds.min_effective_share, None,
        "the copies are worth this share of as many equally weighted ones",
    )  # fmt: skip
    yield Measurement(
        "clipped_share", method, "all", copies, clipped / copies, None, bounds.max_clipped_share,
        "share of weights that clipping changed; clipped weights are biased",
    )  # fmt: skip
    yield Measurement(
        "recomputed_weight", method, "all", copies, max(row["off"] for row in sums), None, ROUNDING,
        "largest difference of a weight from what its own kind, labels and parts make it",
    )  # fmt: skip
