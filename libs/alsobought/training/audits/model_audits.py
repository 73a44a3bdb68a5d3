"""Audits on matured history: do the weights bring back the final states, do the models drift?"""

from collections.abc import Iterable, Iterator

import numpy as np

from alsobought.learn.arrays import Booleans, Floats, Integers
from alsobought.training.audits.measurement import (
    Measurement,
    Tolerance,
    bucket_edges,
    bucket_name,
)
from alsobought.training.offers.copies import VisibleOffers
from alsobought.training.offers.delay_models import (
    JUDGES,
    PROBABILITIES,
    DelayModels,
    customer_part,
)
from alsobought.training.offers.matured_history import EncodedHistory, MaturedHistory
from alsobought.training.offers.weight_methods import METHODS

SNAPSHOTS = ("fsiw", "snapshot_with_engagement")
"""The methods whose weights are p(state) / q(state | age), one copy an offer."""


def sum_q_w(
    history: MaturedHistory, models: DelayModels, methods: Iterable[str], tolerance: Tolerance
) -> Iterator[Measurement]:
    """Per snapshot method and age bucket the mean weight of customers held out from training.

    It is the sum over states of q(state | age) w(state | age), and q w = p sums to 1. The standard
    error is of customers, for the rows of one customer are alike.
    """
    held_out = history.where(customer_part(history.customer) == JUDGES)
    edges = bucket_edges(int(models.terms.attribution_days))
    bucket = np.searchsorted(edges[1:], held_out.age, side="right")
    for method in (name for name in SNAPSHOTS if name in methods):
        weight = _snapshot_weights(method, held_out, models)
        for index in np.unique(bucket):
            in_bucket = bucket == index
            mean, error = mean_of_groups(weight[in_bucket], held_out.customer[in_bucket])
            yield Measurement(
                "sum_q_w",
                method,
                bucket_name(edges, int(index)),
                int(in_bucket.sum()),
                mean,
                *tolerance.around(1, error),
                "mean weight of matured offers of customers held out, as seen at this age; 1 means "
                "that the weights bring back the final states",
            )


def _snapshot_weights(method: str, history: MaturedHistory, models: DelayModels) -> Floats:
    """The weight of each offer as it was visible at its age."""
    visible = VisibleOffers(
        history.age,
        np.where(history.engaged, history.engaged_after, np.nan),
        np.where(history.redeemed, history.redeemed_after, np.nan),
    )
    p = {
        name: models.predict(name, history.features, history.age) for name in METHODS[method].needs
    }
    return METHODS[method].weighted_copies(visible, p, models.terms).weight


def drift(
    replays: EncodedHistory, models: DelayModels, newest_share: float, tolerance: Tolerance
) -> Iterator[Measurement]:
    """Per model its mean label less its mean prediction, on the newest matured offers and others.

    `newest_share` of the replays counts as new, by issue; the standard error is of customers.
    """
    history, window = replays.history, models.terms.observation_days
    is_new = replays.issued >= np.quantile(replays.issued, 1 - newest_share)
    for name in models.classifiers:
        spec = PROBABILITIES[name]
        rows, label = spec.rows(history, window), spec.label(history, window)
        for which, chosen in {"the newest": rows & is_new, "the older": rows & ~is_new}.items():
            if chosen.any():
                gap, error = _gap(name, history.where(chosen), label[chosen], models)
                yield Measurement(
                    "drift",
                    "all",
                    f"{name}, {which}",
                    int(chosen.sum()),
                    gap,
                    *tolerance.around(0, error),
                    f"mean label less mean prediction of {spec.meaning} on {which} "
                    "matured offers; far from 0 means that the model no longer fits them",
                )


def _gap(
    name: str, history: MaturedHistory, label: Booleans, models: DelayModels
) -> tuple[float, float]:
    """A model's mean label less its mean prediction on some rows, and the standard error."""
    predicted = models.predict(name, history.features, history.age)
    return mean_of_groups(label - predicted, history.customer)


def mean_of_groups(values: Floats, groups: Integers) -> tuple[float, float]:
    """The mean of values, and its standard error where the values of one group move together.

    Infinite for a single group: nothing is known of others. Source: the linearised variance of a
    ratio, Cochran 1977.
    """
    _, place = np.unique(groups, return_inverse=True)
    mean = float(values.mean())
    sums = np.bincount(place, weights=values - mean)
    if len(sums) < 2:
        return mean, float("inf")
    inflated = np.square(sums).sum() * len(sums) / (len(sums) - 1)
    return mean, float(np.sqrt(inflated) / len(values))
