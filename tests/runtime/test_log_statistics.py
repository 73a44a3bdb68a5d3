"""Delta's logs without the bounds that tell an id: commits, checksums, checkpoints."""

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from alsobought.runtime.customers_in_rows import Customers
from alsobought.runtime.log_statistics import bounds_that_tell, files_of, without_bounds

LONG = "customer-" + "x" * 40
TELLS = bounds_that_tell(Customers(frozenset({"ann", LONG}), offers=frozenset({"26-ann"})))


@pytest.mark.parametrize(
    ("column", "value", "does_tell"),
    [
        ("customer_id", "ann", True),
        ("customer_id", "anna", False),
        ("customer_id", LONG[:32], True),  # cut short
        ("customer_id", LONG[:32] + "\U0010ffff", True),  # cut short, to be a bound from above
        ("customer_id", LONG[:31], False),
        ("customer_id", None, False),
        ("item_id", "ann", False),
        ("offer_id", "26-ann", True),
        ("line", "ann-7", True),
        ("row", '{"customer":"ann"', True),
        ("row", '{"customer":"bob"', False),
        ("example_id", '["all","ann","tea"]', True),
    ],
)
def test_which_bounds_tell_an_id(column, value, does_tell):
    assert TELLS(column, value) is does_tell


@pytest.fixture
def table(tmp_path):
    """Two versions, ann in the first alone; then a checkpoint and a checksum of all files."""
    path = str(tmp_path / "t")
    for customers in (["ann", "bob"], ["bob", "cid"]):
        rows = pa.table({"customer_id": customers, "item_id": ["ann", "tea"], "n": [1, 2]})
        write_deltalake(path, rows, mode="append")
    DeltaTable(path).create_checkpoint()
    log = tmp_path / "t" / "_delta_log"
    adds = [json.loads(line) for line in (log / f"{0:020}.json").read_text().splitlines()]
    all_files = [entry["add"] for entry in adds if "add" in entry]
    (log / f"{1:020}.crc").write_text(json.dumps({"numFiles": 2, "allFiles": all_files}))
    (log / f".{0:020}.json.crc").write_bytes(b"of the old bytes")
    (log / f".{1:020}.json.crc").write_bytes(b"of the old bytes")
    return tmp_path / "t"


def bounds(path):
    """The least customer, the least item and the rows of each file, as the log has them."""
    files = pa.table(DeltaTable(str(path)).get_add_actions(flatten=True)).to_pylist()
    return [(row.get("min.customer_id"), row["min.item_id"], row["num_records"]) for row in files]


def test_bounds_that_tell_go_from_every_file_of_a_log_and_all_else_stays(table):
    log = table / "_delta_log"
    rows = DeltaTable(str(table)).to_pyarrow_table().sort_by("n").to_pylist()
    assert sorted(bounds(table)) == [("ann", "ann", 2), ("bob", "ann", 2)]
    time = 1_700_000_000_000_000_000
    for path in files_of(log):
        os.utime(path, ns=(time, time))
    second = (log / f"{1:020}.json").read_bytes()
    schema = pq.read_schema(next(log.glob("*.parquet")))
    assert without_bounds(log, TELLS) == 3
    assert {path.stat().st_mtime_ns for path in files_of(log)} == {time}
    assert "ann" not in str(bounds(table)[0][0]) + str(bounds(table)[1][0])
    assert sorted(map(str, bounds(table))) == ["('bob', 'ann', 2)", "(None, 'ann', 2)"]
    assert DeltaTable(str(table)).to_pyarrow_table().sort_by("n").to_pylist() == rows
    assert (log / f"{1:020}.json").read_bytes() == second
    assert sorted(path.name for path in log.glob(".*")) == [f".{1:020}.json.crc"]
    assert not list(log.glob("*[0-9].crc"))
    checkpoint = next(log.glob("*.parquet"))
    assert pq.read_schema(checkpoint) == schema
    stats = pa.compute.struct_field(pq.read_table(checkpoint)["add"], "stats").drop_null()
    assert {"ann" in json.loads(s)["minValues"].values() for s in stats.to_pylist()} == {True}
    assert not any('"customer_id":"ann"' in s for s in stats.to_pylist())
    assert without_bounds(log, TELLS) == 0


def test_a_checkpoint_with_parsed_bounds_too(tmp_path):
    parsed = {
        "numRecords": 1,
        "minValues": {"customer_id": "ann"},
        "maxValues": {"customer_id": "bob"},
    }
    row = {"add": {"path": "p", "stats": None, "stats_parsed": parsed}, "remove": None}
    bounds_type = pa.struct({"customer_id": pa.string()})
    parsed_type = pa.struct(
        {"numRecords": pa.int64(), "minValues": bounds_type, "maxValues": bounds_type}
    )
    file = pa.struct({"path": pa.string(), "stats": pa.string(), "stats_parsed": parsed_type})
    schema = pa.schema({"add": file, "remove": pa.struct({"path": pa.string()})})
    path = tmp_path / "0.checkpoint.parquet"
    pq.write_table(pa.Table.from_pylist([row], schema), path)
    assert without_bounds(tmp_path, TELLS) == 1
    (now,) = pq.read_table(path).to_pylist()
    assert now["add"]["stats_parsed"] == {
        "numRecords": 1, "minValues": {"customer_id": None}, "maxValues": {"customer_id": None}
    }  # fmt: skip
