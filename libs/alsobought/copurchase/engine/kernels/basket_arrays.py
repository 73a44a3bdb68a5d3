"""Purchase lines to baskets and baskets to blocks: compiled loops over flat arrays."""

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.compiled.hashing import hash_pair
from alsobought.copurchase.engine.kernels.item_tables import EMPTY
from alsobought.copurchase.engine.kernels.named_arrays import (
    Baskets,
    BlockSizes,
    CopiedBaskets,
    ItemCounts,
    PurchaseLines,
)

SHORT = 32  # below this, insertion sort beats argsort
DROPPED = -1  # the block of an item too rare for any pair: it counts in |c| and nowhere else


@njit(cache=True)
def order_by_part(units: Int64s, parts: int) -> tuple[Int64s, Int64s]:
    """The order that groups rows by part (the hash modulo `parts`), and where each part starts."""
    starts = np.zeros(parts + 1, np.int64)
    part_of = np.empty(len(units), np.int32)
    for i in range(len(units)):
        part_of[i] = np.int32(np.uint64(units[i]) % np.uint64(parts))
        starts[part_of[i] + 1] += 1
    for part in range(parts):
        starts[part + 1] += starts[part]
    nexts = starts[:-1].copy()
    order = np.empty(len(units), np.int64)
    for i in range(len(units)):
        order[nexts[part_of[i]]] = i
        nexts[part_of[i]] += 1
    return order, starts


@njit(cache=True)
def group_by_unit(units: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    """Rows grouped by unit: the distinct units, the row order, and where each unit starts."""
    size = 16
    while size < 2 * len(units):
        size *= 2
    mask = np.int64(size - 1)
    slots = np.full(size, EMPTY, np.int32)
    distinct = np.empty(len(units), np.int64)
    nth = np.empty(len(units), np.int32)
    count = 0
    for i in range(len(units)):
        slot = hash_pair(units[i], np.int64(0)) & mask
        while slots[slot] != EMPTY and distinct[slots[slot]] != units[i]:
            slot = (slot + 1) & mask
        if slots[slot] == EMPTY:
            slots[slot] = count
            distinct[count] = units[i]
            count += 1
        nth[i] = slots[slot]
    starts = np.zeros(count + 1, np.int64)
    for i in range(len(units)):
        starts[nth[i] + 1] += 1
    for u in range(count):
        starts[u + 1] += starts[u]
    nexts = starts[:-1].copy()
    order = np.empty(len(units), np.int64)
    for i in range(len(units)):
        order[nexts[nth[i]]] = i
        nexts[nth[i]] += 1
    return distinct[:count], order, starts


@njit(cache=True)
def _sort_by_code(codes: Int32s) -> None:
    """Sort a basket without times and lines, in place."""
    if len(codes) > SHORT:
        codes.sort()
        return
    for i in range(1, len(codes)):
        code = codes[i]
        j = i - 1
        while j >= 0 and codes[j] > code:
            codes[j + 1] = codes[j]
            j -= 1
        codes[j + 1] = code


@njit(cache=True)
def _sort_by_time(codes: Int32s, times: Int32s, lines: Int32s) -> None:
    """Sort a basket by time, then code, in place; one without times or lines has these empty."""
    is_timed, has_lines = len(times) > 0, len(lines) > 0
    if len(codes) > SHORT:
        order = np.argsort(codes, kind="mergesort")
        if is_timed:
            order = order[np.argsort(times[order], kind="mergesort")]
            times[:] = times[order]
        if has_lines:
            lines[:] = lines[order]
        codes[:] = codes[order]
        return
    for i in range(1, len(codes)):
        code, time, n = codes[i], times[i] if is_timed else 0, lines[i] if has_lines else 0
        j = i - 1
        while j >= 0:
            before = np.int64(times[j]) - time if is_timed else 0
            if before < 0 or (before == 0 and codes[j] < code):
                break
            codes[j + 1] = codes[j]
            if is_timed:
                times[j + 1] = times[j]
            if has_lines:
                lines[j + 1] = lines[j]
            j -= 1
        codes[j + 1] = code
        if is_timed:
            times[j + 1] = time
        if has_lines:
            lines[j + 1] = n


@njit(cache=True)
def _move_sample_to_front(
    unit: np.int64, codes: Int32s, times: Int32s, lines: Int32s, cap: int, item_hashes: Int64s
) -> None:
    """Move the `cap` items with the smallest xxhash64(unit, item) to the front, in place.

    Times and lines are moved with them where there are any.
    """
    keys = np.empty(len(codes), np.int64)
    for i in range(len(codes)):
        keys[i] = hash_pair(unit, item_hashes[codes[i]])
    sample = np.argsort(keys, kind="mergesort")[:cap]
    codes[:cap] = codes[sample]
    if len(times):
        times[:cap] = times[sample]
    if len(lines):
        lines[:cap] = lines[sample]


@njit(cache=True)
def _lines_of(counts: Int32s, row: int) -> np.int32:
    return counts[row] if len(counts) else np.int32(1)


@njit(cache=True)
def make_baskets(
    purchases: PurchaseLines, cap: int, item_hashes: Int64s, count_repeats: bool
) -> tuple[Baskets, Int64s]:
    """Baskets of distinct items, at most `cap` each, and their sizes before the cap.

    An item's time is its earliest in the unit. Cost: memory of about 36 bytes a row (8 more with
    times, 8 more with `count_repeats`), plus 8 an item.
    """
    units, codes, times, counts = purchases
    distinct, order, starts = group_by_unit(units)
    stamp = np.full(len(item_hashes), -1, np.int64)
    out_codes = np.empty(len(codes), np.int32)
    is_timed = len(times) > 0
    out_times = np.empty(len(codes) if is_timed else 0, np.int32)
    out_lines = np.empty(len(codes) if count_repeats else 0, np.int32)
    sizes = np.empty(len(distinct), np.int32)
    sizes_before = np.empty(len(distinct), np.int64)
    end = 0
    for u in range(len(distinct)):
        first = end
        for k in range(starts[u], starts[u + 1]):
            code = codes[order[k]]
            at = stamp[code]
            is_new = at < first
            if is_new:
                at = end
                stamp[code], out_codes[at] = at, code
                end += 1
            if is_timed:
                time = times[order[k]]
                out_times[at] = time if is_new else min(out_times[at], time)
            if count_repeats:
                out_lines[at] = _lines_of(counts, order[k]) + (0 if is_new else out_lines[at])
        sizes_before[u] = end - first
        if end - first > cap:
            # the stamps of what is cut off point behind `end`, below any later basket's start
            whole = slice(first, end)
            _move_sample_to_front(
                distinct[u], out_codes[whole], out_times[whole], out_lines[whole], cap, item_hashes
            )
            for k in range(first, end):
                stamp[out_codes[k]] = -1
            end = first + cap
        if is_timed or count_repeats:
            _sort_by_time(out_codes[first:end], out_times[first:end], out_lines[first:end])
        else:
            _sort_by_code(out_codes[first:end])
        sizes[u] = end - first
    baskets = Baskets(sizes, out_codes[:end].copy(), out_times[:end].copy(), out_lines[:end].copy())
    return baskets, sizes_before


@njit(cache=True)
def count_per_item(baskets: Baskets, items: int) -> ItemCounts:
    """The counts of the items that any basket holds; there are `items` codes."""
    sizes, codes, _, lines = baskets
    buyers = np.zeros(items, np.int64)
    others = np.zeros(items, np.int64)
    purchases = np.zeros(items, np.int64)
    at = 0
    for b in range(len(sizes)):
        for k in range(at, at + sizes[b]):
            buyers[codes[k]] += 1
            others[codes[k]] += sizes[b] - 1
        at += sizes[b]
    for k in range(len(lines)):
        purchases[codes[k]] += lines[k]
    if len(lines) == 0:
        purchases[:] = buyers
    bought = np.flatnonzero(buyers)
    return ItemCounts(bought.astype(np.int32), buyers[bought], others[bought], purchases[bought])


@njit(cache=True)
def lines_per_basket(baskets: Baskets) -> Int32s:
    """All purchase lines of each basket."""
    sizes, _, _, lines = baskets
    if len(lines) == 0:
        return sizes.copy()
    totals = np.zeros(len(sizes), np.int32)
    at = 0
    for b in range(len(sizes)):
        for k in range(at, at + sizes[b]):
            totals[b] += lines[k]
        at += sizes[b]
    return totals


@njit(cache=True)
def count_copies(baskets: Baskets, block_of: Int32s, blocks: int) -> BlockSizes:
    """How many baskets and items of those each block is to receive; block_of < 0 gets none."""
    sizes, codes, _, _ = baskets
    copied_baskets = np.zeros(blocks, np.int64)
    entries = np.zeros(blocks, np.int64)
    stamp = np.full(blocks, -1, np.int64)
    at = 0
    for b in range(len(sizes)):
        end = at + sizes[b]
        left = 0
        for k in range(at, end):
            left += block_of[codes[k]] != DROPPED
        for k in range(at, end):
            block = block_of[codes[k]]
            if block >= 0 and stamp[block] != b:
                stamp[block] = b
                copied_baskets[block] += 1
                entries[block] += left
        at = end
    return BlockSizes(copied_baskets, entries)


@njit(cache=True)
def _starts(counts: Int64s) -> Int64s:
    """Where each block's share of one array starts, and where the last one ends."""
    starts = np.zeros(len(counts) + 1, np.int64)
    for block in range(len(counts)):
        starts[block + 1] = starts[block] + counts[block]
    return starts


@njit(cache=True)
def _copy_kept(values: Int32s, codes: Int32s, block_of: Int32s, out: Int32s) -> int:
    """Copy the values of a basket whose items are not dropped to `out`; returns how many."""
    count = 0
    for j in range(len(codes)):
        if block_of[codes[j]] != DROPPED:
            out[count] = values[j]
            count += 1
    return count


@njit(cache=True)
def copy_to_blocks(baskets: Baskets, block_of: Int32s, copies: BlockSizes) -> CopiedBaskets:
    """Each basket copied once to every block that holds one of its items, in block order.

    `copies` are `count_copies` of the same baskets.
    """
    sizes, codes, times, lines = baskets
    blocks = len(copies.baskets)
    basket_at, entry_at = _starts(copies.baskets), _starts(copies.entries)
    totals = lines_per_basket(baskets)
    out_totals = np.empty(basket_at[blocks], np.int32)
    out_lengths = np.empty(basket_at[blocks], np.int32)
    out_codes = np.empty(entry_at[blocks], np.int32)
    is_timed, has_lines = len(times) > 0, len(lines) > 0
    out_times = np.empty(entry_at[blocks] if is_timed else 0, np.int32)
    out_lines = np.empty(entry_at[blocks] if has_lines else 0, np.int32)
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
            if is_timed:
                _copy_kept(times[at:end], codes[at:end], block_of, out_times[to:])
            if has_lines:
                _copy_kept(lines[at:end], codes[at:end], block_of, out_lines[to:])
            to += _copy_kept(codes[at:end], codes[at:end], block_of, out_codes[to:])
            out_totals[basket_at[block]] = totals[b]
            out_lengths[basket_at[block]] = to - entry_at[block]
            basket_at[block] += 1
            entry_at[block] = to
        at = end
    return CopiedBaskets(out_totals, out_lengths, out_codes, out_times, out_lines)
