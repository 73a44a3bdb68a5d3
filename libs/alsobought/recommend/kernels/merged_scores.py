"""The scores of all items that a customer's triggers list, compiled."""

import math

import numpy as np
from numba import njit

from alsobought.recommend import formulas
from alsobought.recommend.kernels.list_arrays import (
    CALIBRATED,
    MAXIMUM,
    Histories,
    Scratch,
    Shop,
    Shopper,
    Triggers,
)

log_chance = njit(cache=True)(formulas.log_chance)
log_preference = njit(cache=True)(formulas.log_preference)


@njit(cache=True)
def new_stamp(scratch: Scratch) -> int:
    """A stamp that no item has."""
    scratch.stamp[0] += 1
    return int(scratch.stamp[0])


@njit(cache=True)
def scratch_for(items: int, groups: int) -> Scratch:
    """Room for a shop of so many items, and groups of all tastes: 52 bytes an item."""
    return Scratch(
        np.zeros(1, np.int64),
        np.zeros(items, np.int64),
        np.empty(items),
        np.empty(items, np.int32),
        np.zeros(items, np.int64),
        np.zeros(items, np.int64),
        np.empty(items, np.int32),
        np.zeros(groups, np.int64),
        np.empty(groups),
    )


@njit(cache=True)
def merge(triggers: Triggers, shop: Shop, stamp: int, scratch: Scratch) -> int:
    """Merge the triggers' lists into scratch.scores; returns how many items scratch.met has.

    An item's score is the sum of weight times value over the triggers that list it, or their
    maximum.
    """
    starts, related, values = shop.lists
    takes_largest = shop.rules.model == MAXIMUM
    stamps, scores, met = scratch.stamps, scratch.scores, scratch.met
    count = 0
    for t in range(len(triggers.codes)):
        x, weight = triggers.codes[t], triggers.weights[t]
        for k in range(starts[x], starts[x + 1]):
            y, value = related[k], weight * values[k]
            if stamps[y] != stamp:
                stamps[y], scores[y], met[count] = stamp, value, y
                count += 1
            elif takes_largest:
                scores[y] = max(scores[y], value)
            else:
                scores[y] += value
    return count


@njit(cache=True)
def _count_tastes(y: int, mark: int, shop: Shop, scratch: Scratch) -> None:
    """Count an item in its group of each taste."""
    for t in range(len(shop.markets.taste_weights)):
        group = shop.items.tastes[y, t]
        if group >= 0:
            if scratch.taste_marks[group] != mark:
                scratch.taste_marks[group], scratch.taste_items[group] = mark, 0.0
            scratch.taste_items[group] += 1.0


@njit(cache=True)
def shopper_of(
    market: int, first: int, end: int, histories: Histories, shop: Shop, scratch: Scratch
) -> Shopper:
    """What counts of the customer whose items are rows first to end; marks what is owned."""
    mark, items, lines = new_stamp(scratch), float(end - first), 0.0
    for k in range(first, end):
        y = histories.codes[k]
        scratch.owned[y] = mark
        lines += histories.lines[k]
        _count_tastes(y, mark, shop, scratch)
    most_taste = 0.0
    for t in range(len(shop.markets.taste_weights)):
        most = 0.0
        for k in range(first, end):
            group = shop.items.tastes[histories.codes[k], t]
            most = max(most, _log_preference(group, items, mark, shop, scratch))
        most_taste += shop.markets.taste_weights[t] * most
    purchases = lines if shop.rules.counts_lines else items
    return Shopper(market, max(1.0, purchases), histories.codes[first:end], mark, most_taste)


@njit(cache=True)
def _log_preference(group: int, items: float, mark: int, shop: Shop, scratch: Scratch) -> float:
    """The log of the preference for a group; 0 for none."""
    if group < 0:
        return 0.0
    bought = scratch.taste_items[group] if scratch.taste_marks[group] == mark else 0.0
    return float(log_preference(bought, items, shop.markets.taste_shares[group]))


@njit(cache=True)
def _taste(y: int, shopper: Shopper, shop: Shop, scratch: Scratch) -> float:
    """What the customer's tastes add to the log of an item's score."""
    taste, items = 0.0, float(len(shopper.owned))
    for t in range(len(shop.markets.taste_weights)):
        group = shop.items.tastes[y, t]
        preference = _log_preference(group, items, shopper.mark, shop, scratch)
        taste += shop.markets.taste_weights[t] * preference
    return taste


@njit(cache=True)
def may_show(y: int, shopper: Shopper, shop: Shop, scratch: Scratch) -> bool:
    """Whether an item may be in the customer's list: available, and not owned for good."""
    may_come_again = scratch.owned[y] != shopper.mark or shop.items.is_repeated[y]
    return bool(shop.items.is_listable[y] and may_come_again)


@njit(cache=True)
def score_of(y: int, merged: float, shopper: Shopper, shop: Shop, scratch: Scratch) -> float:
    """An item's score from what its triggers give, with the customer's tastes.

    calibrated: `merged` is the mean log lift, to which the logs of the chance, of the trial rate
    and of the tastes are added; what is owned cannot be tried, its chance has the whole weight.
    Else `merged` is multiplied by the tastes.
    """
    taste = _taste(y, shopper, shop, scratch)
    if shop.rules.model == CALIBRATED:
        chance = log_chance(shop.items.log_misses[y], shopper.purchases)
        if scratch.owned[y] != shopper.mark:
            chance = shop.rules.chance_weight * chance + shop.items.trials[y]
        return float(chance + shop.rules.lift_weight * merged + taste)
    return float(merged * math.exp(taste)) if taste != 0.0 else merged
