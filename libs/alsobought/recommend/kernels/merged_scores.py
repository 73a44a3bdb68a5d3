"""The scores of all items that a customer's triggers list, compiled."""

import math

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Int32s
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
brand_preference = njit(cache=True)(formulas.brand_preference)


@njit(cache=True)
def new_stamp(scratch: Scratch) -> int:
    """A stamp that no item has."""
    scratch.stamp[0] += 1
    return int(scratch.stamp[0])


@njit(cache=True)
def scratch_for(items: int, brands: int) -> Scratch:
    """Room for a shop of so many items and brands: 52 bytes an item."""
    return Scratch(
        np.zeros(1, np.int64),
        np.zeros(items, np.int64),
        np.empty(items),
        np.empty(items, np.int32),
        np.zeros(items, np.int64),
        np.zeros(items, np.int64),
        np.empty(items, np.int32),
        np.zeros(brands, np.int64),
        np.empty(brands),
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
def shopper_of(
    market: int, first: int, end: int, histories: Histories, shop: Shop, scratch: Scratch
) -> Shopper:
    """What counts of the customer whose items are rows first to end; marks what is owned."""
    mark = new_stamp(scratch)
    brands, marks, brand_lines = shop.items.brands, scratch.brand_marks, scratch.brand_lines
    lines = 0.0
    for k in range(first, end):
        y = histories.codes[k]
        scratch.owned[y] = mark
        lines += histories.lines[k]
        if brands[y] >= 0:
            if marks[brands[y]] != mark:
                marks[brands[y]], brand_lines[brands[y]] = mark, 0.0
            brand_lines[brands[y]] += histories.lines[k]
    purchases = lines if shop.rules.counts_lines else float(end - first)
    preference = _largest_preference(histories.codes[first:end], lines, shop, scratch)
    return Shopper(market, max(1.0, purchases), lines, mark, preference)


@njit(cache=True)
def _largest_preference(codes: Int32s, lines: float, shop: Shop, scratch: Scratch) -> float:
    """The largest preference for a brand of these items, at least 1."""
    largest = 1.0
    if shop.rules.brand_weight > 0.0:
        for code in codes:
            brand = shop.items.brands[code]
            if brand >= 0:
                share = shop.markets.brand_shares[brand]
                bought = scratch.brand_lines[brand]
                largest = max(largest, brand_preference(bought, lines, share))
    return largest


@njit(cache=True)
def _preference(y: int, shopper: Shopper, shop: Shop, scratch: Scratch) -> float:
    brand = shop.items.brands[y]
    if brand < 0:
        return 1.0
    bought = scratch.brand_lines[brand] if scratch.brand_marks[brand] == shopper.mark else 0.0
    share = shop.markets.brand_shares[brand]
    return float(brand_preference(bought, shopper.lines, share))


@njit(cache=True)
def may_show(y: int, shopper: Shopper, shop: Shop, scratch: Scratch) -> bool:
    """Whether an item may be in the customer's list: available, and not owned for good."""
    may_come_again = scratch.owned[y] != shopper.mark or shop.items.is_repeated[y]
    return bool(shop.items.is_listable[y] and may_come_again)


@njit(cache=True)
def score_of(y: int, merged: float, shopper: Shopper, shop: Shop, scratch: Scratch) -> float:
    """An item's score from what its triggers give, with the preference for its brand.

    calibrated: `merged` is the mean log lift; ln P(u, Y) is added, and weight * ln(preference).
    Else `merged` is multiplied by preference ** weight.
    """
    rules = shop.rules
    is_log = rules.model == CALIBRATED
    if is_log:
        merged += log_chance(shop.items.log_misses[y], shopper.purchases)
    if rules.brand_weight == 0.0:
        return merged
    preference = _preference(y, shopper, shop, scratch)
    if is_log:
        return float(merged + rules.brand_weight * math.log(preference))
    return float(merged * preference**rules.brand_weight)
