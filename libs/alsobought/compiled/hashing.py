"""Spark's xxhash64 of columns, numbers and texts, compiled."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit

from alsobought.compiled.array_types import Bytes, Floats, Int32s, Int64s, UInt64s

P1 = np.uint64(0x9E3779B185EBCA87)
P2 = np.uint64(0xC2B2AE3D27D4EB4F)
P3 = np.uint64(0x165667B19E3779F9)
P4 = np.uint64(0x85EBCA77C2B2AE63)
P5 = np.uint64(0x27D4EB2F165667C5)
SPARK_SEED = np.uint64(42)
INTS = (pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.date32())  # Spark hashes them as ints
INT32, INT64, FLOAT64 = np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.float64)


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
def hash_longs(values: Int64s, seeds: UInt64s) -> UInt64s:
    """Spark's xxhash64 of each bigint under its seed."""
    hashes = np.empty(len(values), np.uint64)
    for i in range(len(values)):
        hashes[i] = _hash_long(values[i], seeds[i])
    return hashes


@njit(cache=True)
def hash_ints(values: Int32s, seeds: UInt64s) -> UInt64s:
    """Spark's xxhash64 of each int under its seed: of 4 bytes, other than the same number's 8."""
    hashes = np.empty(len(values), np.uint64)
    for i in range(len(values)):
        h = seeds[i] + P5 + np.uint64(4)
        h ^= np.uint64(np.uint32(values[i])) * P1
        hashes[i] = _finished(_rotated(h, 23) * P2 + P3)
    return hashes


@njit(cache=True)
def hash_seeded_texts(offsets: Int32s, data: Bytes, seeds: UInt64s) -> UInt64s:
    """Spark's xxhash64 of each text, data[offsets[i]:offsets[i + 1]], under its seed."""
    hashes = np.empty(len(seeds), np.uint64)
    for i in range(len(seeds)):
        hashes[i] = hash_bytes(data, offsets[i], offsets[i + 1], seeds[i])
    return hashes


def hash_columns(columns: Sequence[pa.Array]) -> Int64s:
    """Spark's xxhash64(column, column, ...) of each row, for at least one column.

    Each column is hashed with the hash of those before it as the seed; a null leaves that as it is.
    Takes texts, Booleans, integers, doubles, dates and timestamps; raises TypeError for others.
    """
    hashes = np.full(len(columns[0]), SPARK_SEED)
    for column in columns:
        hashed = _hashed(column, hashes)
        if column.null_count:
            is_valid = column.is_valid().to_numpy(zero_copy_only=False)
            hashed = np.where(is_valid, hashed, hashes)
        hashes = hashed
    return hashes.view(np.int64)


def _hashed(column: pa.Array, seeds: UInt64s) -> UInt64s:
    """Each value's hash under its seed; where it is null, some number."""
    kind = column.type
    hashed: UInt64s
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        hashed = hash_seeded_texts(*offsets_and_bytes(column.cast(pa.string())), seeds)
    elif kind in INTS:
        hashed = hash_ints(_values(column.cast(pa.int32()), INT32), seeds)
    elif kind == pa.int64():
        hashed = hash_longs(_values(column, INT64), seeds)
    elif pa.types.is_timestamp(kind):
        instants = column.cast(pa.timestamp("us", kind.tz)).cast(pa.int64())
        hashed = hash_longs(_values(instants, INT64), seeds)
    elif kind == pa.float64():
        hashed = hash_longs(_bits_of(_values(column, FLOAT64)), seeds)
    else:
        raise TypeError(f"There is no xxhash64 of {kind} here.")
    return hashed


def is_in_sorted(hashes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Whether each hash is among the wanted ones, which are sorted."""
    if not len(wanted):
        return np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
    is_in: np.ndarray = wanted[places] == hashes
    return is_in


def _bits_of(numbers: Floats) -> Int64s:
    """The doubles as 64 bits: -0.0 as 0.0, and every NaN as the same one."""
    positive_zero = numbers + 0.0
    bits: Int64s = np.where(np.isnan(positive_zero), np.nan, positive_zero).view(np.int64)
    return _read_only(bits)


def _values(column: pa.Array, dtype: np.dtype[Any]) -> np.ndarray:
    """The values of a column of fixed width, without a copy; where one is null, some number."""
    buffer = column.buffers()[1] or b""
    inside = slice(column.offset, column.offset + len(column))
    return _read_only(np.frombuffer(buffer, dtype)[inside])


def offsets_and_bytes(texts: pa.StringArray) -> tuple[Int32s, Bytes]:
    """Where each text of a string column starts and ends, and the bytes of all of them."""
    _, offsets, data = texts.buffers()
    inside = slice(texts.offset, texts.offset + len(texts) + 1)
    starts = np.frombuffer(offsets or bytes(4), np.int32)[inside]
    return _read_only(starts), _read_only(np.frombuffer(data or b"", np.uint8))


def _read_only(array: np.ndarray) -> np.ndarray:
    """The array as Arrow's memory usually is: a loop is compiled once, for read-only arrays."""
    array.flags.writeable = False
    return array
