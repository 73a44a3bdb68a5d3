"""Every model by name: what is judged on new items, and what on all."""

from collections.abc import Iterator

import numpy as np

from benchmarks.merging import buy_again, merges, peers
from benchmarks.merging.cut_off import TRUTH_DAYS, CutOff

Scores = Iterator[tuple[str, np.ndarray]]

LIFT_WEIGHT = 7.0
AFFINITIES = {"department": 0.3, "type": 0.25, "maker": 0.12, "brand": 0.7}
OWN_CHANCE_WEIGHTS = (0.4, 0.2, 0.25)
"""Of ln P_Y and the log trial rates of 14 and 56 days. All weights were fitted at days 244 and 258
(conditional logit), before every cut-off that is judged here, and rounded."""
HALF_LIFE_DAYS = 90.0
FLOOR = 0.02
SUM_WEIGHT = 0.2
MERGED = "+ trial rate + affinities, all pairs"
SIMPLE = "a simpler merge: halves, weight 10, type, brand, lists of 50"
SUMMED = "+ trial rate + affinities, ln of the sum of excess for ln P"


def of_peers(cut: CutOff) -> Scores:
    """Models that know nothing of the project, on new items and on all."""
    yield "popularity, all history", peers.popularity(cut)
    yield "popularity, last 14 days", peers.popularity(cut, 14)
    yield "popularity, last 56 days", peers.popularity(cut, 56)
    yield "implicit cosine, K = 50", peers.implicit_cosine(cut)
    yield "implicit ALS, 64 factors, defaults", peers.implicit_als(cut, 64, 0.01, 1.0)
    yield "implicit ALS, 64 factors, tuned", peers.implicit_als(cut, 64, 50.0, 5.0)
    yield "EASE, penalty 300", peers.ease(cut, 300.0)


def of_merges(cut: CutOff, als: np.ndarray) -> Scores:
    """Ways to merge related items, from sums to everything that helps; for new items."""
    pairs = merges.CoPurchases(cut)
    owned = cut.owned.astype(np.float32)
    for metric in ("pearson_residual", "cosine", "excess"):
        listed = np.where(pairs.listed(metric, 50), pairs.score(metric), np.float32(0))
        summed = owned @ listed
        yield f"sum of {metric}, lists of 50", summed
    own, log_lift, triggers = merges.log_own_chance(cut), pairs.log_lift(), newest_items(cut)
    best, many = pairs.listed("excess", 50), pairs.listed("excess", 200)
    lift = {
        "lists of 50": merges.mean_by(triggers, log_lift * best),
        "lists of 200": merges.mean_by(triggers, log_lift * many),
        "all pairs": merges.mean_by(triggers, log_lift),
    }
    yield "calibrated, weight 1, all pairs", own + lift["all pairs"]
    for pairs_used, mean in lift.items():
        yield f"calibrated, weight 10, {pairs_used}", own + 10 * mean
    recent, usual = log_chance(cut), np.log(np.maximum(summed, 0.0) + 1.0)
    taste = {kind: weight * merges.affinity(cut, kind) for kind, weight in AFFINITIES.items()}
    tastes = sum(taste.values())
    for pairs_used, mean in lift.items():
        if pairs_used == "all pairs":
            yield "+ trial rate, all pairs", recent + LIFT_WEIGHT * mean
            yield "+ trial rate + type, all pairs", recent + LIFT_WEIGHT * mean + taste["type"]
        yield f"+ trial rate + affinities, {pairs_used}", recent + LIFT_WEIGHT * mean + tastes
    yield "trial rate + affinities, no related items", recent + tastes
    halves = 0.5 * own + 0.5 * merges.log_trial_rate(cut, 56) + 10 * lift["lists of 50"]
    yield SIMPLE, halves + taste["type"] + taste["brand"]
    trials = recent - OWN_CHANCE_WEIGHTS[0] * np.log(cut.share)
    both = trials + SUM_WEIGHT * usual + 0.5 * LIFT_WEIGHT * lift["all pairs"] + tastes
    yield SUMMED, both
    factors = np.log(np.maximum(als, 0.0) + FLOOR)
    yield MERGED + " + ALS", recent + LIFT_WEIGHT * lift["all pairs"] + tastes + factors
    yield SUMMED + " + ALS", both + factors


def newest_items(cut: CutOff) -> np.ndarray:
    """Each customer's triggers."""
    return merges.newest(cut, merges.TRIGGERS)


def log_chance(cut: CutOff) -> np.ndarray:
    """The log of the chance that a customer tries the item, whoever it is."""
    days = (merges.log_trial_rate(cut, days) for days in merges.TRIAL_DAYS)
    parts = (np.log(cut.share), *days)
    chance: np.ndarray = sum(w * part for w, part in zip(OWN_CHANCE_WEIGHTS, parts, strict=True))
    return chance


def of_buyers(cut: CutOff, new: np.ndarray) -> Scores:
    """Models of what is bought again, and the union with the best items not bought yet."""

    def listed(values: np.ndarray) -> np.ndarray:
        return cut.spread(values.astype(np.float64), -np.inf)

    repeat = buy_again.repeat_probability(cut)
    yield "what the customer bought most", listed(cut.pairs["times"].to_numpy())
    yield "share of the item's buyers who repeat", listed(repeat)
    weighed = repeat * buy_again.weighed_days(cut, 60.0)
    yield "  times days of purchase, half-life 60", listed(weighed)
    yield "PG, published (first purchase counts)", listed(buy_again.poisson_gamma(cut, True))
    yield "PG, later purchases count", listed(buy_again.poisson_gamma(cut, False))
    yield "MPG", listed(buy_again.modified_poisson_gamma(cut))
    rate = buy_again.decayed_rate(cut, HALF_LIFE_DAYS)
    yield "PG, half-life 90", listed(rate)
    for least in (0.0, 0.25):
        score = buy_again.faded_pg(cut, HALF_LIFE_DAYS, least)
        yield f"buy_again's pg, half-life 90, items repeated by {least:.0%}", listed(score)
    again = cut.spread(-np.expm1(-TRUTH_DAYS * rate), 0.0)
    usual = np.exp(merges.log_trial_rate(cut, 56)) * TRUTH_DAYS / 56
    chance = np.minimum(usual * np.exp(new - log_chance(cut)), 1.0)
    yield "union: PG, half-life 90, and new items", np.where(cut.owned, again, chance)
