"""The best items of a customer within the limits of a list, compiled."""

import math

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Floats, Int32s
from alsobought.recommend.kernels.list_arrays import (
    CALIBRATED,
    Chosen,
    ItemFacts,
    ListRules,
    Scratch,
    Shop,
    Shopper,
    Triggers,
)
from alsobought.recommend.kernels.merged_scores import merge, new_stamp, score_of

ROUNDING = 1e-9  # of a score that is added up in another order


@njit(cache=True)
def _is_better(score_a: float, code_a: int, score_b: float, code_b: int) -> bool:
    return score_a > score_b or (score_a == score_b and code_a < code_b)


@njit(cache=True)
def last_of_full_category(y: int, items: ItemFacts, rules: ListRules, chosen: Chosen) -> int:
    """The last place of the item's category where that has all it may have; else -1."""
    category = items.categories[y]
    if rules.per_category == 0 or category < 0:
        return -1
    count, last = 0, -1
    for place in range(chosen.size[0]):
        if items.categories[chosen.codes[place]] == category:
            count, last = count + 1, place
    return last if count >= rules.per_category else -1


@njit(cache=True)
def insert(y: int, score: float, items: ItemFacts, rules: ListRules, chosen: Chosen) -> None:
    """Keep the item where it is among the best that fit together.

    So one by one the same items are kept as by going over all from the best on and leaving out
    those whose category is full: what fits together is a matroid (Edmonds 1971). Equal scores are
    in the order of their codes.
    """
    size, codes, scores = chosen.size[0], chosen.codes, chosen.scores
    is_full = size == rules.top_k
    if is_full and not _is_better(score, y, scores[size - 1], codes[size - 1]):
        return
    gap = last_of_full_category(y, items, rules, chosen)
    if gap >= 0 and not _is_better(score, y, scores[gap], codes[gap]):
        return
    if gap < 0:
        gap = size - 1 if is_full else size
        chosen.size[0] = gap + 1
    while gap > 0 and _is_better(score, y, scores[gap - 1], codes[gap - 1]):
        scores[gap], codes[gap] = scores[gap - 1], codes[gap - 1]
        gap -= 1
    scores[gap], codes[gap] = score, y


@njit(cache=True)
def choose(
    triggers: Triggers,
    listed: int,
    shopper: Shopper,
    shop: Shop,
    scratch: Scratch,
    chosen: Chosen,
) -> None:
    """Fill `chosen` with the best items that the triggers list: those of a score above 0.

    By calibrated, whose scores are logs, with the best of those that somebody has bought and that
    either these triggers list or none: items shown with the stamp `listed` are other triggers'. A
    call costs more than a look at an item, so most are left out before: those that no taste could
    bring into the list.
    """
    chosen.size[0] = 0
    stamp = new_stamp(scratch)
    count = merge(triggers, shop, stamp, scratch)
    is_log, top_k = shop.rules.model == CALIBRATED, shop.rules.top_k
    if is_log:
        _make_log_lifts(triggers.weights, scratch.met[:count], scratch)
    met, merged, bounds = scratch.met, scratch.scores, shop.items.bounds
    listable, repeated, owned = shop.items.is_listable, shop.items.is_repeated, scratch.owned
    most = _most_unlisted(shopper, shop.rules)
    factor, lift_weight = math.exp(shopper.most_taste), shop.rules.lift_weight
    for i in range(count):
        y = met[i]
        at_most = bounds[y] + lift_weight * merged[y] + most if is_log else merged[y] * factor
        is_scored = bounds[y] > -np.inf if is_log else merged[y] > 0.0
        is_owned = owned[y] == shopper.mark
        if not is_scored or not listable[y] or (is_owned and not repeated[y]):
            continue
        if chosen.size[0] == top_k and not (is_log and is_owned):  # `bounds` are of the others
            worst = chosen.scores[top_k - 1]
            if at_most < worst - ROUNDING * abs(worst):
                continue
        score = score_of(y, merged[y], shopper, shop, scratch)
        insert(y, score, shop.items, shop.rules, chosen)
    if is_log:
        _choose_owned((stamp, listed), shopper, shop, scratch, chosen)
        _choose_popular((stamp, listed), shopper, shop, scratch, chosen)


@njit(cache=True)
def _make_log_lifts(weights: Floats, met: Int32s, scratch: Scratch) -> None:
    """Divide the sums of weighted log lifts by the sum of the weights."""
    weight = weights.sum()
    for y in met:
        scratch.scores[y] = scratch.scores[y] / weight if weight > 0.0 else 0.0


@njit(cache=True)
def _most_unlisted(shopper: Shopper, rules: ListRules) -> float:
    """The most that is added to an item's bound: the chance of |c| purchases is at most |c| times
    that of one."""
    return float(rules.chance_weight * math.log(shopper.purchases) + shopper.most_taste)


@njit(cache=True)
def _is_listed(y: int, stamps: tuple[int, int], scratch: Scratch) -> bool:
    """Whether a trigger lists an item, of those that are merged or of the others."""
    return bool(scratch.stamps[y] == stamps[0] or scratch.shown[y] == stamps[1])


@njit(cache=True)
def _choose_owned(
    stamps: tuple[int, int], shopper: Shopper, shop: Shop, scratch: Scratch, chosen: Chosen
) -> None:
    """Insert what the customer may buy again and that no trigger lists."""
    for y in shopper.owned:
        is_shown = shop.items.is_repeated[y] and shop.items.is_listable[y]
        if is_shown and shop.items.bounds[y] > -np.inf and not _is_listed(y, stamps, scratch):
            score = score_of(y, 0.0, shopper, shop, scratch)
            insert(y, score, shop.items, shop.rules, chosen)


@njit(cache=True)
def _choose_popular(
    stamps: tuple[int, int], shopper: Shopper, shop: Shop, scratch: Scratch, chosen: Chosen
) -> None:
    """Insert what is bought most and that neither the customer owns nor a trigger lists: the mean
    of its log lifts is 0.

    From one to the next the bound falls, so that after the first which no taste would bring into
    the list none can come.
    """
    bounds, top_k = shop.items.bounds, shop.rules.top_k
    popular, starts = shop.markets.popular, shop.markets.popular_starts
    most = _most_unlisted(shopper, shop.rules)
    for k in range(starts[shopper.market], starts[shopper.market + 1]):
        y = popular[k]
        if scratch.owned[y] == shopper.mark or _is_listed(y, stamps, scratch):
            continue
        if chosen.size[0] == top_k:
            worst = chosen.scores[top_k - 1]
            if bounds[y] + most < worst - ROUNDING * abs(worst):
                break
        score = score_of(y, 0.0, shopper, shop, scratch)
        insert(y, score, shop.items, shop.rules, chosen)
