"""What workers do with judged rows: write them, scan keys, find rows, write files anew."""

import json
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alsobought.compiled.hashing import hash_columns
from alsobought.errors import JobError
from alsobought.runtime.judged_files import (
    MAYBE,
    JudgedLayout,
    KeyScan,
    Replaced,
    layout_of_rejected,
    read_rows,
    rewrite_files,
    scan_keys,
    write_judged,
)
from alsobought.runtime.loading_by_files import require_same_files
from alsobought.runtime.parquet_writer import FileLayout, StagedFile
from alsobought.runtime.repeated_lines import copies_in, layout_of_copies

SCHEMA = pa.schema(
    {
        "line": pa.string(),
        "cents": pa.int64(),
        "sold_at": pa.timestamp("us", "UTC"),
        "source_file": pa.string(),
    }
)
EARLY, LATE = datetime(2017, 11, 30, tzinfo=UTC), datetime(2017, 12, 1, tzinfo=UTC)
MICROS = int(LATE.timestamp()) * 1_000_000
OF_A = Replaced(frozenset({"a"}), "sold_at", MICROS)


@pytest.fixture
def layout(tmp_path):
    return FileLayout(str(tmp_path), "", SCHEMA, ("line",), {"paid": "cents > 0"}, ("line",), ())


def orders(*lines):
    columns = zip(*lines, strict=True)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], SCHEMA)


STORED = orders(
    ("1", 10, EARLY, "a"), ("2", 20, LATE, "a"), ("3", 30, EARLY, "b"), ("4", 40, EARLY, "a")
)


@pytest.fixture
def stored(tmp_path):
    """A file of two row groups."""
    pq.write_table(STORED, tmp_path / "old.parquet", row_group_size=2)
    return "old.parquet"


def of_files(*places):
    names, numbers = zip(*places, strict=True)
    return [pa.record_batch([pa.array(names), pa.array(numbers, pa.int32())], ["file", "place"])]


def lines_of(tmp_path, summary):
    tables = [pq.read_table(tmp_path / file["path"]) for file in summary["files"]]
    return [line for table in tables for line in table["line"].to_pylist()]


def test_good_rows_rejected_rows_and_the_account_come_from_one_pass(tmp_path, layout):
    rejected = layout_of_rejected(str(tmp_path / "rejected"))
    copies = layout_of_copies(str(tmp_path / "copies"), SCHEMA)
    ahead, both = ["future_time"], ["future_time", "unreadable_price"]
    reasons = pa.array([[], ahead, [], both, ["missing_line"]], pa.list_(pa.string()))
    rows = orders(
        ("1", 10, EARLY, "a"),
        ("2", 20, LATE, "a"),
        ("3", 30, EARLY, "b"),
        ("4", 5, LATE.replace(hour=1), "a"),
        (None, 5, None, "a"),
    )
    rows = rows.append_column("reasons", reasons)
    rows = rows.append_column("row", pa.array([None, "two", None, "four", "five"]))
    judged = JudgedLayout(layout, rejected, copies, "sold_at", "future_time")
    *keys, last = write_judged(iter(rows.to_batches()), judged)
    summary = json.loads(last["info"][0].as_py())
    assert lines_of(tmp_path, summary) == ["1", "3"]
    assert sum(len(batch) for batch in keys) == 2
    (path,) = summary["rejected"]
    assert pq.read_table(tmp_path / "rejected" / path)["row"].to_pylist() == ["two", "four", "five"]
    by_reason = {"future_time": 2, "unreadable_price": 1, "missing_line": 1}
    assert summary["accounts"] == {
        "a": {"read": 4, "good": 1, "ahead": 1, "ahead_from": MICROS, "by_reason": by_reason},
        "b": {"read": 1, "good": 1, "ahead": 0, "ahead_from": None, "by_reason": {}},
    }


def test_copies_of_a_row_are_set_aside_with_the_place_of_the_one_that_stays(tmp_path, layout):
    """Rows of one key that differ, be it by their file, are not alike."""
    rows = orders(
        ("1", 10, EARLY, "a"),
        ("2", 10, EARLY, "a"),
        ("1", 10, EARLY, "a"),
        ("1", 10, EARLY, "b"),
        ("2", 10, LATE, "a"),
        ("3", 10, EARLY, "a"),
        ("3", 10, EARLY, "a"),
    )
    assert copies_in(rows, ("line",)) == {2: 0, 6: 5}
    rows = rows.append_column("reasons", pa.array([[]] * len(rows), pa.list_(pa.string())))
    rows = rows.append_column("row", pa.nulls(len(rows), pa.string()))
    aside = [str(tmp_path / name) for name in ("rejected", "copies")]
    layouts = layout, layout_of_rejected(aside[0]), layout_of_copies(aside[1], SCHEMA)
    judged = JudgedLayout(*layouts, "sold_at", "future_time")
    *_, last = write_judged(iter(rows.to_batches()), judged)
    summary = json.loads(last["info"][0].as_py())
    assert lines_of(tmp_path, summary) == ["1", "2", "1", "2", "3"]
    assert summary["accounts"]["a"]["good"] == 6
    copies = pq.read_table(f"{aside[1]}/{summary['copies'][0]}").to_pylist()
    twins = [(row["line"], row["_twin_file"], row["_twin_place"]) for row in copies]
    file = summary["files"][0]["path"]
    assert twins == [("1", file, 0), ("3", file, 4)]


@pytest.mark.parametrize("only_wanted", [False, True])
def test_keys_that_stand_are_scanned_but_for_what_is_replaced(tmp_path, stored, only_wanted):
    """The rows 1 and 4 of the file a lie before the as-of day, its row 2 does not."""
    hashes = hash_columns([STORED["line"].combine_chunks()])
    wanted = np.sort(hashes[[0, 2]]) if only_wanted else None
    scan = KeyScan(str(tmp_path), ("line",), OF_A, wanted)
    places = Counter()
    for batch in scan_keys([stored], scan):
        for keys, at in zip(batch["hashes"], batch["places"], strict=True):
            for key, place in zip(
                np.frombuffer(keys.as_buffer(), np.int64),
                np.frombuffer(at.as_buffer(), np.int32),
                strict=True,
            ):
                assert hashes[place] == key
                places[int(place)] += 1
    assert places == ({2: 1} if only_wanted else {1: 1, 2: 1})


def test_rows_are_read_at_their_places_in_any_row_group(tmp_path, stored):
    batches = list(read_rows(of_files((stored, 3), (stored, 0)), str(tmp_path), SCHEMA))
    rows = pa.Table.from_batches(batches)
    assert rows.select(SCHEMA.names).to_pylist() == [STORED.to_pylist()[i] for i in (0, 3)]
    assert rows["place"].to_pylist() == [0, 3]
    assert rows["file"].to_pylist() == [stored, stored]


@pytest.mark.parametrize(
    ("places", "stay"),
    [
        ([0], ["2", "3", "4"]),  # a row that gives way; what is replaced is not asked for
        ([MAYBE], ["2", "3"]),
        ([MAYBE, 1, 2], []),
    ],
)
def test_a_file_is_written_anew_without_the_rows_that_go(tmp_path, layout, stored, places, stay):
    given = of_files(*[(stored, None if place == MAYBE else place) for place in places])
    (last,) = [b for b in rewrite_files(given, layout, OF_A) if b["info"][0].is_valid]
    summary = json.loads(last["info"][0].as_py())
    assert lines_of(tmp_path, summary) == stay
    assert summary["dropped"] == {stored: 4 - len(stay)}
    assert (tmp_path / stored).exists()  # a reader of the version before may need it


def test_a_file_that_loses_nothing_is_left_as_it_is(tmp_path, layout, stored):
    other = Replaced(frozenset({"c"}), "sold_at", MICROS)
    (last,) = rewrite_files(of_files((stored, None)), layout, other)
    assert json.loads(last["info"][0].as_py()) == {"files": [], "faults": {}, "dropped": {}}


def test_rows_that_a_lost_worker_has_written_again_elsewhere_are_not_taken():
    files = [StagedFile("a", 1, 1, ""), StagedFile("b", 1, 1, "")]
    require_same_files(["a", "b"], files)
    with pytest.raises(JobError, match="A worker was lost"):
        require_same_files(["a", "c"], files)
