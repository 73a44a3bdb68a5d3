"""The probabilities behind the weights, learnt from offers whose labels are final."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from alsobought.errors import JobError
from alsobought.learn.arrays import Booleans, Floats, Integers
from alsobought.learn.classifiers import PENALTIES, Classifier, fit, log_loss
from alsobought.learn.encoder import Encoder
from alsobought.learn.labelled_rows import Rows
from alsobought.training.offers.settings import Terms

PARTS = 10
CALIBRATES, JUDGES = 0, 1
"""Of ten parts of the customers one chooses the penalty and calibrates, one judges, eight train."""


@dataclass(frozen=True)
class History:
    """Matured offers, each replayed at random ages in [0, attribution_days): one row a replay.

    features (n, k) of any float type; age, engaged_after and redeemed_after in days since issue,
    NaN for what never happened within the attribution window, whatever the age; a redemption is an
    engagement, so engaged_after is never later. `customer` is a hash: it chooses who is held out.
    """

    features: Floats
    age: Floats
    engaged_after: Floats
    redeemed_after: Floats
    customer: Integers

    @property
    def engages(self) -> Booleans:
        """Whether the offer is engaged with in the end."""
        return ~np.isnan(self.engaged_after)

    @property
    def redeems(self) -> Booleans:
        """Whether the offer is redeemed in the end."""
        return ~np.isnan(self.redeemed_after)

    @property
    def engaged(self) -> Booleans:
        """Whether an engagement is visible at the age: earlier than it."""
        return self.engaged_after < self.age

    @property
    def redeemed(self) -> Booleans:
        """Whether a redemption is visible at the age: earlier than it."""
        return self.redeemed_after < self.age


@dataclass(frozen=True)
class Probability:
    """What a model predicts: its label, on which rows, and whether age is among its inputs."""

    meaning: str
    with_age: bool
    rows: Callable[[History, float], Booleans]
    label: Callable[[History, float], Booleans]
    rises: bool = False
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
        rises=True,
    ),
    # Only state 10's weight reads it, whose final rows are never redeemed: redeemers may engage
    # sooner. Where the delay of an engagement says nothing of the redemption it is F_e itself.
    "engagement_visible": Probability(
        "P(engagement visible at age a | engages and never redeems, x)",
        True,
        lambda h, _: h.engages & ~h.redeems,
        lambda h, _: h.engaged,
        rises=True,
    ),
    "never_redeems": Probability(
        "P(never redeems | not redeemed by age a, x)",
        True,
        lambda h, _: ~h.redeemed,
        lambda h, _: ~h.redeems,
        rises=True,
    ),
    "never_engages": Probability(
        "P(never engages | not engaged by age a, x)",
        True,
        lambda h, _: ~h.engaged,
        lambda h, _: ~h.engages,
        rises=True,
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
class Models:
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


def fitted(history: History, names: Iterable[str], terms: Terms, encoder: Encoder) -> Models:
    """A calibrated model of each named probability; `encoder` made the history's features.

    Errors: JobError when the rows to train a probability on are all of one label, or none.
    Cost: per name a fit for each penalty, on at most the history's rows.
    """
    classifiers: dict[str, Classifier] = {}
    calibration: dict[str, Calibration] = {}
    oldest: dict[str, float] = {}
    for name in sorted(set(names)):
        rows, customers = _learnt_from(name, history, terms)
        classifiers[name], calibration[name] = _calibrated(name, rows, customers, terms)
        if rows.age is not None:
            oldest[name] = float(rows.age.max())
    version = _version(encoder, terms, classifiers)
    return Models(encoder, terms, classifiers, oldest, calibration, version)


def _learnt_from(name: str, history: History, terms: Terms) -> tuple[Rows, Integers]:
    """The rows and labels of a probability, and whose they are; with age only where labels move."""
    spec = PROBABILITIES[name]
    chosen = spec.rows(history, terms.observation_days)
    if spec.with_age:
        chosen = chosen & (history.age < terms.attribution_days)
    label = spec.label(history, terms.observation_days)[chosen]
    features = np.asarray(history.features[chosen], dtype=np.float64)
    age = np.maximum(history.age[chosen], 0.0) if spec.with_age else None
    return Rows(features, age, label, rises=spec.rises), history.customer[chosen]


def _calibrated(
    name: str, rows: Rows, customers: Integers, terms: Terms
) -> tuple[Classifier, Calibration]:
    """A model of the rows, calibrated if that helps customers who took no part in either step."""
    part = customers % PARTS
    training, calibrating, judging = (
        rows.where(chosen)
        for chosen in (part > max(CALIBRATES, JUDGES), part == CALIBRATES, part == JUDGES)
    )
    _require_both_labels(name, training.label)
    penalty, model = _held_back(training, calibrating, terms)
    if 0 < calibrating.label.sum() < len(calibrating.label) and len(judging.label):
        candidate = model.calibrated(calibrating)
        model = min((model, candidate), key=lambda each: _loss(each, judging))
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


def _held_back(training: Rows, choosing: Rows, terms: Terms) -> tuple[float, Classifier]:
    """The penalty under which a model does best on customers that it has not seen, and the model.

    With many features crossed with age and few redeemed offers it would learn these by heart.
    """
    penalties = PENALTIES[terms.model] if len(choosing.label) else (1.0,)
    models = {each: fit(terms.model, training, terms.seed, each) for each in penalties}
    best = min(models, key=lambda each: _loss(models[each], choosing))
    return best, models[best]


def _require_both_labels(name: str, label: Booleans) -> None:
    """Raise JobError unless there are rows of either label."""
    positives = int(label.sum())
    if 0 < positives < len(label):
        return
    raise JobError(
        f"the auxiliary model {name}, {PROBABILITIES[name].meaning}, has {len(label):,} rows of "
        f"matured history to train on, {positives:,} of them positive, and needs both kinds: give "
        "a longer history, or other observation_days and attribution_days"
    )


def _loss(model: Classifier, rows: Rows) -> float:
    """The log-loss of a model on rows."""
    return log_loss(rows.label, model.probability(rows.features, rows.age))


def _mean(values: Floats) -> float:
    """The mean; NaN of nothing."""
    return float(values.mean()) if len(values) else float("nan")


def _version(encoder: Encoder, terms: Terms, classifiers: dict[str, Classifier]) -> str:
    """Twelve hexadecimal digits of all that the predictions depend on."""
    digest = hashlib.sha256(repr((encoder.names, terms)).encode())
    for name, classifier in sorted(classifiers.items()):
        digest.update(name.encode() + classifier.content())
    return digest.hexdigest()[:12]
