"""Hashes against Spark's own, and tables from hashes to codes."""

import numpy as np

from alsobought.copurchase.engine.kernels import hashing
from tests.rows import rows


def test_hashes_of_numbers_are_spark_s(frame):
    pairs = [(5, 7), (-1, 0), (2**63 - 1, -(2**63))]
    hashed = rows(frame("a bigint, b bigint", *pairs).selectExpr("a", "b", "xxhash64(a, b)"))
    for a, b, want in hashed:
        assert hashing.hash_pair(np.int64(a), np.int64(b)) == want


def test_a_code_is_the_position_of_its_hash_and_minus_one_where_there_is_none():
    """All hashes but one fall on the same slot of 16."""
    hashes = np.array([16, 32, -48, 5], np.int64)
    slots = hashing.code_table(hashes)
    wanted = np.array([-48, 64, 5, 16], np.int64)
    assert hashing.codes_of(wanted, hashes, slots).tolist() == [2, -1, 3, 0]
