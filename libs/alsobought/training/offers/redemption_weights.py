"""The weight of every emitted copy of every offer, by models of the offers that have matured."""

from dataclasses import dataclass

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.training.offers import delay_models
from alsobought.training.offers.customer_features import DAY
from alsobought.training.offers.delay_models import Models
from alsobought.training.offers.matured_history import Replays, collected, terms_of
from alsobought.training.offers.settings import Redemption
from alsobought.training.offers.weigher import COLUMNS, Weigher
from alsobought.training.offers.weight_methods import Copies, needed

SUMMARISED = 50_000
"""The notes tell of the weights of at most about so many offers."""
PARTS = 1_000_000
NO_MODEL = "none"


@dataclass(frozen=True)
class Weights:
    """The rows of REDEMPTION_WEIGHTS, and sentences on the models and the weights."""

    rows: DataFrame
    notes: list[str]


def redemption_weights(examples: DataFrame, settings: Redemption) -> Weights:
    """Every method's copies of every offer, each with its weight and what that is made of.

    In:    rows of REDEMPTION_EXAMPLES of one day.
    Out:   rows of REDEMPTION_WEIGHTS. `parts` holds the probabilities that `weigh` of the method
           reads, and the floor, so that each weight follows from its own row.
    Raises JobError where a model is needed and too few offers have matured, or all are alike.
    Cost:  about `training_rows` replays on the driver, a fit per probability, then one pass over
           the offers in Python workers that hold some ten thousand at a time. No shuffle.
    """
    models = fitted(collected(examples, settings), settings) if _needs(settings) else None
    weigher = Weigher(tuple(settings.methods), terms_of(settings), models)
    offers = as_visible(examples, with_features=models is not None)
    rows = offers.mapInArrow(weigher.batches, COLUMNS)
    version = NO_MODEL if models is None else models.version
    rows = rows.withColumn("model_version", F.lit(version))
    return Weights(rows, [*_models_told(models), *_weights_told(offers, weigher)])


def fitted(replays: Replays, settings: Redemption) -> Models:
    """The models that the settings' methods need. Raises JobError where one cannot be fitted."""
    names, terms = needed(settings.methods), terms_of(settings)
    return delay_models.fitted(replays.history, names, terms, replays.encoder)


def _needs(settings: Redemption) -> bool:
    """Whether any method needs a model."""
    return bool(needed(settings.methods))


def as_visible(examples: DataFrame, *, with_features: bool) -> DataFrame:
    """The offers as a Weigher reads them: days from issue to what is visible, null: nothing is."""
    issued = F.unix_micros("issued_at")
    return examples.select(
        "offer_id",
        "age_days",
        "state",
        ((F.unix_micros("engaged_at") - issued) / DAY).alias("engaged_after"),
        ((F.unix_micros("redeemed_at") - issued) / DAY).alias("redeemed_after"),
        *(["features"] if with_features else []),
    )


def _models_told(models: Models | None) -> list[str]:
    """A sentence on each model: how it did on customers that it was not trained on."""
    if models is None:
        return ["no method needs a model: none was trained"]
    return [
        f"model {name} (penalty {found.penalty:g}, {found.method} calibration), "
        f"{found.trained_rows:,} rows; on {found.rows:,}"
        f" held out: mean prediction {found.mean_prediction:.4f}, mean label "
        f"{found.mean_label:.4f}, log-loss {found.log_loss:.4f}"
        for name, found in models.calibration.items()
    ]


def _weights_told(offers: DataFrame, weigher: Weigher) -> list[str]:
    """A sentence on each method's weights, of all offers or of a hash-sample of them.

    On the driver: the workers' rows are made once, when they are written.
    """
    share = min(1.0, SUMMARISED / max(1, offers.count()))
    place = F.pmod(F.xxhash64("offer_id", F.lit("summary")), F.lit(PARTS))
    sampled = offers.where(place < share * PARTS).toArrow().combine_chunks()
    of = f" of {sampled.num_rows:,} sampled offers" if share < 1 else ""
    batches = sampled.to_batches()
    return [
        f"{method}: {_told(copies)}{of}"
        for batch in batches
        for method, copies in weigher.copies(batch)
    ]


def _told(copies: Copies) -> str:
    """How many copies there are, how many were clipped, and how many equal ones they are worth."""
    n = len(copies.row)
    if not n:
        return "no copy is emitted yet"
    share = effective_share(copies.weight.sum(), np.square(copies.weight).sum(), n)
    return (
        f"{n:,} copies, {copies.clipped_share:.2%} clipped, mean weight "
        f"{copies.weight.mean():.4f}, effective sample size {share:.1%}"
    )


def effective_share(total: float, squares: float, n: int) -> float:
    """(sum w)^2 / (n sum w^2): the share of n rows that as many equal weights would be; 0 of none.

    Source: Kish 1965.
    """
    return total**2 / (n * squares) if squares else 0.0
