"""Counting the pairs of one item at a time over flat baskets, compiled."""

from typing import Any

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.copurchase import formulas
from alsobought.copurchase.engine.kernels.best_candidates import write_best
from alsobought.copurchase.engine.kernels.named_arrays import (
    Activities,
    Baskets,
    BlockBaskets,
    Candidates,
    Histogram,
    Holdings,
    ItemFacts,
    Lags,
    OtherCounts,
    PairRows,
    Selection,
    Tally,
)

FULL = np.int64(2**31 - 2)  # a tally starts anew before its base would leave 32 bits

_activity_beside: Any = njit(formulas.activity_beside)


@njit(cache=True)
def find_holdings(baskets: BlockBaskets, block_of: Int32s, block: int) -> Holdings:
    """Where a block's items lie in the baskets that were copied to it."""
    bounds, codes = baskets.bounds, baskets.codes
    counts = np.zeros(len(block_of), np.int64)
    for k in range(len(codes)):
        counts[codes[k]] += block_of[codes[k]] == block
    items = np.flatnonzero(counts).astype(np.int32)
    starts = np.zeros(len(items) + 1, np.int64)
    nexts = counts  # from here on: where the next entry of an item goes
    for i in range(len(items)):
        starts[i + 1] = starts[i] + counts[items[i]]
        nexts[items[i]] = starts[i]
    in_baskets = np.empty(starts[-1], np.int32)
    has_positions = len(baskets.times) > 0 or len(baskets.lines) > 0
    positions = np.empty(starts[-1] if has_positions else 0, np.int64)
    for b in range(len(bounds) - 1):
        for k in range(bounds[b], bounds[b + 1]):
            if block_of[codes[k]] == block:
                at = nexts[codes[k]]
                in_baskets[at] = b
                if has_positions:
                    positions[at] = k
                nexts[codes[k]] = at + 1
    return Holdings(items, starts, positions, in_baskets)


@njit(cache=True)
def _count_together(
    x: int,
    positions: Int64s,
    in_baskets: Int32s,
    baskets: BlockBaskets,
    tally: Tally,
    others: Int64s,
) -> int:
    """Tally how many of X's baskets hold each other item; fill `others` with |c| of each basket.

    |c| is the lines of a basket that are not X's. Returns how many items `tally.met` lists; X
    itself is not among them.
    """
    totals, bounds, codes, _, lines = baskets
    has_lines = len(lines) > 0
    counts, met = tally.counts, tally.met
    base = tally.base[0]
    n_met = 0
    for i in range(len(in_baskets)):
        b = in_baskets[i]
        others[i] = totals[b] - (lines[positions[i]] if has_lines else 1)
        for k in range(bounds[b], bounds[b + 1]):
            y = codes[k]
            count = counts[y]
            if count < base:
                count = base
                met[n_met] = y
                n_met += y != x
            counts[y] = count + 1
    return n_met


@njit(cache=True)
def _count_after(
    positions: Int64s,
    in_baskets: Int32s,
    baskets: BlockBaskets,
    lags: Lags,
    tally: Tally,
    others: Int64s,
) -> int:
    """As `_count_together`, for items first bought in (low, high] seconds after X's first purchase.

    |c| is the number of such items of a basket: first purchases, as N counts them.
    """
    _, bounds, codes, times, _ = baskets
    counts, met = tally.counts, tally.met
    base = tally.base[0]
    low, high = lags
    n_met = 0
    for i in range(len(in_baskets)):
        start, end = positions[i], bounds[in_baskets[i] + 1]
        time = times[start]
        others[i] = 0
        for k in range(start + 1, end):
            lag = np.int64(times[k]) - time
            if lag > high:
                break
            if lag <= low:
                continue
            others[i] += 1
            y = codes[k]
            count = counts[y]
            if count < base:
                count = base
                met[n_met] = y
                n_met += 1
            counts[y] = count + 1
    return n_met


@njit(cache=True)
def counts_of(values: Int64s) -> OtherCounts:
    """The distinct values, ascending, and how often each comes. They are put into `values`."""
    values.sort()
    counts = np.empty(len(values), np.int64)
    last = -1
    for value in values:
        if last < 0 or values[last] != value:
            last += 1
            values[last] = value
            counts[last] = 0
        counts[last] += 1
    return OtherCounts(values[: last + 1], counts[: last + 1])


@njit(cache=True)
def histogram_of(
    x: int, counted: OtherCounts, facts: ItemFacts, activities: Activities
) -> Histogram:
    """X's histogram as E takes it: of |c|, or of the activities of so many items beside X."""
    others = np.empty(len(counted.others))
    is_matched = len(activities.values) > 0
    first = activities.starts[activities.market_of[x]] if is_matched else 0
    for i in range(len(others)):
        others[i] = counted.others[i]
        if is_matched:
            at = first + counted.others[i]
            activity, slope = activities.values[at], activities.slopes[at]
            others[i] = _activity_beside(activity, slope, facts.shares[x])
    return Histogram(others, counted.buyers)


@njit(cache=True)
def write_best_of_block(
    holdings: Holdings,
    baskets: BlockBaskets,
    lags: Lags,
    facts: ItemFacts,
    activities: Activities,
    selection: Selection,
    tally: Tally,
    out: PairRows,
) -> int:
    """Count and score the candidates of every item of `holdings`, and write those that are kept.

    Returns the rows written to `out`.
    """
    counts, met = tally.counts, tally.met
    at = 0
    for i in range(len(holdings.items)):
        x = holdings.items[i]
        first, last = holdings.starts[i], holdings.starts[i + 1]
        positions, in_baskets = holdings.positions[first:last], holdings.baskets[first:last]
        others = np.empty(last - first, np.int64)
        if tally.base[0] + facts.buyers[x] + 1 > FULL:
            counts[:] = 0
            tally.base[0] = 1
        if lags.high < 0:
            n_met = _count_together(x, positions, in_baskets, baskets, tally, others)
        else:
            n_met = _count_after(positions, in_baskets, baskets, lags, tally, others)
        both = np.empty(n_met, np.int64)
        for k in range(n_met):
            both[k] = counts[met[k]] - tally.base[0]
        candidates = Candidates(met[:n_met], both)
        histogram = histogram_of(x, counts_of(others), facts, activities)
        at = write_best(x, candidates, histogram, facts, selection, out, at)
        tally.base[0] += facts.buyers[x] + 1
    return at


@njit(cache=True)
def _add_basket_of_head(
    where: int, items: tuple[int, int], baskets: Baskets, lags: Lags, counts: Int64s
) -> int:
    """Count the other items of a basket, entries items[0] to items[1], that X holds at `where`.

    Returns |c|: the basket's other lines, or with lags the items that those let in.
    """
    _, codes, times, lines = baskets
    low, high = lags
    first, end = items
    others = 0
    if high >= 0:
        for k in range(first, end):
            lag = np.int64(times[k]) - times[where]
            if k != where and lag > low and lag <= high:
                others += 1
                counts[codes[k]] += 1
        return others
    for k in range(first, end):
        counts[codes[k]] += 1
    counts[codes[where]] -= 1
    if len(lines) == 0:
        return end - first - 1
    for k in range(first, end):
        others += lines[k]
    return others - int(lines[where])


@njit(cache=True)
def count_head(x: int, baskets: Baskets, lags: Lags, items: int) -> tuple[Candidates, OtherCounts]:
    """Count one very popular item over baskets that stay where they are: a part of its counts.

    There are `items` codes. The other purchases are those of the baskets that hold X.
    """
    sizes, codes = baskets.sizes, baskets.codes
    counts = np.zeros(items, np.int64)
    others = np.empty(len(sizes), np.int64)
    holding = 0
    at = 0
    for b in range(len(sizes)):
        end = at + sizes[b]
        for where in range(at, end):
            if codes[where] == x:
                others[holding] = _add_basket_of_head(where, (at, end), baskets, lags, counts)
                holding += 1
                break
        at = end
    met = np.flatnonzero(counts)
    return Candidates(met.astype(np.int32), counts[met]), counts_of(others[:holding])
