"""The lists of customers: chosen, interleaved, filled up, with their reasons, compiled."""

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Bools, Floats, Int32s
from alsobought.recommend import formulas
from alsobought.recommend.kernels.best_items import choose, last_of_full_category
from alsobought.recommend.kernels.histories import triggers_of
from alsobought.recommend.kernels.interest_groups import interest_groups
from alsobought.recommend.kernels.list_arrays import (
    BESTSELLER,
    BUY_AGAIN,
    FIRST,
    MAXIMUM,
    NO_GROUP,
    NO_STAMP,
    RELATED,
    Chosen,
    ListedRows,
    Scratch,
    Shop,
    Shopper,
    Shoppers,
    Triggers,
)
from alsobought.recommend.kernels.merged_scores import may_show, new_stamp, shopper_of

interleaving_quotient = njit(cache=True)(formulas.interleaving_quotient)


@njit(cache=True)
def chosen_for(top_k: int) -> Chosen:
    """Room for a list."""
    return Chosen(
        np.zeros(1, np.int64),
        np.empty(top_k, np.int32),
        np.empty(top_k),
        np.zeros(top_k, np.int32),
    )


@njit(cache=True)
def _append(y: int, score: float, group: int, shop: Shop, chosen: Chosen) -> bool:
    """Put an item into the last place, unless its category is full; whether it was put there."""
    if last_of_full_category(y, shop.items, shop.rules, chosen) >= 0:
        return False
    place = chosen.size[0]
    chosen.codes[place], chosen.scores[place], chosen.groups[place] = y, score, group
    chosen.size[0] = place + 1
    return True


@njit(cache=True)
def _of_group(triggers: Triggers, group_of: Int32s, group: int) -> Triggers:
    is_in = group_of == group
    return Triggers(triggers.codes[is_in], triggers.weights[is_in])


@njit(cache=True)
def _next_group(weights: Floats, places: Floats, is_open: Bools) -> tuple[int, float]:
    """The group that gets the next place, and its quotient; -1: none has an item left."""
    group, largest = -1, -1.0
    for g in range(len(weights)):
        quotient = interleaving_quotient(weights[g], places[g])
        if is_open[g] and quotient > largest:
            group, largest = g, quotient
    return group, largest


@njit(cache=True)
def _mark_listed(triggers: Triggers, shop: Shop, scratch: Scratch) -> int:
    """Mark all that the triggers list as shown; returns the stamp."""
    starts, related, _ = shop.lists
    stamp = new_stamp(scratch)
    for x in triggers.codes:
        for k in range(starts[x], starts[x + 1]):
            scratch.shown[related[k]] = stamp
    return stamp


@njit(cache=True)
def interleave(
    triggers: Triggers, group_of: Int32s, shopper: Shopper, shop: Shop, scratch: Scratch,
    chosen: Chosen,
) -> None:  # fmt: skip
    """Fill `chosen` with the best items of each group in turn, by the groups' weights.

    An item's score is the quotient by which its group got the place. What triggers of other groups
    list, and none of its own, a group leaves to those.
    """
    groups = group_of.max() + 1
    sizes, nexts = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    codes = np.empty((groups, shop.rules.top_k), np.int32)
    weights, places = np.zeros(groups), np.zeros(groups)
    listed = _mark_listed(triggers, shop, scratch)
    for g in range(groups):
        of_group = _of_group(triggers, group_of, g)
        weights[g] = of_group.weights.sum()
        best = Chosen(sizes[g : g + 1], codes[g], chosen.scores, chosen.groups)
        choose(of_group, listed, shopper, shop, scratch, best)
    stamp = new_stamp(scratch)
    chosen.size[0] = 0
    while chosen.size[0] < shop.rules.top_k:
        g, quotient = _next_group(weights, places, nexts < sizes)
        if g < 0:
            break
        y = codes[g, nexts[g]]
        nexts[g] += 1
        if scratch.shown[y] != stamp and _append(y, quotient, g, shop, chosen):
            scratch.shown[y] = stamp
            places[g] += 1.0


@njit(cache=True)
def put_first(first_codes: Int32s, shop: Shop, scratch: Scratch, chosen: Chosen) -> None:
    """Put the customer's first items, those that are available, before what is chosen.

    Their scores go down by 1 to the best of the others, or to 0 where that is below.
    """
    size, top_k = chosen.size[0], shop.rules.top_k
    codes, scores, groups = chosen.codes.copy(), chosen.scores.copy(), chosen.groups.copy()
    score = (max(0.0, scores[0]) if size > 0 else 0.0) + len(first_codes)
    stamp = new_stamp(scratch)
    chosen.size[0] = 0
    for y in first_codes:
        is_new = shop.items.is_listable[y] and scratch.shown[y] != stamp
        if is_new and chosen.size[0] < top_k and _append(y, score, FIRST, shop, chosen):
            scratch.shown[y] = stamp
            score -= 1.0
    for place in range(size):
        y = codes[place]
        if scratch.shown[y] != stamp and chosen.size[0] < top_k:
            _append(y, scores[place], groups[place], shop, chosen)


@njit(cache=True)
def fill_up(shopper: Shopper, shop: Shop, scratch: Scratch, chosen: Chosen) -> int:
    """Put the market's bestsellers into the places that are left; returns the stamp of what is
    shown. Their scores go on below the last one, and below 0."""
    stamp = new_stamp(scratch)
    for place in range(chosen.size[0]):
        scratch.shown[chosen.codes[place]] = stamp
    lowest = min(0.0, chosen.scores[chosen.size[0] - 1]) if chosen.size[0] > 0 else 0.0
    starts = shop.markets.bestseller_starts
    for k in range(starts[shopper.market], starts[shopper.market + 1]):
        if chosen.size[0] == shop.rules.top_k:
            break
        y = shop.markets.bestsellers[k]
        is_new = scratch.shown[y] != stamp and may_show(y, shopper, shop, scratch)
        if is_new and _append(y, lowest - 1.0, NO_GROUP, shop, chosen):
            scratch.shown[y] = stamp
            lowest -= 1.0
    return stamp


@njit(cache=True)
def contributions(
    triggers: Triggers, group_of: Int32s, stamp: int, shop: Shop, scratch: Scratch, chosen: Chosen
) -> tuple[Floats, Int32s]:
    """What each trigger gave to each place of the list, and whether any trigger lists its item.

    A place of a group has contributions of the group's triggers alone.
    """
    starts, related, values = shop.lists
    for place in range(chosen.size[0]):
        scratch.places[chosen.codes[place]] = place
    given = np.zeros((chosen.size[0], len(triggers.codes)))
    is_listed = np.zeros(chosen.size[0], np.int32)
    for t in range(len(triggers.codes)):
        x = triggers.codes[t]
        for k in range(starts[x], starts[x + 1]):
            if scratch.shown[related[k]] == stamp:
                place = scratch.places[related[k]]
                if group_of[t] == chosen.groups[place]:
                    given[place, t] = triggers.weights[t] * values[k]
                    is_listed[place] = 1
    return given, is_listed


@njit(cache=True)
def write_reasons(given: Floats, triggers: Triggers, shop: Shop, out: ListedRows, row: int) -> None:
    """Write the triggers that gave most to a row, those that gave something, with their shares.

    By maximum it is the one that gave the score.
    """
    at, total = out.reason_starts[row], 0.0
    for value in given:
        total += max(0.0, value)
    most = shop.rules.reasons
    if shop.rules.model == MAXIMUM and len(given) > 0:
        most, total = min(1, most), given.max()
    for _ in range(min(most, len(given))):
        t = given.argmax()
        if given[t] <= 0.0:
            break
        out.reason_codes[at], out.reason_shares[at] = triggers.codes[t], given[t] / total
        given[t] = 0.0
        at += 1
    out.reason_starts[row + 1] = at


@njit(cache=True)
def choose_list(
    triggers: Triggers,
    shopper: Shopper,
    first_codes: Int32s,
    shop: Shop,
    scratch: Scratch,
    chosen: Chosen,
) -> tuple[Int32s, int]:
    """Choose a list; returns the group of each trigger, and the stamp of what is shown."""
    group_of = np.zeros(len(triggers.codes), np.int32)
    if shop.rules.interests > 0 and len(group_of) > 0:
        group_of = interest_groups(triggers, shop.lists, shop.rules, scratch)
    if len(group_of) > 0 and group_of.max() > 0:
        interleave(triggers, group_of, shopper, shop, scratch, chosen)
    else:
        group_of[:] = 0
        choose(triggers, NO_STAMP, shopper, shop, scratch, chosen)
        chosen.groups[:] = 0
    if len(first_codes) > 0:
        put_first(first_codes, shop, scratch, chosen)
    return group_of, fill_up(shopper, shop, scratch, chosen)


@njit(cache=True)
def write_list(
    customer: int,
    shoppers: Shoppers,
    shop: Shop,
    scratch: Scratch,
    chosen: Chosen,
    out: ListedRows,
    row: int,
) -> int:
    """Write a customer's list from `row` on; returns the row after it."""
    histories, first_items = shoppers.histories, shoppers.first_items
    first, end = histories.starts[customer], histories.starts[customer + 1]
    market = shoppers.markets[customer]
    shopper = shopper_of(market, first, end, histories, shop, scratch)
    triggers = triggers_of(
        histories.codes[first:end], histories.times[first:end], shop.items, shop.rules
    )
    first_codes = first_items.codes[first_items.starts[customer] : first_items.starts[customer + 1]]
    group_of, stamp = choose_list(triggers, shopper, first_codes, shop, scratch, chosen)
    given, is_listed = contributions(triggers, group_of, stamp, shop, scratch, chosen)
    for place in range(chosen.size[0]):
        y = chosen.codes[place]
        out.customers[row], out.ranks[row], out.codes[row] = customer, place + 1, y
        out.scores[row] = chosen.scores[place]
        if chosen.groups[place] == FIRST:
            out.sources[row] = BUY_AGAIN
            write_itself(y, shop, out, row)
        else:
            is_owned = scratch.owned[y] == shopper.mark
            of_list = BUY_AGAIN if is_owned else RELATED
            out.sources[row] = of_list if is_listed[place] else BESTSELLER
            write_reasons(given[place], triggers, shop, out, row)
        row += 1
    return row


@njit(cache=True)
def write_itself(y: int, shop: Shop, out: ListedRows, row: int) -> None:
    """Write an item as its own reason."""
    at = out.reason_starts[row]
    if shop.rules.reasons > 0:
        out.reason_codes[at], out.reason_shares[at] = y, 1.0
        at += 1
    out.reason_starts[row + 1] = at


@njit(cache=True)
def write_lists(
    customers: tuple[int, int], shoppers: Shoppers, shop: Shop, scratch: Scratch, out: ListedRows
) -> int:
    """Write the lists of the customers [first, end); returns the rows written.

    A customer of no market has none.
    Cost: for each customer twice the lengths of the triggers' lists.
    """
    chosen, row = chosen_for(shop.rules.top_k), 0
    out.reason_starts[0] = 0
    for customer in range(customers[0], customers[1]):
        if shoppers.markets[customer] >= 0:
            row = write_list(customer, shoppers, shop, scratch, chosen, out, row)
    return row
