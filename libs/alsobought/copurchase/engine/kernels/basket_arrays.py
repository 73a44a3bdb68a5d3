"""Rows to baskets and baskets to blocks: compiled loops over flat arrays.

A set of baskets is four arrays: sizes (items of each basket), codes (their items, basket after
basket), times (of an item's first purchase, seconds; all zero where time does not matter) and lines
(purchase lines of the item in the basket; all one where repeats do not count).
"""

import numpy as np
from numba import njit

from alsobought.copurchase.engine.kernels.hashing import EMPTY, hash_pair

SHORT = 32  # below this, insertion sort beats argsort


@njit(cache=True)
def scattered(units, parts):
    """The order that groups rows by part (the hash modulo `parts`), and where each part starts."""
    starts = np.zeros(parts + 1, np.int64)
    part_of = np.empty(len(units), np.int32)
    for i in range(len(units)):
        part = np.int32(np.uint64(units[i]) % np.uint64(parts))
        part_of[i] = part
        starts[part + 1] += 1
    for part in range(parts):
        starts[part + 1] += starts[part]
    nexts = starts[:-1].copy()
    order = np.empty(len(units), np.int64)
    for i in range(len(units)):
        order[nexts[part_of[i]]] = i
        nexts[part_of[i]] += 1
    return order, starts


@njit(cache=True)
def grouped(units):
    """Rows grouped by unit: the distinct units, the row order, and where each unit starts."""
    size = 16
    while size < 2 * len(units):
        size *= 2
    mask = np.int64(size - 1)
    slots = np.full(size, EMPTY, np.int32)
    distinct = np.empty(len(units), np.int64)
    nth = np.empty(len(units), np.int32)
    found = 0
    for i in range(len(units)):
        slot = hash_pair(units[i], np.int64(0)) & mask
        while slots[slot] != EMPTY and distinct[slots[slot]] != units[i]:
            slot = (slot + 1) & mask
        if slots[slot] == EMPTY:
            slots[slot] = found
            distinct[found] = units[i]
            found += 1
        nth[i] = slots[slot]
    starts = np.zeros(found + 1, np.int64)
    for i in range(len(units)):
        starts[nth[i] + 1] += 1
    for u in range(found):
        starts[u + 1] += starts[u]
    nexts = starts[:-1].copy()
    order = np.empty(len(units), np.int64)
    for i in range(len(units)):
        order[nexts[nth[i]]] = i
        nexts[nth[i]] += 1
    return distinct[:found], order, starts


@njit(cache=True)
def _by_time(codes, times, lines):
    """Sort a basket by time, then code, in place."""
    if len(codes) > SHORT:
        by_code = np.argsort(codes, kind="mergesort")
        order = by_code[np.argsort(times[by_code], kind="mergesort")]
        codes[:] = codes[order]
        times[:] = times[order]
        lines[:] = lines[order]
        return
    for i in range(1, len(codes)):
        code, time, n = codes[i], times[i], lines[i]
        j = i - 1
        while j >= 0 and (times[j] > time or (times[j] == time and codes[j] > code)):
            codes[j + 1], times[j + 1], lines[j + 1] = codes[j], times[j], lines[j]
            j -= 1
        codes[j + 1], times[j + 1], lines[j + 1] = code, time, n


@njit(cache=True)
def _sampled(unit, codes, times, lines, cap, item_hashes):
    """The `cap` items with the smallest xxhash64(unit, item), moved to the front."""
    keys = np.empty(len(codes), np.int64)
    for i in range(len(codes)):
        keys[i] = hash_pair(unit, item_hashes[codes[i]])
    kept = np.argsort(keys, kind="mergesort")[:cap]
    codes[:cap] = codes[kept]
    times[:cap] = times[kept]
    lines[:cap] = lines[kept]


@njit(cache=True)
def packed(units, codes, times, cap, item_hashes, count_repeats):
    """Baskets of distinct items, at most `cap` each, by first purchase.

    Returns (sizes, codes, times, lines, sizes before the cap). An item's time is its earliest in
    the unit. Cost: memory of about 44 bytes a row, plus 8 an item.
    """
    distinct, order, starts = grouped(units)
    stamp = np.full(len(item_hashes), -1, np.int64)
    out_codes = np.empty(len(codes), np.int32)
    out_times = np.empty(len(codes), np.int32)
    out_lines = np.ones(len(codes), np.int32)
    sizes = np.empty(len(distinct), np.int32)
    before = np.empty(len(distinct), np.int64)
    end = 0
    for u in range(len(distinct)):
        first = end
        for k in range(starts[u], starts[u + 1]):
            code, time = codes[order[k]], times[order[k]]
            at = stamp[code]
            if at >= first:
                out_times[at] = min(out_times[at], time)
                out_lines[at] += count_repeats
            else:
                stamp[code] = end
                out_codes[end] = code
                out_times[end] = time
                out_lines[end] = 1
                end += 1
        before[u] = end - first
        if end - first > cap:
            # the stamps of what is cut off point behind `end`, below any later basket's start
            whole = slice(first, end)
            _sampled(
                distinct[u], out_codes[whole], out_times[whole], out_lines[whole], cap, item_hashes
            )
            for k in range(first, end):
                stamp[out_codes[k]] = -1
            end = first + cap
        _by_time(out_codes[first:end], out_times[first:end], out_lines[first:end])
        sizes[u] = end - first
    kept = slice(0, end)
    return sizes, out_codes[kept].copy(), out_times[kept].copy(), out_lines[kept].copy(), before


@njit(cache=True)
def per_item(sizes, codes, lines, items):
    """The items that are held: (code, baskets that hold it, other items of those, lines)."""
    buyers = np.zeros(items, np.int64)
    others = np.zeros(items, np.int64)
    bought = np.zeros(items, np.int64)
    at = 0
    for b in range(len(sizes)):
        for k in range(at, at + sizes[b]):
            buyers[codes[k]] += 1
            others[codes[k]] += sizes[b] - 1
            bought[codes[k]] += lines[k]
        at += sizes[b]
    held = np.flatnonzero(buyers)
    return held.astype(np.int32), buyers[held], others[held], bought[held]


@njit(cache=True)
def totals_of(sizes, lines):
    """All purchase lines of each basket."""
    totals = np.zeros(len(sizes), np.int32)
    at = 0
    for b in range(len(sizes)):
        for k in range(at, at + sizes[b]):
            totals[b] += lines[k]
        at += sizes[b]
    return totals


@njit(cache=True)
def copies_per_block(sizes, codes, block_of, blocks):
    """How many baskets and how many codes each block is to receive; a block below 0 gets none."""
    baskets = np.zeros(blocks, np.int64)
    entries = np.zeros(blocks, np.int64)
    stamp = np.full(blocks, -1, np.int64)
    at = 0
    for b in range(len(sizes)):
        end = at + sizes[b]
        kept = 0
        for k in range(at, end):
            kept += block_of[codes[k]] != DROPPED
        for k in range(at, end):
            block = block_of[codes[k]]
            if block >= 0 and stamp[block] != b:
                stamp[block] = b
                baskets[block] += 1
                entries[block] += kept
        at = end
    return baskets, entries


DROPPED = -1  # an item too rare for any pair: it counts in |c| and nowhere else


@njit(cache=True)
def split(sizes, codes, times, lines, block_of, baskets, entries):
    """Each basket copied once to every block that holds one of its items.

    `baskets` and `entries` are `copies_per_block` of the same arrays. Returns, one array for all
    blocks in block order: totals (lines of the whole basket), lengths (its items that were not
    dropped), and the codes, times and lines of those.
    """
    blocks = len(baskets)
    basket_at = np.zeros(blocks + 1, np.int64)
    entry_at = np.zeros(blocks + 1, np.int64)
    for block in range(blocks):
        basket_at[block + 1] = basket_at[block] + baskets[block]
        entry_at[block + 1] = entry_at[block] + entries[block]
    totals = totals_of(sizes, lines)
    out_totals = np.empty(basket_at[blocks], np.int32)
    out_lengths = np.empty(basket_at[blocks], np.int32)
    out_codes = np.empty(entry_at[blocks], np.int32)
    out_times = np.empty(entry_at[blocks], np.int32)
    out_lines = np.empty(entry_at[blocks], np.int32)
    stamp = np.full(blocks, -1, np.int64)
    at = 0
    for b in range(len(sizes)):
        end = at + sizes[b]
        for k in range(at, end):
            block = block_of[codes[k]]
            if block < 0 or stamp[block] == b:
                continue
            stamp[block] = b
            to = entry_at[block]
            for j in range(at, end):
                if block_of[codes[j]] != DROPPED:
                    out_codes[to] = codes[j]
                    out_times[to] = times[j]
                    out_lines[to] = lines[j]
                    to += 1
            out_totals[basket_at[block]] = totals[b]
            out_lengths[basket_at[block]] = to - entry_at[block]
            basket_at[block] += 1
            entry_at[block] = to
        at = end
    return out_totals, out_lengths, out_codes, out_times, out_lines
