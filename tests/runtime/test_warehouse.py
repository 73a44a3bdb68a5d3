"""Delta tables read without Spark: queries, days, commits, and what cannot be read."""

import json
from datetime import date

import pyarrow as pa
import pytest
from deltalake import CommitProperties, write_deltalake

from alsobought.errors import JobError
from alsobought.runtime import config
from alsobought.runtime.warehouse import Warehouse, quoted

RUN = {"job": "sales", "as_of": "2024-01-02"}
MISSING = "^stock is not built yet: run the job stock first.$"


@pytest.fixture
def tables(tmp_path):
    """Two tables: one of two days whose second commit records a run, one that keeps no days."""
    write(tmp_path, "sales", {"as_of": [date(2024, 1, 1)], "n": [1]})
    write(tmp_path, "sales", {"as_of": [date(2024, 1, 2)] * 2, "n": [2, 3]}, json.dumps(RUN))
    write(tmp_path, "items", {"n": [3], "title": ["Tea's best"]}, "no JSON")
    return tmp_path


def write(folder, name, columns, user_metadata=None):
    custom = {"userMetadata": user_metadata} if user_metadata else None
    write_deltalake(
        str(folder / name),
        pa.table(columns),
        mode="append",
        partition_by=["as_of"] if "as_of" in columns else None,
        commit_properties=CommitProperties(custom_metadata=custom),
    )


def test_a_query_reads_the_tables_that_it_is_given(tables):
    query = "SELECT title, sales.n FROM sales JOIN items ON items.n = sales.n"
    warehouse = Warehouse(str(tables))
    assert warehouse.rows(query, "sales", "items") == [{"title": "Tea's best", "n": 3}]
    of_tea = "SELECT n FROM items WHERE title = " + quoted("Tea's best")
    assert warehouse.rows(of_tea, "items") == [{"n": 3}]


def test_batches_are_the_same_rows_as_a_stream(tables):
    batches = list(Warehouse(str(tables)).batches("SELECT n FROM sales", "sales"))
    assert all(isinstance(batch, pa.RecordBatch) for batch in batches)
    assert sorted(n for batch in batches for n in batch.column("n").to_pylist()) == [1, 2, 3]


def test_text_comes_as_plain_strings(tables):
    warehouse, query = Warehouse(str(tables)), "SELECT title, n FROM items"
    assert warehouse.arrow(query, "items").schema.types == [pa.string(), pa.int64()]
    assert next(warehouse.batches(query, "items")).schema.types == [pa.string(), pa.int64()]


def test_a_table_stays_the_version_of_its_first_reading(tables):
    warehouse = Warehouse(str(tables))
    assert warehouse.days("sales") == ["2024-01-01", "2024-01-02"]
    write(tables, "sales", {"as_of": [date(2024, 1, 3)], "n": [4]})
    assert len(warehouse.rows("SELECT n FROM sales", "sales")) == 3
    assert warehouse.version("sales") == 1
    assert Warehouse(str(tables)).days("sales")[-1] == "2024-01-03"


def test_commits_come_newest_first_with_the_run_that_they_record(tables):
    warehouse = Warehouse(str(tables))
    commits = warehouse.commits("sales", 5)
    assert [(commit["version"], commit["run"]) for commit in commits] == [(1, RUN), (0, {})]
    assert commits[0]["committed_at"].utcoffset().total_seconds() == 0
    assert [commit["version"] for commit in warehouse.commits("sales", 1)] == [1]
    assert warehouse.commits("items", 5)[0]["run"] == {}


def test_the_size_is_rows_and_bytes_of_the_files(tables):
    rows, size = Warehouse(str(tables)).size("sales")
    assert rows == 3
    assert size == sum(path.stat().st_size for path in (tables / "sales").rglob("*.parquet"))
    assert Warehouse(str(tables)).days("items") == []


def test_what_is_not_built_or_cannot_be_read_is_an_error_that_names_the_table(tables):
    warehouse = Warehouse(str(tables))
    assert (warehouse.has("sales"), warehouse.has("stock")) == (True, False)
    with pytest.raises(JobError, match=MISSING):
        warehouse.rows("SELECT * FROM stock", "stock")
    with pytest.raises(JobError, match=MISSING):
        list(warehouse.batches("SELECT * FROM stock", "stock"))
    for path in (tables / "sales").rglob("*.parquet"):
        path.write_bytes(b"cut short")
    with pytest.raises(JobError, match=r"^sales or items cannot be read: .*[^.]\.$"):
        warehouse.rows(
            "SELECT sales.n FROM sales JOIN items ON items.n = sales.n", "sales", "items"
        )
    with pytest.raises(JobError, match=r"^sales cannot be read: "):
        list(warehouse.batches("SELECT n FROM sales", "sales"))


def test_the_warehouse_is_the_environments(tables):
    (tables / "conf").mkdir()
    (tables / "conf" / "here.toml").write_text('warehouse = "."\n[spark]\n[jobs]\n', "utf-8")
    environment = config.load_sections(tables, "here")
    assert Warehouse.of(tables, environment).days("sales") == ["2024-01-01", "2024-01-02"]
