"""The weight of every emitted copy of every offer, by models of the offers that have matured."""

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.learn.formulas import effective_sample_size
from alsobought.sampling import is_sampled, keyed
from alsobought.tables.outcome import Outcome
from alsobought.training.offers.delay_models import DelayModels, fit_delay_models
from alsobought.training.offers.matured_history import collect_history, delays
from alsobought.training.offers.settings import Redemption
from alsobought.training.offers.weigher import COLUMNS, Weigher
from alsobought.training.offers.weight_methods import WeightedCopies, probabilities_for

SUMMARISED_OFFERS = 50_000
"""About the largest number of offers whose weights the notes summarise."""
NO_MODEL = "none"


def redemption_weights(examples: DataFrame, settings: Redemption) -> Outcome:
    """Every method's copies of every offer, each with its weight and what that is made of.

    In:    rows of REDEMPTION_EXAMPLES of one day.
    Out:   rows of REDEMPTION_WEIGHTS, and notes on the models and the weights. `parts` holds the
           probabilities that `weigh` of the method reads, and the floor, so that each weight
           follows from its own row.
    Raises JobError where a model is needed and too few offers have matured, or all are alike.
    Cost:  about `training_rows` replays on the driver, a fit per probability, then one pass over
           the offers in Python workers that hold some ten thousand at a time. No shuffle.
    """
    models = _models(examples, settings)
    weigher = Weigher(tuple(settings.methods), settings.terms, models)
    offers = visible_offers(examples, with_features=models is not None)
    rows = offers.mapInArrow(weigher.batches, COLUMNS)
    version = NO_MODEL if models is None else models.version
    rows = rows.withColumn("model_version", F.lit(version))
    notes = [*_describe_models(models), *_describe_weights(offers, weigher)]
    return Outcome(rows, notes=notes)


def _models(examples: DataFrame, settings: Redemption) -> DelayModels | None:
    """The models that the settings' methods need; None where they need none.

    Raises JobError where one cannot be fitted.
    """
    names = probabilities_for(settings.methods)
    if not names:
        return None
    replays = collect_history(examples, settings)
    return fit_delay_models(replays.history, names, settings.terms, replays.encoder)


def visible_offers(examples: DataFrame, *, with_features: bool) -> DataFrame:
    """The offers as a Weigher reads them: days from issue to what is visible, null: nothing is."""
    features = ["features"] if with_features else []
    return examples.select("offer_id", "age_days", "state", *delays(), *features)


def _describe_models(models: DelayModels | None) -> list[str]:
    """A sentence on each model: how it did on customers that it was not trained on."""
    if models is None:
        return ["no method needs a model: none was trained"]
    return [
        f"model {name} (penalty {held_out.penalty:g}, {held_out.method} calibration), "
        f"{held_out.trained_rows:,} rows; on {held_out.rows:,}"
        f" held out: mean prediction {held_out.mean_prediction:.4f}, mean label "
        f"{held_out.mean_label:.4f}, log-loss {held_out.log_loss:.4f}"
        for name, held_out in models.calibration.items()
    ]


def _describe_weights(offers: DataFrame, weigher: Weigher) -> list[str]:
    """A sentence on each method's weights, of all offers or of a hash-sample of them.

    On the driver: the workers' rows are made once, when they are written.
    """
    share = min(1.0, SUMMARISED_OFFERS / max(1, offers.count()))
    hashed = keyed("offer_id", F.lit("summary"), seed=weigher.terms.seed)
    sample = offers.where(is_sampled(hashed, share)).toArrow().combine_chunks()
    of = f" of {sample.num_rows:,} sampled offers" if share < 1 else ""
    return [
        f"{method}: {_describe_copies(copies)}{of}"
        for batch in sample.to_batches()
        for method, copies in weigher.weighted_copies(batch)
    ]


def _describe_copies(copies: WeightedCopies) -> str:
    """How many copies there are, how many were clipped, and how many equal ones they are worth."""
    n = len(copies.row)
    if not n:
        return "no copy is emitted yet"
    effective = effective_sample_size(copies.weight.sum(), np.square(copies.weight).sum())
    return (
        f"{n:,} copies, {copies.clipped_share:.2%} clipped, mean weight "
        f"{copies.weight.mean():.4f}, effective sample size {effective / n:.1%}"
    )
