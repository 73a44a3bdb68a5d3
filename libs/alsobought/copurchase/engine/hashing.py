"""Spark's xxhash64 of whole numbers, and a table from 64-bit hashes to dense codes, compiled."""

import numpy as np
from numba import njit

P1 = np.uint64(0x9E3779B185EBCA87)
P2 = np.uint64(0xC2B2AE3D27D4EB4F)
P3 = np.uint64(0x165667B19E3779F9)
P4 = np.uint64(0x85EBCA77C2B2AE63)
P5 = np.uint64(0x27D4EB2F165667C5)
SPARK_SEED = np.uint64(42)
EMPTY = np.int32(-1)


@njit(cache=True)
def _rotated(x, bits):
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


@njit(cache=True)
def _hash_long(value, seed):
    h = seed + P5 + np.uint64(8)
    h ^= _rotated(np.uint64(value) * P2, 31) * P1
    h = _rotated(h, 27) * P1 + P4
    h ^= h >> np.uint64(33)
    h *= P2
    h ^= h >> np.uint64(29)
    h *= P3
    return h ^ (h >> np.uint64(32))


@njit(cache=True)
def hash_pair(first, second):
    """Spark's xxhash64(first, second) of two bigints."""
    return np.int64(_hash_long(second, _hash_long(first, SPARK_SEED)))


@njit(cache=True)
def code_table(hashes):
    """An open-addressing table from distinct hashes to their positions: (slots, mask).

    Cost: 4 bytes for each of the next power of two above twice the hashes.
    """
    size = 16
    while size < 2 * len(hashes):
        size *= 2
    slots = np.full(size, EMPTY, np.int32)
    mask = np.int64(size - 1)
    for code in range(len(hashes)):
        slot = hashes[code] & mask
        while slots[slot] != EMPTY:
            slot = (slot + 1) & mask
        slots[slot] = code
    return slots


@njit(cache=True)
def codes_of(wanted, hashes, slots):
    """The position of each wanted hash in `hashes`, by `code_table(hashes)`; -1 where absent."""
    mask = np.int64(len(slots) - 1)
    codes = np.empty(len(wanted), np.int32)
    for i in range(len(wanted)):
        slot = wanted[i] & mask
        while slots[slot] != EMPTY and hashes[slots[slot]] != wanted[i]:
            slot = (slot + 1) & mask
        codes[i] = slots[slot]
    return codes
