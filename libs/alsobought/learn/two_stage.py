"""The models that the weights are for: engagement, then redemption given engagement, and in one.

Trained on all offers, so what they say holds for every offer and not for engaged ones alone.
Source: the entire-space model, Ma et al. 2018.
"""

from dataclasses import dataclass

import numpy as np

from alsobought.errors import JobError
from alsobought.learn.arrays import Booleans, Floats
from alsobought.learn.classifiers import Classifier, fit
from alsobought.learn.labelled_rows import NEVER_QUITE, Rows
from alsobought.training.offers.formulas import fnc_corrected


@dataclass(frozen=True)
class Examples:
    """Rows of a training set: features (n, k); labels engaged and redeemed; weight, not negative.

    A redeemed row is an engaged one. Rows that weigh nothing are left out of training.
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
    is_corrected: bool

    def predict(self, features: Floats) -> Predicted:
        """What becomes of offers with these features, each in (0, 1).

        A model trained on FNC's copies is corrected, p = b / (1 - b), in both forms of p_redeemed;
        where b is
        above 1/2, which no p explains, it is 1. Cost: rows are predicted in chunks.
        """
        engaged = self.engages.probability(features, None)
        if self.redeems_if_engaged is None:
            redeemed_if_engaged = np.full(len(features), 1 - NEVER_QUITE)
        else:
            redeemed_if_engaged = self.redeems_if_engaged.probability(features, None)
        redeemed = engaged * redeemed_if_engaged
        one_stage = self.redeems.probability(features, None)
        if self.is_corrected:
            redeemed, one_stage = _corrected(redeemed), _corrected(one_stage)
        return Predicted(engaged, redeemed_if_engaged, redeemed, one_stage)


def trained(
    examples: Examples, model: str, seed: int, *, is_corrected: bool = False
) -> EntireSpace:
    """Both forms, trained with the weights; `is_corrected` for the copies of FNC.

    The weight of an engaged row counts in both stages. Streaming methods without engagement copies
    (FNW, FNC) have only redeemed rows among the engaged: their second stage is 1.

    Errors: JobError when no row, or every row, is engaged or redeemed. Cost: three fits.
    """
    counted = examples.weight > 0
    engaged = examples.engaged.astype(bool)
    redeemed = examples.redeemed.astype(bool)
    every = Rows(examples.features, None, redeemed, examples.weight).where(counted)
    stage_one = Rows(examples.features, None, engaged, examples.weight).where(counted)
    _require_both_labels("engaged", stage_one.label)
    _require_both_labels("redeemed", every.label)
    stage_two = every.where(stage_one.label)
    return EntireSpace(
        engages=fit(model, stage_one, seed),
        redeems_if_engaged=None if stage_two.label.all() else fit(model, stage_two, seed),
        redeems=fit(model, every, seed),
        is_corrected=is_corrected,
    )


def _require_both_labels(what: str, label: Booleans) -> None:
    """Raise JobError unless there are rows of either label."""
    positives = int(label.sum())
    if 0 < positives < len(label):
        return
    raise JobError(
        f"of {len(label):,} training rows that weigh anything {positives:,} are {what}, and a "
        "model needs both kinds: take in more offers"
    )


def _corrected(biased: Floats) -> Floats:
    """FNC's b / (1 - b), in (0, 1)."""
    return np.clip(fnc_corrected(biased), NEVER_QUITE, 1 - NEVER_QUITE)
