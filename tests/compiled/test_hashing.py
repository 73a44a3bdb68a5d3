"""Hashes against Spark's own."""

import math
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from alsobought.compiled import hashing
from tests.rows import rows

COLUMNS = {
    "text": "string",
    "flag": "boolean",
    "tiny": "tinyint",
    "small": "smallint",
    "number": "int",
    "large": "bigint",
    "share": "double",
    "day": "date",
    "at": "timestamp",
}
DAY, AT = date(2017, 4, 20), datetime(2017, 4, 20, 8, 30, 15, 123456, tzinfo=UTC)
OLD = datetime(1901, 1, 1, tzinfo=UTC)
ROWS = [
    ("tea", True, 1, 2, 3, 4, 0.5, DAY, AT),
    ("", False, -1, -2, -3, -4, -0.0, date(1901, 1, 1), OLD),
    ("äöü€" * 9, None, 127, 32767, 2**31 - 1, 2**63 - 1, math.inf, None, AT),
    (None, True, -128, -32768, -(2**31), -(2**63), math.nan, DAY, None),
    ("x" * 31, True, None, None, None, None, None, DAY, AT),
    (None,) * 9,
]


def test_hashes_of_numbers_are_spark_s(frame):
    pairs = [(5, 7), (-1, 0), (2**63 - 1, -(2**63))]
    hashed = rows(frame("a bigint, b bigint", *pairs).selectExpr("a", "b", "xxhash64(a, b)"))
    for a, b, want in hashed:
        assert hashing.hash_pair(np.int64(a), np.int64(b)) == want


@pytest.fixture(scope="module")
def hashed(frame):
    """Rows of every type and null, Spark's hash of each column, and of all of them."""
    table = frame(", ".join(f"{name} {kind}" for name, kind in COLUMNS.items()), *ROWS)
    hashes = [f"xxhash64({name}) {name}_hash" for name in COLUMNS]
    return table.selectExpr("*", *hashes, f"xxhash64({', '.join(COLUMNS)}) hash").toArrow()


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_any_type_is_hashed_as_spark_does(hashed, name):
    column = hashed[name].combine_chunks()
    want = hashed[f"{name}_hash"].to_pylist()
    assert hashing.hash_columns([column]).tolist() == want
    assert hashing.hash_columns([column.slice(1, 3)]).tolist() == want[1:4]


def test_several_columns_are_hashed_one_after_the_other_and_nulls_leave_the_hash(hashed):
    columns = [hashed[name].combine_chunks() for name in COLUMNS]
    want = hashed["hash"].to_pylist()
    assert hashing.hash_columns(columns).tolist() == want
    assert want[-1] == 42
    assert hashing.hash_columns([column.slice(2, 0) for column in columns]).tolist() == []


def test_other_encodings_of_the_same_values_have_the_same_hash(hashed):
    text, at = hashed["text"].combine_chunks(), hashed["at"].combine_chunks()
    others = [text.cast(pa.large_string()), at.cast(pa.timestamp("us"))]
    assert hashing.hash_columns(others).tolist() == hashing.hash_columns([text, at]).tolist()


def test_a_type_that_spark_hashes_otherwise_is_refused():
    with pytest.raises(TypeError, match="float"):
        hashing.hash_columns([pa.array([1.0], pa.float32())])
