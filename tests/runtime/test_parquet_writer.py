"""What a worker writes: files, their statistics, the faults of rows, and hashes of keys."""

import errno
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alsobought.runtime import parquet_writer
from alsobought.runtime.parquet_writer import FileLayout, FileWriter, in_chunks, write_files
from alsobought.runtime.staging import layout_of
from alsobought.tables import ALL
from tests.runtime.small_tables import STOCK

COLUMNS = ["item_id", "pieces", "weight"]


@pytest.fixture
def layout(tmp_path):
    return layout_of(STOCK, str(tmp_path), "as_of=2017-12-01/")


def stock(*lines):
    items, pieces, weights = zip(*lines, strict=True)
    columns = [pa.array(items), pa.array(pieces, pa.int64()), pa.array(weights, pa.float64())]
    return pa.record_batch(columns, COLUMNS)


def summary_of(batches, layout):
    *keys, last = write_files(iter(batches), layout)
    return json.loads(last["info"][0].as_py()), keys


def test_rows_lie_in_a_file_sorted_and_its_statistics_are_delta_s(layout, tmp_path):
    said, _ = summary_of([stock(("tea", 3, 0.5)), stock(("jam", 1, None))], layout)
    (file,) = said["files"]
    assert file["path"].startswith("as_of=2017-12-01/part-")
    assert file["size"] == (tmp_path / file["path"]).stat().st_size
    assert pq.read_table(tmp_path / file["path"], partitioning=None).to_pylist() == [
        {"item_id": "jam", "pieces": 1, "weight": None},
        {"item_id": "tea", "pieces": 3, "weight": 0.5},
    ]
    assert json.loads(file["stats"]) == {
        "numRecords": 2,
        "minValues": {"item_id": "jam", "pieces": 1},
        "maxValues": {"item_id": "tea", "pieces": 3},
        "nullCount": {"item_id": 0, "pieces": 0, "weight": 1},
    }
    assert said["faults"] == {}


def test_a_task_that_fails_leaves_no_file_and_says_where_the_disk_is_full(
    layout, tmp_path, monkeypatch
):
    monkeypatch.setattr(parquet_writer, "ROWS_PER_GROUP", 1)

    def failing(error):
        yield stock(("tea", 3, 0.5), ("jam", 1, 0.5))
        assert list(tmp_path.rglob("part-*"))
        raise error

    several = replace(layout, sorted_by=())
    for error in (OSError(errno.ENOSPC, "Error writing bytes to file"), ValueError("odd")):
        with pytest.raises(type(error)) as raised:
            list(write_files(failing(error), several))
        assert list(tmp_path.rglob("part-*")) == []
        is_full = isinstance(error, OSError)
        said = f"[Errno 28] No space left on device: '{tmp_path}'" if is_full else "odd"
        assert str(raised.value) == said


def test_every_row_that_its_contract_refuses_is_counted(layout):
    rows = [stock(("tea", -3, 0.5), (None, -1, None)), stock(("jam", None, 1.0))]
    assert summary_of(rows, layout)[0]["faults"] == {
        "item_id is null": 1,
        "pieces is null": 1,
        "the check not_negative (pieces >= 0) is broken": 3,  # a null keeps no check
    }


def test_hashes_of_keys_tell_the_places_of_their_rows(layout, tmp_path):
    """Place i of a file is its row i, in the order in which it was written."""
    said, keys = summary_of([stock(("tea", 3, 0.5), ("jam", 1, None), ("tea", 4, 0.5))], layout)
    places = {}
    for batch in keys:
        for hashes, at in zip(batch["hashes"], batch["places"], strict=True):
            for key, place in zip(
                np.frombuffer(hashes.as_buffer(), np.int64),
                np.frombuffer(at.as_buffer(), np.int32),
                strict=True,
            ):
                places.setdefault(int(key), []).append(int(place))
    assert sorted(places.values()) == [[0], [1, 2]]  # jam; tea, tea
    assert {batch["file"][0].as_py() for batch in keys} == {said["files"][0]["path"]}


def test_a_task_without_rows_writes_no_file(layout, tmp_path):
    assert summary_of([], layout) == ({"files": [], "faults": {}}, [])
    assert list(tmp_path.iterdir()) == []


def test_times_are_bounds_after_they_lose_their_microseconds(tmp_path):
    schema = pa.schema({"at": pa.timestamp("us", "UTC"), "day": pa.date32()})
    layout = FileLayout(str(tmp_path), "", schema, (), {}, (), ("at", "day"))
    early = datetime(2017, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    late = datetime(2017, 1, 2, 0, 0, 0, 1, tzinfo=UTC)
    days = pa.array([date(2017, 1, 1), date(2017, 1, 2)])
    writer = FileWriter(layout)
    writer.write(pa.record_batch([pa.array([early, late], schema.field("at").type), days], schema))
    writer.finish()
    stats = json.loads(writer.files[0].stats)
    assert stats["minValues"] == {"at": "2017-01-01T00:00:00.000Z", "day": "2017-01-01"}
    assert stats["maxValues"] == {"at": "2017-01-02T00:00:00.001Z", "day": "2017-01-02"}


def test_a_text_too_long_for_the_log_has_no_bounds(tmp_path):
    schema = pa.schema({"text": pa.string()})
    layout = FileLayout(str(tmp_path), "", schema, (), {}, (), ("text",))
    writer = FileWriter(layout)
    writer.write(pa.record_batch([pa.array(["a", "b" * 300])], schema))
    writer.finish()
    stats = json.loads(writer.files[0].stats)
    assert (stats["minValues"], stats["maxValues"], stats["nullCount"]) == ({}, {}, {"text": 0})


def test_a_file_ends_where_it_is_full_but_never_within_a_group(layout, monkeypatch):
    monkeypatch.setattr(parquet_writer, "ROWS_PER_FILE", 2)
    rows = [stock((item, 1, None)) for item in ("a", "b", "c")]
    plain = replace(layout, sorted_by=())
    monkeypatch.setattr(parquet_writer, "ROWS_PER_GROUP", 1)
    assert [file["rows"] for file in summary_of(rows, plain)[0]["files"]] == [2, 1]
    grouped = replace(plain, whole_groups=("item_id",))
    assert [file["rows"] for file in summary_of(rows, grouped)[0]["files"]] == [3]


def test_chunks_are_of_the_rows_asked_for_and_lose_none():
    batches = [stock(*[(str(i), i, None)] * n) for i, n in enumerate((1, 5, 2))]
    chunks = list(in_chunks(iter(batches), 3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 2]
    assert pa.concat_tables(chunks)["pieces"].to_pylist() == [0, 1, 1, 1, 1, 1, 2, 2]


@pytest.mark.parametrize("table", ALL.values(), ids=list(ALL))
def test_workers_understand_the_checks_of_every_table(table, tmp_path):
    """Of no rows none breaks a check; a condition that does not parse would raise."""
    layout = layout_of(table, str(tmp_path), "")
    assert parquet_writer.faults_of(layout.schema.empty_table(), layout) == {}


def test_columns_of_a_condition_are_quoted_and_its_texts_are_not():
    condition = "both >= 1 AND unit IN ('unit', 'it''s both') AND units > 0"
    assert parquet_writer.quoted(condition, ["both", "unit", "units"]) == (
        """"both" >= 1 AND "unit" IN ('unit', 'it''s both') AND "units" > 0"""
    )
