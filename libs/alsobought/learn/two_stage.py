"""The models that the weights are for: engagement, then redemption given engagement, and in one.

Trained on all offers, so their probabilities hold for every offer and not for engaged ones alone.
Source: the entire-space model, Ma et al. 2018.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from alsobought.errors import JobError
from alsobought.learn.arrays import Booleans, Floats
from alsobought.learn.classifiers import Classifier
from alsobought.learn.formulas import MARGIN
from alsobought.learn.labelled_rows import LabelledRows
from alsobought.learn.penalties import fit_with_best_penalty

Correction = Callable[[Floats], Floats]
"""From the probability of a model trained on biased copies to that of an offer; picklable."""


@dataclass(frozen=True)
class Examples:
    """Rows of a training set: features (n, k); labels engaged and redeemed; weight, not negative.

    A redeemed row is an engaged one. Rows that weigh nothing neither train nor choose.
    """

    features: Floats
    engaged: Booleans
    redeemed: Booleans
    weight: Floats


@dataclass(frozen=True)
class Predicted:
    """Probabilities of n offers: p_redeemed is the product of the two stages before it."""

    p_engaged: Floats
    p_redeemed_if_engaged: Floats
    p_redeemed: Floats
    p_redeemed_one_stage: Floats


@dataclass(frozen=True)
class EntireSpace:
    """The fitted models; `redeems_if_engaged` is None when every engaged row was redeemed."""

    engages: Classifier
    redeems_if_engaged: Classifier | None
    redeems: Classifier
    penalties: dict[str, float]
    """The L2 penalty of each model by its label: engaged, redeemed if engaged, redeemed."""
    correction: Correction | None = None
    """Applied to both forms of p_redeemed."""

    def predict(self, features: Floats) -> Predicted:
        """The probabilities of offers with these features, each in (0, 1).

        What a correction leaves outside is clipped. Cost: rows are predicted in chunks.
        """
        engaged = self.engages.probability(features, None)
        if self.redeems_if_engaged is None:
            redeemed_if_engaged = np.full(len(features), 1 - MARGIN)
        else:
            redeemed_if_engaged = self.redeems_if_engaged.probability(features, None)
        redeemed = engaged * redeemed_if_engaged
        one_stage = self.redeems.probability(features, None)
        if self.correction is not None:
            redeemed, one_stage = (
                np.clip(self.correction(biased), MARGIN, 1 - MARGIN)
                for biased in (redeemed, one_stage)
            )
        return Predicted(engaged, redeemed_if_engaged, redeemed, one_stage)


def fit_two_stage(
    training: Examples,
    model: str,
    seed: int,
    *,
    validation: Examples | None = None,
    correction: Correction | None = None,
) -> EntireSpace:
    """Both forms, trained with the weights.

    The weight of an engaged row counts in both stages. Streaming methods without engagement copies
    (FNW, FNC) have only redeemed rows among the engaged: their second stage is 1.
    Each model's L2 penalty is the one with the least weighted log-loss on the validation rows; it
    is 1 where these have not both labels.

    Raises JobError when no training row, or every one, is engaged or redeemed.
    Cost: three fits for each penalty.
    """
    train, held_out = _labels(training), None if validation is None else _labels(validation)
    for label in ("engaged", "redeemed"):
        _require_both_labels(label, train[label])
    models: dict[str, Classifier] = {}
    penalties: dict[str, float] = {}
    for label, rows in train.items():
        if not rows.label.all():
            choosing = None if held_out is None else held_out[label]
            choosing = choosing if choosing is not None and choosing.has_both_labels else None
            penalties[label], models[label] = fit_with_best_penalty(model, rows, choosing, seed)
    return EntireSpace(
        engages=models["engaged"],
        redeems_if_engaged=models.get("redeemed if engaged"),
        redeems=models["redeemed"],
        penalties=penalties,
        correction=correction,
    )


def _labels(examples: Examples) -> dict[str, LabelledRows]:
    """The rows that weigh anything, by what they are labelled with."""
    engaged, redeemed = examples.engaged.astype(bool), examples.redeemed.astype(bool)
    all_rows = LabelledRows(examples.features, None, redeemed, examples.weight)
    weighing = examples.weight > 0
    return {
        "engaged": replace(all_rows, label=engaged).where(weighing),
        "redeemed if engaged": all_rows.where(weighing & engaged),
        "redeemed": all_rows.where(weighing),
    }


def _require_both_labels(name: str, rows: LabelledRows) -> None:
    """Raise JobError unless there are rows of either label."""
    if not rows.has_both_labels:
        raise JobError(
            f"of {len(rows.label):,} training rows that weigh anything "
            f"{int(rows.label.sum()):,} are {name}, and a model needs both kinds: take in more "
            f"offers"
        )
