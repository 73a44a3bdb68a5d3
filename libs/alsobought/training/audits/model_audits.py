"""Audits on matured history: do the weights bring back the final states, do the models drift?"""

from collections.abc import Iterator

import numpy as np

from alsobought.learn.arrays import Booleans, Floats, Integers
from alsobought.training.audits.measurement import Measured, bucket_name, buckets
from alsobought.training.offers.delay_models import JUDGES, PARTS, PROBABILITIES, History, Models
from alsobought.training.offers.matured_history import Replays, chosen
from alsobought.training.offers.settings import Terms
from alsobought.training.offers.weight_methods import METHODS, Visible

SNAPSHOTS = ("fsiw", "snapshot_with_engagement")
"""The methods whose weights are p(state) / q(state | age), one copy an offer."""


def sum_q_w(
    history: History, models: Models, methods: list[str], terms: Terms, bounds: tuple[float, float]
) -> Iterator[Measured]:
    """Per snapshot method and age bucket the mean weight of customers held out from training.

    It is the sum over states of q(state | age) w(state | age), and q w = p sums to 1. `bounds` are
    (tolerance, standard errors): the value may be off by the first and so many of the second, of
    customers, for the rows of one customer are alike.
    """
    held_out = chosen(history, history.customer % PARTS == JUDGES)
    visible = Visible(
        held_out.age,
        np.where(held_out.engaged, held_out.engaged_after, np.nan),
        np.where(held_out.redeemed, held_out.redeemed_after, np.nan),
    )
    edges = buckets(int(terms.attribution_days))
    bucket = np.searchsorted(edges[1:], held_out.age, side="right")
    for method in (each for each in SNAPSHOTS if each in methods):
        p = {
            name: models.predict(name, held_out.features, held_out.age)
            for name in METHODS[method].needs
        }
        weight = METHODS[method].emit(visible, p, terms).weight
        for index in np.unique(bucket):
            mine = bucket == index
            mean, error = mean_of_groups(weight[mine], held_out.customer[mine])
            allowed = bounds[0] + bounds[1] * error
            yield Measured(
                "sum_q_w",
                method,
                bucket_name(edges, int(index)),
                int(mine.sum()),
                mean,
                1 - allowed,
                1 + allowed,
                "mean weight of matured offers of customers held out, as seen at this age; 1 means "
                "that the weights bring back the final states",
            )


def drift(
    replays: Replays, models: Models, terms: Terms, newest: float, bounds: tuple[float, float]
) -> Iterator[Measured]:
    """Per model its mean label less its mean prediction, on the newest matured offers and others.

    `newest` is the share of the replays that counts as new, by issue; `bounds` as in `sum_q_w`.
    """
    history = replays.history
    edge = np.quantile(replays.issued, 1 - newest)
    ages = {"the newest": replays.issued >= edge, "the older": replays.issued < edge}
    for name in models.classifiers:
        spec = PROBABILITIES[name]
        asked = spec.rows(history, terms.observation_days)
        label = spec.label(history, terms.observation_days)
        for which, when in ages.items():
            mine = asked & when
            if mine.any():
                yield _drifted(name, which, history, models, (mine, label[mine]), bounds)


def _drifted(  # noqa: PLR0913
    name: str,
    which: str,
    history: History,
    models: Models,
    labelled: tuple[Booleans, Booleans],
    bounds: tuple[float, float],
) -> Measured:
    """One model on some rows of history, which have these labels."""
    mine, label = labelled
    predicted = models.predict(name, history.features[mine], history.age[mine])
    gap, error = mean_of_groups(label - predicted, history.customer[mine])
    allowed = bounds[0] + bounds[1] * error
    return Measured(
        "drift",
        "all",
        f"{name}, {which}",
        int(mine.sum()),
        gap,
        -allowed,
        allowed,
        f"mean label less mean prediction of {PROBABILITIES[name].meaning} on {which} "
        "matured offers; far from 0 means that the model no longer fits them",
    )


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
