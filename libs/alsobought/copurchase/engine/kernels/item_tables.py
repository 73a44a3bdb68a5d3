"""Open-addressing tables from the hashes of items to their codes, compiled."""

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.copurchase.engine.kernels.named_arrays import ItemTable

EMPTY = np.int32(-1)


@njit(cache=True)
def insert_hashes(hashes: Int64s, slots: Int32s) -> None:
    """Put the position of every hash into an empty table of slots."""
    mask = np.int64(len(slots) - 1)
    for code in range(len(hashes)):
        slot = hashes[code] & mask
        while slots[slot] != EMPTY:
            slot = (slot + 1) & mask
        slots[slot] = code


@njit(cache=True)
def code_table(hashes: Int64s) -> Int32s:
    """The slots of an open-addressing table from distinct hashes to their positions.

    Cost: 4 bytes for each of the next power of two above twice the hashes.
    """
    size = 16
    while size < 2 * len(hashes):
        size *= 2
    slots = np.full(size, EMPTY, np.int32)
    insert_hashes(hashes, slots)
    return slots


@njit(cache=True)
def codes_of(wanted: Int64s, hashes: Int64s, slots: Int32s) -> Int32s:
    """The position of each wanted hash in `hashes`, by `code_table(hashes)`; -1 where absent."""
    mask = np.int64(len(slots) - 1)
    codes = np.empty(len(wanted), np.int32)
    for i in range(len(wanted)):
        slot = wanted[i] & mask
        while slots[slot] != EMPTY and hashes[slots[slot]] != wanted[i]:
            slot = (slot + 1) & mask
        codes[i] = slots[slot]
    return codes


@njit(cache=True)
def add_lines(hashes: Int64s, checks: Int64s, table: ItemTable, count: int) -> Int64s:
    """Count the lines of each item; returns the rows at which an item was met for the first time.

    `table` holds `count` items and has room for as many more as there are rows; it is updated.
    """
    slots, table_hashes, table_checks, lines = table
    mask = np.int64(len(slots) - 1)
    new_rows = np.empty(len(hashes), np.int64)
    added = 0
    for i in range(len(hashes)):
        slot = hashes[i] & mask
        code = slots[slot]
        while code != EMPTY and (
            table_hashes[code] != hashes[i] or table_checks[code] != checks[i]
        ):
            slot = (slot + 1) & mask
            code = slots[slot]
        if code == EMPTY:
            code = np.int32(count + added)
            slots[slot] = code
            table_hashes[code] = hashes[i]
            table_checks[code] = checks[i]
            lines[code] = 0
            new_rows[added] = i
            added += 1
        lines[code] += 1
    return new_rows[:added].copy()
