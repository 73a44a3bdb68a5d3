"""Counting the pairs of one item at a time over flat baskets, and keeping its best, compiled."""

import numpy as np
from numba import njit

from alsobought.copurchase.engine.kernels.evidence import (
    SERIES_BELOW,
    TERMS,
    expected_of,
    mark_best,
    moments_of,
    score,
)

FULL = np.int64(2**31 - 2)
MEMO = 4096
SLOTS = 2.0**40  # shares that differ by less may meet in one place of the memo


@njit(cache=True)
def by_item(sizes, codes, block_of, block):
    """Where the block's items lie: (items, starts into the entries, entry positions, baskets)."""
    counts = np.zeros(len(block_of), np.int64)
    for k in range(len(codes)):
        counts[codes[k]] += block_of[codes[k]] == block
    items = np.flatnonzero(counts).astype(np.int32)
    starts = np.zeros(len(items) + 1, np.int64)
    nexts = counts  # from here on: where the next entry of an item goes
    for i in range(len(items)):
        starts[i + 1] = starts[i] + counts[items[i]]
        nexts[items[i]] = starts[i]
    positions = np.empty(starts[-1], np.int64)
    baskets = np.empty(starts[-1], np.int32)
    at = 0
    for b in range(len(sizes)):
        for k in range(at, at + sizes[b]):
            if block_of[codes[k]] == block:
                positions[nexts[codes[k]]] = k
                baskets[nexts[codes[k]]] = b
                nexts[codes[k]] += 1
        at += sizes[b]
    return items, starts, positions, baskets


@njit(cache=True)
def count_together(x, positions, baskets, bounds, codes, lines, totals, tally, base, found, others):
    """Add to `tally` how many of the baskets hold each other item; fill `others` with their |c|.

    |c| is the lines of a basket that are not x's. `tally` counts from `base`, so that it need not
    be cleared between items. Returns how many different items `found` lists, x itself left out.
    """
    met = 0
    for i in range(len(baskets)):
        b = baskets[i]
        others[i] = totals[b] - lines[positions[i]]
        for k in range(bounds[b], bounds[b + 1]):
            y = codes[k]
            seen = tally[y]
            if seen < base:
                seen = base
                found[met] = y
                met += y != x
            tally[y] = seen + 1
    return met


@njit(cache=True)
def count_after(
    positions, baskets, bounds, codes, times, low, high, tally, base, found, others
):  # fmt: skip
    """As `count_together`, for items first bought in (low, high] seconds after x's first purchase.

    |c| is the number of such items of a basket: first purchases, as N counts them.
    """
    met = 0
    for i in range(len(baskets)):
        start, end = positions[i], bounds[baskets[i] + 1]
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
            seen = tally[y]
            if seen < base:
                seen = base
                found[met] = y
                met += 1
            tally[y] = seen + 1
    return met


@njit(cache=True)
def histogram(values):
    """The distinct values, ascending, and how often each comes. Sorts `values` in place."""
    values.sort()
    distinct = np.empty(len(values), np.int64)
    counts = np.empty(len(values), np.int64)
    last = -1
    for value in values:
        if last < 0 or distinct[last] != value:
            last += 1
            distinct[last] = value
            counts[last] = 0
        counts[last] += 1
    return distinct[: last + 1], counts[: last + 1]


@njit(cache=True)
def keep_best(
    x, found, both, others, counts, buyers, shares, ties, units, support, metrics, best, out, at
):  # fmt: skip
    """Write x's candidates that are among the `best` under at least one metric.

    `found` are x's candidates with their counts `both`; those below `support` are passed over.
    `others` and `counts` are the histogram of |c|, by |c| ascending. `out` holds the columns
    x, y, N and E; returns the next free row after `at`.
    """
    chosen = np.flatnonzero(both >= support)
    if len(chosen) == 0:
        return at
    moments = np.empty(TERMS)
    moments_of(others, counts, moments)
    most = others[-1]
    # many items have the same share, so the same E; the series is quick enough without a memo
    memo_of = np.full(MEMO if most * np.max(shares[found[chosen]]) > SERIES_BELOW else 1, -1.0)
    memo = np.empty(len(memo_of))
    expected = np.empty(len(chosen))
    scores = np.empty(len(chosen))
    tie = np.empty(len(chosen), np.int32)
    for i in range(len(chosen)):
        y = found[chosen[i]]
        tie[i] = ties[y]
        slot = np.int64(shares[y] * SLOTS) % len(memo_of)
        if memo_of[slot] != shares[y]:
            memo_of[slot] = shares[y]
            memo[slot] = expected_of(shares[y], most, moments, others, counts)
        expected[i] = memo[slot]
    kept = np.full(len(chosen), len(chosen) <= best)
    for metric in metrics:
        if len(chosen) <= best:
            break
        for i in range(len(chosen)):
            y = found[chosen[i]]
            n = float(both[chosen[i]])
            scores[i] = score(
                metric, n, expected[i], float(buyers[x]), float(buyers[y]), float(units)
            )
        mark_best(scores, tie, len(chosen), best, kept)
    for i in range(len(chosen)):
        if kept[i]:
            out[0][at] = x
            out[1][at] = found[chosen[i]]
            out[2][at] = both[chosen[i]]
            out[3][at] = expected[i]
            at += 1
    return at


@njit(cache=True)
def count_block(
    first, last, items, starts, positions, baskets, bounds, codes, times, lines, totals,
    low, high, buyers, shares, ties, units_of, support, metrics, best, tally, base, out,
):  # fmt: skip
    """Count, score and cut the items first..last of a block. Returns (rows written, next base).

    high < 0 means together; else the lag in seconds is in (low, high].
    """
    found = np.empty(len(buyers), np.int32)
    at = 0
    for i in range(first, last):
        x = items[i]
        mine = slice(starts[i], starts[i + 1])
        others = np.empty(starts[i + 1] - starts[i], np.int64)
        if base + buyers[x] + 1 > FULL:
            tally[:] = 0
            base = 1
        if high < 0:
            met = count_together(
                x, positions[mine], baskets[mine], bounds, codes, lines, totals,
                tally, base, found, others,
            )  # fmt: skip
        else:
            met = count_after(
                positions[mine], baskets[mine], bounds, codes, times, low, high,
                tally, base, found, others,
            )  # fmt: skip
        both = np.empty(met, np.int64)
        for k in range(met):
            both[k] = tally[found[k]] - base
        sizes, counts = histogram(others)
        at = keep_best(
            x, found, both, sizes, counts, buyers, shares, ties, units_of[x], support, metrics,
            best, out, at,
        )  # fmt: skip
        base += buyers[x] + 1
    return at, base


@njit(cache=True)
def count_head(x, sizes, codes, times, lines, low, high, tally, found):
    """Count one very popular item over baskets that stay where they are: a part of its counts.

    Returns (found items, their counts, |c| of each basket with x); `tally` is left cleared.
    """
    met = 0
    at = 0
    others = np.empty(len(sizes), np.int64)
    holding = 0
    for b in range(len(sizes)):
        end = at + sizes[b]
        where = -1
        for k in range(at, end):
            if codes[k] == x:
                where = k
                break
        others[holding] = 0
        for k in range(at, end):
            if where < 0:
                break
            lag = np.int64(times[k]) - times[where]
            if k == where or (high >= 0 and (lag <= low or lag > high)):
                continue
            others[holding] += lines[k] if high < 0 else 1
            y = codes[k]
            if tally[y] == 0:
                found[met] = y
                met += 1
            tally[y] += 1
        holding += where >= 0
        at = end
    counts = np.empty(met, np.int64)
    for k in range(met):
        counts[k] = tally[found[k]]
        tally[found[k]] = 0
    return found[:met].copy(), counts, others[:holding].copy()
