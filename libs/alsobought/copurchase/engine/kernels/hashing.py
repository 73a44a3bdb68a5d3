"""Spark's xxhash64 of numbers and texts, and tables from hashes to dense codes, compiled."""

import numpy as np
from numba import njit

from alsobought.copurchase.engine.kernels.named_arrays import (
    Bytes,
    Int32s,
    Int64s,
    ItemTable,
    UInt64s,
)

P1 = np.uint64(0x9E3779B185EBCA87)
P2 = np.uint64(0xC2B2AE3D27D4EB4F)
P3 = np.uint64(0x165667B19E3779F9)
P4 = np.uint64(0x85EBCA77C2B2AE63)
P5 = np.uint64(0x27D4EB2F165667C5)
SPARK_SEED = np.uint64(42)
EMPTY = np.int32(-1)


@njit(cache=True)
def _rotated(x: np.uint64, bits: int) -> np.uint64:
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


@njit(cache=True)
def _mixed(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _rotated(lane + word * P2, 31) * P1


@njit(cache=True)
def _with_word(h: np.uint64, word: np.uint64) -> np.uint64:
    return _rotated(h ^ _mixed(np.uint64(0), word), 27) * P1 + P4


@njit(cache=True)
def _finished(h: np.uint64) -> np.uint64:
    h = (h ^ (h >> np.uint64(33))) * P2
    h = (h ^ (h >> np.uint64(29))) * P3
    return h ^ (h >> np.uint64(32))


@njit(cache=True)
def _hash_long(value: np.int64, seed: np.uint64) -> np.uint64:
    return _finished(_with_word(seed + P5 + np.uint64(8), np.uint64(value)))


@njit(cache=True)
def _word(data: Bytes, at: int, size: int) -> np.uint64:
    word = np.uint64(0)
    for k in range(size):
        word |= np.uint64(data[at + k]) << np.uint64(8 * k)
    return word


@njit(cache=True)
def hash_bytes(data: Bytes, start: int, end: int, seed: np.uint64) -> np.uint64:
    """XXH64 of data[start:end], as Spark's xxhash64 makes it of a text (uint64)."""
    at = start
    h = seed + P5
    if end - start >= 32:
        a, b, c, d = seed + P1 + P2, seed + P2, seed, seed - P1
        while at + 32 <= end:
            a = _mixed(a, _word(data, at, 8))
            b = _mixed(b, _word(data, at + 8, 8))
            c = _mixed(c, _word(data, at + 16, 8))
            d = _mixed(d, _word(data, at + 24, 8))
            at += 32
        h = _rotated(a, 1) + _rotated(b, 7) + _rotated(c, 12) + _rotated(d, 18)
        for lane in (a, b, c, d):
            h = (h ^ _mixed(np.uint64(0), lane)) * P1 + P4
    h += np.uint64(end - start)
    while at + 8 <= end:
        h = _with_word(h, _word(data, at, 8))
        at += 8
    if at + 4 <= end:
        h = _rotated(h ^ (_word(data, at, 4) * P1), 23) * P2 + P3
        at += 4
    while at < end:
        h = _rotated(h ^ (np.uint64(data[at]) * P5), 11) * P1
        at += 1
    return _finished(h)


@njit(cache=True)
def hash_texts(seeds: UInt64s, seed_of: Int32s, offsets: Int32s, data: Bytes) -> Int64s:
    """The hash of each text, text i = data[offsets[i]:offsets[i + 1]], under seeds[seed_of[i]]."""
    hashes = np.empty(len(offsets) - 1, np.int64)
    for i in range(len(hashes)):
        hashes[i] = np.int64(hash_bytes(data, offsets[i], offsets[i + 1], seeds[seed_of[i]]))
    return hashes


@njit(cache=True)
def hash_pair(first: np.int64, second: np.int64) -> np.int64:
    """Spark's xxhash64(first, second) of two bigints."""
    return np.int64(_hash_long(second, _hash_long(first, SPARK_SEED)))


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
