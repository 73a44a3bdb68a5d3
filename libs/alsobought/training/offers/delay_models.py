"""The probabilities behind the weights, learnt from offers whose labels are final."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from alsobought.errors import JobError
from alsobought.learn.arrays import Booleans, Floats, Integers
from alsobought.learn.classifiers import Classifier, held_out_loss
from alsobought.learn.encoder import Encoder
from alsobought.learn.formulas import log_loss
from alsobought.learn.labelled_rows import LabelledRows
from alsobought.learn.penalties import fit_with_best_penalty
from alsobought.sampling import bucket_of
from alsobought.training.offers.matured_history import MaturedHistory
from alsobought.training.offers.settings import Terms

CUSTOMER_PARTS = 10
CALIBRATES, JUDGES = 0, 1
"""Of ten parts of the customers one chooses the penalty and calibrates, one judges, eight train."""


def customer_part(customer: Integers) -> Integers:
    """Which of the CUSTOMER_PARTS each customer belongs to, by its hash."""
    return bucket_of(customer, CUSTOMER_PARTS)


@dataclass(frozen=True)
class Probability:
    """What a model predicts: its label, on which rows, and whether age is among its inputs."""

    meaning: str
    with_age: bool
    rows: Callable[[MaturedHistory, float], Booleans]
    label: Callable[[MaturedHistory, float], Booleans]
    rises_with_age: bool = False
    """Whether it can only rise with age, whatever the delays."""


PROBABILITIES: dict[str, Probability] = {
    "redeems": Probability(
        "P(redeems | x)", False, lambda h, _: np.ones(len(h.age), bool), lambda h, _: h.redeems
    ),
    "redeems_late": Probability(
        "P(redeems after the observation window | x)",
        False,
        lambda h, _: np.ones(len(h.age), bool),
        lambda h, window: h.redeemed_after > window,
    ),
    "stays_negative": Probability(
        "P(never redeems | not redeemed within the observation window, x)",
        False,
        lambda h, window: ~(h.redeemed_after <= window),
        lambda h, _: ~h.redeems,
    ),
    "redemption_visible": Probability(
        "P(redemption visible at age a | redeems, x)",
        True,
        lambda h, _: h.redeems,
        lambda h, _: h.redeemed,
        rises_with_age=True,
    ),
    # Only state 10's weight reads it, whose final rows are never redeemed: redeemers may engage
    # sooner. Where the delay of an engagement says nothing of the redemption it is F_e itself.
    "engagement_visible": Probability(
        "P(engagement visible at age a | engages and never redeems, x)",
        True,
        lambda h, _: h.engages & ~h.redeems,
        lambda h, _: h.engaged,
        rises_with_age=True,
    ),
    "never_redeems": Probability(
        "P(never redeems | not redeemed by age a, x)",
        True,
        lambda h, _: ~h.redeemed,
        lambda h, _: ~h.redeems,
        rises_with_age=True,
    ),
    "never_engages": Probability(
        "P(never engages | not engaged by age a, x)",
        True,
        lambda h, _: ~h.engaged,
        lambda h, _: ~h.engages,
        rises_with_age=True,
    ),
    "engaged_never_redeems": Probability(
        "P(never redeems | engaged and not redeemed by age a, x)",
        True,
        lambda h, _: h.engaged & ~h.redeemed,
        lambda h, _: ~h.redeems,
    ),
}


@dataclass(frozen=True)
class Calibration:
    """How a model did on the customers held out to judge it; NaN where these have no row."""

    method: str
    penalty: float
    trained_rows: int
    rows: int
    mean_prediction: float
    mean_label: float
    log_loss: float


@dataclass(frozen=True)
class DelayModels:
    """The fitted auxiliary models: picklable, some kilobytes (megabytes when boosted)."""

    encoder: Encoder
    terms: Terms
    classifiers: dict[str, Classifier]
    oldest: dict[str, float]
    """The greatest age that each model with age has seen; older offers are taken to be as old."""
    calibration: dict[str, Calibration]
    version: str
    """A hash of the features' names, the terms and all that was learnt."""

    def predict(self, name: str, features: Floats, age: Floats) -> Floats:
        """The probability of each row, in (0, 1): float64 of shape (n,).

        Ages below 0 are 0. From attribution_days on labels are final: every probability that has an
        age is then 1 exactly. Cost: chunks of rows, so memory is that of the result.
        """
        if not PROBABILITIES[name].with_age:
            return self.classifiers[name].probability(features, None)
        seen = np.clip(age, 0.0, self.oldest[name])
        predicted = self.classifiers[name].probability(features, seen)
        return np.where(age >= self.terms.attribution_days, 1.0, predicted)


def fit_delay_models(
    history: MaturedHistory, names: Iterable[str], terms: Terms, encoder: Encoder
) -> DelayModels:
    """A calibrated model of each named probability; `encoder` made the history's features.

    Errors: JobError when the rows to train a probability on are all of one label, or none.
    Cost: per name a fit for each penalty, on at most the history's rows.
    """
    classifiers: dict[str, Classifier] = {}
    calibration: dict[str, Calibration] = {}
    oldest: dict[str, float] = {}
    for name in sorted(set(names)):
        rows, customers = _labelled_rows(name, history, terms)
        classifiers[name], calibration[name] = _fit_calibrated(name, rows, customers, terms)
        if rows.age is not None:
            oldest[name] = float(rows.age.max())
    version = _version(encoder, terms, classifiers)
    return DelayModels(encoder, terms, classifiers, oldest, calibration, version)


def _labelled_rows(
    name: str, history: MaturedHistory, terms: Terms
) -> tuple[LabelledRows, Integers]:
    """The rows and labels of a probability, and whose they are; with age only where labels move."""
    spec = PROBABILITIES[name]
    chosen = spec.rows(history, terms.observation_days)
    if spec.with_age:
        chosen = chosen & (history.age < terms.attribution_days)
    label = spec.label(history, terms.observation_days)[chosen]
    features = np.asarray(history.features[chosen], dtype=np.float64)
    age = np.maximum(history.age[chosen], 0.0) if spec.with_age else None
    rows = LabelledRows(features, age, label, rises_with_age=spec.rises_with_age)
    return rows, history.customer[chosen]


def _fit_calibrated(
    name: str, rows: LabelledRows, customers: Integers, terms: Terms
) -> tuple[Classifier, Calibration]:
    """A model of the rows, calibrated if that helps customers who took no part in either step."""
    part = customer_part(customers)
    training, calibrating, judging = (
        rows.where(chosen)
        for chosen in (part > max(CALIBRATES, JUDGES), part == CALIBRATES, part == JUDGES)
    )
    _require_both_labels(name, training)
    choosing = calibrating if len(calibrating.label) else None
    penalty, model = fit_with_best_penalty(terms.model, training, choosing, terms.seed)
    if calibrating.has_both_labels and len(judging.label):
        candidate = model.calibrated(calibrating)
        model = min((model, candidate), key=lambda fitted: held_out_loss(fitted, judging))
    predicted = model.probability(judging.features, judging.age)
    return model, Calibration(
        method=model.calibration,
        penalty=penalty,
        trained_rows=len(training.label),
        rows=len(judging.label),
        mean_prediction=_mean(predicted),
        mean_label=_mean(judging.label.astype(np.float64)),
        log_loss=log_loss(judging.label, predicted),
    )


def _require_both_labels(name: str, rows: LabelledRows) -> None:
    """Raise JobError unless there are rows of either label."""
    if not rows.has_both_labels:
        raise JobError(
            f"the auxiliary model {name}, {PROBABILITIES[name].meaning}, has "
            f"{len(rows.label):,} rows of matured history to train on, "
            f"{int(rows.label.sum()):,} of them positive, and needs both kinds: give a longer "
            f"history, or other observation_days and attribution_days"
        )


def _mean(values: Floats) -> float:
    """The mean; NaN of nothing."""
    return float(values.mean()) if len(values) else float("nan")


def _version(encoder: Encoder, terms: Terms, classifiers: dict[str, Classifier]) -> str:
    """Twelve hexadecimal digits of all that the predictions depend on."""
    digest = hashlib.sha256(repr((encoder.names, terms)).encode())
    for name, classifier in sorted(classifiers.items()):
        digest.update(name.encode() + classifier.content())
    return digest.hexdigest()[:12]
