"""The audits of a day's weights and models, each with its bounds."""

from collections.abc import Iterator
from dataclasses import astuple
from typing import Annotated

import pyarrow as pa
from pydantic import Field
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from alsobought.settings import Settings, Share
from alsobought.tables.training import REDEMPTION_AUDITS
from alsobought.training.audits import model_audits, recomputed_weights
from alsobought.training.audits.measurement import Measured, bucket_name, buckets
from alsobought.training.audits.model_audits import SNAPSHOTS
from alsobought.training.offers import redemption_weights
from alsobought.training.offers.matured_history import collected, terms_of
from alsobought.training.offers.settings import Redemption
from alsobought.training.offers.weight_methods import needed

ROUNDING = 1e-9
FINAL = 1e-6
"""How far the mean weight of final labels may be from 1."""


class Bounds(Settings):
    """What the audits allow."""

    max_mean_weight_error: Annotated[float, Field(ge=0)] = 0.05
    """sum_q_w: so far from 1, beyond what chance explains."""
    max_drift: Share = 0.05
    """drift: so far a mean prediction may be from the mean label, beyond what chance explains."""
    standard_errors: Annotated[float, Field(ge=0)] = 3.0
    """What chance explains: so many standard errors."""
    newest_share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """drift: so large a share of the matured offers is new, by issue."""
    min_effective_share: Share = 0.3
    """effective_sample_size: the copies must be worth such a share of as many equal ones."""
    max_clipped_share: Share = 0.05
    """clipped_share: of the copies of a method."""


def redemption_audits(
    examples: DataFrame, weights: DataFrame, settings: Redemption, bounds: Bounds
) -> list[Measured]:
    """Every audit of the day, alerts first.

    In:    rows of REDEMPTION_EXAMPLES and REDEMPTION_WEIGHTS of one day.
    Cost:  the models are fitted again, which gives the same ones from the same history; the weights
           are read once, and made again in Python workers, of which sums alone come back.
    """
    edges = tuple(buckets(settings.attribution_days))
    measured = [*_of_weights(_sums(weights, edges), settings, bounds, list(edges))]
    if needed(settings.methods):
        measured += _of_models(examples, weights, settings, bounds)
    return sorted(measured, key=lambda each: not each.is_alert)


def as_rows(examples: DataFrame, measured: list[Measured]) -> DataFrame:
    """The rows of REDEMPTION_AUDITS."""
    rows = [(*astuple(each)[:-1], each.is_alert, each.meaning) for each in measured]
    kinds = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in REDEMPTION_AUDITS.columns)
    return examples.sparkSession.createDataFrame(rows, kinds)


def told(measured: list[Measured]) -> list[str]:
    """A sentence on each alert, then one on how many audits there were."""
    alerts = [f"ALERT {each}" for each in measured if each.is_alert]
    return [*alerts, f"{len(measured):,} audits, {len(alerts):,} out of bounds"]


def _of_models(
    examples: DataFrame, weights: DataFrame, settings: Redemption, bounds: Bounds
) -> Iterator[Measured]:
    """The audits that need matured history and the models."""
    replays, terms = collected(examples, settings), terms_of(settings)
    models = redemption_weights.fitted(replays, settings)
    others = weights.where(F.col("model_version") != models.version).count()
    yield Measured(
        "model_version", "all", "all", others, float(others), None, 0.0,
        "weights of other models than this day's history gives now: run redemption_weights again",
    )  # fmt: skip
    chance = bounds.standard_errors
    allowed = (bounds.max_mean_weight_error, chance)
    methods: list[str] = [*settings.methods]
    yield from model_audits.sum_q_w(replays.history, models, methods, terms, allowed)
    drifted = (bounds.max_drift, chance)
    yield from model_audits.drift(replays, models, terms, bounds.newest_share, drifted)


def _sums(weights: DataFrame, edges: tuple[float, ...]) -> list[Row]:
    """Per method, age bucket and state the sums of the day's weights, in that order."""

    def summed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return recomputed_weights.summed(batches, edges)

    parts = weights.select(*recomputed_weights.READ).mapInArrow(summed, recomputed_weights.SUMS)
    group = ("method", "bucket", "state")
    added = ("copies", "weight", "squares", "clipped")
    sums = parts.groupBy(*group).agg(*(F.sum(n).alias(n) for n in added), F.max("off").alias("off"))
    return sums.sort(*group).collect()


def _of_weights(
    sums: list[Row], settings: Redemption, bounds: Bounds, edges: list[float]
) -> Iterator[Measured]:
    """The audits of the weights as they lie in the table."""
    for method in sorted({row["method"] for row in sums}):
        mine = [row for row in sums if row["method"] == method]
        yield from (_mean_weight(row, edges) for row in mine)
        yield from _of_method(method, mine, bounds)


def _mean_weight(row: Row, edges: list[float]) -> Measured:
    """The mean weight of an age bucket and state; once labels are final it is 1."""
    is_final = row["bucket"] == len(edges) - 1 and row["method"] in SNAPSHOTS
    return Measured(
        "weight_by_age",
        row["method"],
        f"{row['state']}, {bucket_name(edges, row['bucket'])}",
        row["copies"],
        row["weight"] / row["copies"],
        1 - FINAL if is_final else None,
        1 + FINAL if is_final else None,
        "mean weight of the copies of offers of this state and age",
    )


def _of_method(method: str, mine: list[Row], bounds: Bounds) -> Iterator[Measured]:
    """What all weights of a method are worth, how many were clipped, and whether they are right."""
    copies, weight, squares, clipped = (
        sum(row[name] for row in mine) for name in ("copies", "weight", "squares", "clipped")
    )
    yield Measured(
        "effective_sample_size", method, "all", copies,
        redemption_weights.effective_share(weight, squares, copies), bounds.min_effective_share, None,
        "the copies are worth this share of as many equally weighted ones",
    )  # fmt: skip
    yield Measured(
        "clipped_share", method, "all", copies, clipped / copies, None, bounds.max_clipped_share,
        "share of weights that clipping changed; clipped weights are biased",
    )  # fmt: skip
    yield Measured(
        "recomputed_weight", method, "all", copies, max(row["off"] for row in mine), None, ROUNDING,
        "largest difference of a weight from what its own kind, labels and parts make it",
    )  # fmt: skip
