"""Rows on disk for a while: kept by queries, asked for, and gone again."""

import pyarrow as pa
import pytest

from alsobought.runtime.scratch import Scratch

SCHEMA = pa.schema([("item", pa.string()), ("rank", pa.int32())])


def batches(*ranks):
    """Batches whose rank is of another type."""
    for rank in ranks:
        yield pa.RecordBatch.from_pydict({"rank": [rank, rank + 1], "item": ["a", "b\x00"]})


def test_rows_are_kept_as_the_query_makes_them(tmp_path):
    names = pa.table({"item": ["a", "b\x00"], "number": [0, 1]})
    with Scratch(tmp_path / "rows") as scratch:
        scratch.register("names", names)
        query = "SELECT number, rank FROM batches JOIN names USING (item)"
        assert scratch.keep("lists", SCHEMA, batches(1, 5), query) == 4
        assert scratch.keep("none", SCHEMA, (), query) == 0
        rows = scratch.arrow("SELECT * FROM lists ORDER BY rank").to_pylist()
        assert rows == [{"number": n, "rank": r} for n, r in ((0, 1), (1, 2), (0, 5), (1, 6))]
        assert scratch.arrow("SELECT * FROM none").num_rows == 0
        assert (tmp_path / "rows").is_dir()
    assert not (tmp_path / "rows").exists()


def test_nothing_stays_after_a_failure(tmp_path):
    with pytest.raises(ValueError, match="no"), Scratch(tmp_path / "rows"):
        raise ValueError("no")
    assert not (tmp_path / "rows").exists()
