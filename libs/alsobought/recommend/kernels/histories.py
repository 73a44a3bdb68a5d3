"""What each customer has bought, newest first, compiled."""

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.compiled.hashing import hash_pair
from alsobought.recommend import formulas
from alsobought.recommend.kernels.list_arrays import (
    CustomerLines,
    GroupedLines,
    Histories,
    ItemFacts,
    ListRules,
    Triggers,
)

DAY_SECONDS = 86_400.0
LATEST = np.int64(2**31 - 1)
CODE_BITS = np.int64(2**32 - 1)
recency = njit(cache=True)(formulas.recency)


@njit(cache=True)
def _numbered_pairs(lines: CustomerLines) -> tuple[Int32s, Int32s]:
    """Each line's customer and item as one number, -1: no product; and the first line of each."""
    size = 16
    while size < 2 * len(lines.codes):
        size *= 2
    slots, mask = np.full(size, -1, np.int32), np.int64(size - 1)
    numbers, firsts = np.full(len(lines.codes), -1, np.int32), np.empty(len(lines.codes), np.int32)
    count = 0
    for i in range(len(lines.codes)):
        customer, code = lines.customers[i], lines.codes[i]
        if code < 0:
            continue
        slot = hash_pair(customer, np.int64(code)) & mask
        while slots[slot] >= 0:
            first = firsts[slots[slot]]
            if lines.customers[first] == customer and lines.codes[first] == code:
                break
            slot = (slot + 1) & mask
        if slots[slot] < 0:
            slots[slot], firsts[count] = count, i
            count += 1
        numbers[i] = slots[slot]
    return numbers, firsts[:count]


@njit(cache=True)
def combine_lines(lines: CustomerLines) -> CustomerLines:
    """The lines of products, two at most of a customer and item: the newest, which stands for all
    but one, and the oldest.

    Cost: 24 bytes a line more at most, while it works.
    """
    numbers, firsts = _numbered_pairs(lines)
    newest, oldest = lines.times[firsts], lines.times[firsts]
    totals = np.zeros(len(firsts), np.int32)
    for i in range(len(numbers)):
        pair = numbers[i]
        if pair >= 0:
            newest[pair] = max(newest[pair], lines.times[i])
            oldest[pair] = min(oldest[pair], lines.times[i])
            totals[pair] += lines.counts[i] if len(lines.counts) > 0 else 1
    several = np.flatnonzero(totals > 1)
    totals[several] -= 1
    rows = np.concatenate((firsts, firsts[several]))
    return CustomerLines(
        lines.customers[rows],
        lines.codes[rows],
        np.concatenate((newest, oldest[several])),
        np.concatenate((totals, np.ones(len(several), np.int32))),
    )


@njit(cache=True)
def _newest_first(lines: GroupedLines, customer: int, keys: Int64s) -> int:
    """Fill `keys` with a customer's lines of products, newest first, then by code."""
    count = 0
    for k in range(lines.starts[customer], lines.starts[customer + 1]):
        row = lines.order[k]
        if lines.codes[row] >= 0:
            keys[count] = ((LATEST - np.int64(lines.times[row])) << 32) | np.int64(lines.codes[row])
            count += 1
    keys[:count].sort()
    return count


@njit(cache=True)
def _add_items(keys: Int64s, at: int, places: Int64s, out: Histories) -> int:
    """Write the distinct items of sorted keys from row `at` on; returns the row after them.

    `places` has for each item the last row that it was written to, or -1.
    """
    first = at
    for key in keys:
        code = np.int32(key & CODE_BITS)
        time = np.int32(LATEST - (key >> 32))
        if places[code] < first:
            places[code] = at
            out.codes[at], out.times[at], out.lines[at] = code, time, 0
            at += 1
        out.firsts[places[code]] = time
    return at


@njit(cache=True)
def _count_lines(lines: GroupedLines, customer: int, places: Int64s, out: Histories) -> None:
    """Count the customer's lines of each item, at the item's row."""
    for k in range(lines.starts[customer], lines.starts[customer + 1]):
        row = lines.order[k]
        if lines.codes[row] >= 0:
            count = lines.counts[row] if len(lines.counts) > 0 else 1
            out.lines[places[lines.codes[row]]] += count


@njit(cache=True)
def histories_of(lines: GroupedLines, items: int) -> Histories:
    """The distinct items of each customer; those of one time are in the order of their codes.

    Cost: 16 bytes a line, 8 an item of the shop, 8 a line of the customer with most of them.
    """
    customers = len(lines.starts) - 1
    longest = 0
    for u in range(customers):
        longest = max(longest, lines.starts[u + 1] - lines.starts[u])
    keys, places = np.empty(longest, np.int64), np.full(items, -1, np.int64)
    rows = len(lines.order)
    out = Histories(
        np.zeros(customers + 1, np.int64),
        np.empty(rows, np.int32),
        np.empty(rows, np.int32),
        np.empty(rows, np.int32),
        np.empty(rows, np.int32),
    )
    at = 0
    for u in range(customers):
        at = _add_items(keys[: _newest_first(lines, u, keys)], at, places, out)
        _count_lines(lines, u, places, out)
        out.starts[u + 1] = at
    return out


@njit(cache=True)
def count_trials(
    markets: Int32s, histories: Histories, since: Int64s, out: tuple[Int64s, ...]
) -> None:
    """Add to the three arrays of `out` each market's customers, each item's buyers, and for each
    second s of `since` those of them who bought it first then or later, s after s."""
    customers, buyers, trials = out
    for u in range(len(markets)):
        if markets[u] >= 0:
            customers[markets[u]] += 1
    for k in range(histories.starts[-1]):
        code = histories.codes[k]
        buyers[code] += 1
        for s in range(len(since)):
            trials[s * len(buyers) + code] += histories.firsts[k] >= since[s]


@njit(cache=True)
def triggers_of(codes: Int32s, times: Int32s, facts: ItemFacts, rules: ListRules) -> Triggers:
    """A customer's newest items with their weights: recency times that of the item."""
    count = min(len(codes), rules.triggers)
    weights = np.empty(count)
    for t in range(count):
        age_days = (rules.window_seconds - times[t]) / DAY_SECONDS
        weights[t] = recency(age_days, rules.half_life_days) * facts.weights[codes[t]]
    return Triggers(codes[:count], weights)
