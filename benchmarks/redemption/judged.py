"""How good predictions are, and how sure that is: metrics under a bootstrap over customers."""

from dataclasses import dataclass

import numpy as np

from alsobought.learn.arrays import Booleans, Floats, Integers

BINS = 10
METRICS = ("log_loss", "auc", "pr_auc", "ratio", "ece")


@dataclass(frozen=True)
class Value:
    """A measured value, and the bounds between which 95 % of the draws are."""

    value: float
    lower: float
    upper: float


def draws(customers: int, count: int, random: np.random.Generator) -> Floats:
    """How often each customer is drawn: (1 + count, customers); once each in row 0, the sample."""
    chosen = random.multinomial(customers, np.full(customers, 1 / customers), size=count)
    return np.vstack([np.ones(customers), chosen]).astype(np.float64)


def metrics(p: Floats, label: Booleans, weight: Floats) -> dict[str, Floats]:
    """Each of METRICS, and the means of p and label, for every row of `weight` (draws, n).

    auc: ties count half. pr_auc: average precision. ratio: mean p / mean label. ece: the mean
    distance between p and label over ten bins of as many offers, weighted by these.
    """
    order = np.argsort(-p, kind="stable")
    p, label, weight = p[order], label[order], weight[:, order]
    total = weight.sum(axis=1)
    surprise = -np.log(np.where(label, p, 1 - p))
    of_p, of_label = weight @ p / total, weight @ label / total
    ties = np.flatnonzero(np.r_[True, p[1:] != p[:-1]])
    every = np.add.reduceat(weight, ties, axis=1)
    positive = np.add.reduceat(weight * label, ties, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "log_loss": weight @ surprise / total,
            "auc": _auc(positive, every - positive),
            "pr_auc": _average_precision(positive, every),
            "ratio": of_p / of_label,
            "ece": _calibration_error(p, label, weight),
            "mean_p": of_p,
            "mean_label": of_label,
        }


def over_days(days: list[dict[str, Floats]]) -> dict[str, Floats]:
    """The mean of each metric over the days (of those that have it); ratio: of the mean p."""
    mean = {name: np.nanmean([day[name] for day in days], axis=0) for name in days[0]}
    mean["ratio"] = mean["mean_p"] / mean["mean_label"]
    return mean


def with_bounds(drawn: Floats) -> Value:
    """The value of the sample, and the 2.5 % and 97.5 % points of the draws."""
    lower, upper = np.nanpercentile(drawn[1:], [2.5, 97.5])
    return Value(float(drawn[0]), float(lower), float(upper))


def _auc(positive: Floats, negative: Floats) -> Floats:
    """How often a redeemed offer is before one that is not: columns are ties, best first."""
    before = np.cumsum(positive, axis=1) - positive / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    auc: Floats = (before * negative).sum(axis=1) / pairs
    return auc


def _average_precision(positive: Floats, every: Floats) -> Floats:
    """The mean over redeemed offers of the precision down to each."""
    redeemed, seen = np.cumsum(positive, axis=1), np.cumsum(every, axis=1)
    precision = np.divide(redeemed, seen, out=np.zeros_like(redeemed), where=seen > 0)
    mean: Floats = (precision * positive).sum(axis=1) / positive.sum(axis=1)
    return mean


def _calibration_error(p: Floats, label: Booleans, weight: Floats) -> Floats:
    """Expected calibration error; p is sorted."""
    starts: Integers = np.unique(np.linspace(0, len(p), BINS, endpoint=False).astype(np.int64))
    apart = np.abs(np.add.reduceat(weight * (p - label), starts, axis=1))
    error: Floats = apart.sum(axis=1) / weight.sum(axis=1)
    return error
