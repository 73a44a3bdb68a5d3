"""The record of loaded files is true of the table, whoever commits and whatever dies when."""

import json
from datetime import date, datetime

import deltalake
import pytest

from alsobought.ingest.loaded import LoadedFile, LoadedFiles, SourceFile
from alsobought.runtime import loaded_files
from alsobought.runtime.loaded_files import pointer
from alsobought.runtime.store import Store
from alsobought.tables.purchases import PURCHASES

HEAD = "customer,order,item,time\n"


def commit(number, operation="WRITE", run=None, **parameters):
    recorded = {} if run is None else {"userMetadata": json.dumps(run)}
    return {
        "version": number,
        "operation": operation,
        "operationParameters": parameters,
        **recorded,
    }


def ours(number, name):
    return commit(number, run={"job": "purchases", "loaded_files": name}, mode="Overwrite")


OURS = [ours(3, "c"), ours(2, "b"), ours(1, "a"), commit(0, "CREATE TABLE")]


@pytest.mark.parametrize(
    ("later", "name"),
    [
        ([], "c"),
        ([commit(4, "OPTIMIZE"), ], "c"),
        ([commit(5, "DELETE"), commit(4, "SET TBLPROPERTIES")], "c"),
        ([commit(4, mode="Append")], "c"),
        ([commit(4, mode="Overwrite")], None),
        ([commit(4, "CREATE OR REPLACE TABLE AS SELECT")], None),
        ([commit(5, "OPTIMIZE"), commit(4, "RESTORE", version="2")], "b"),
        ([commit(5, "RESTORE", version=4), commit(4, "RESTORE", version=1)], "a"),
        ([commit(5, "RESTORE", version="3"), commit(4, mode="Overwrite")], "c"),
        ([commit(4, "RESTORE", version=None, timestamp="2017-12-01 00:00:00")], None),
        ([commit(4, "RESTORE", version="0")], None),
        ([commit(4, run={"job": "purchases"})], None),  # by a version that kept no record
        ([commit(4, run=["not a run"])], "c"),
    ],
)  # fmt: skip
def test_the_record_that_is_true_after_commits_of_others(later, name):
    assert pointer([*later, *OURS]) == name


def test_a_table_that_was_only_created_has_no_record():
    assert pointer([commit(0, "CREATE TABLE")]) is None


def test_a_record_reads_as_it_was_written_and_anything_else_as_none():
    first = LoadedFile(SourceFile("a", 1, 2), 3, datetime(2018, 1, 1), frozenset({"b", "gone"}))  # noqa: DTZ001
    second = LoadedFile(SourceFile("b", 4, 5, version=6), 0)
    record = LoadedFiles({"a": first, "b": second}, date(2017, 12, 1), {"delimiter": ","})
    text = loaded_files.as_text(record)
    assert loaded_files.parsed(text) == record
    for broken in ("", text[:-1], "[]", "{}", text.replace('"rows"', '"lines"')):
        assert loaded_files.parsed(broken) == LoadedFiles()


def test_a_record_without_its_commit_and_commits_without_a_record(project, spark):
    """A run that died before its commit, OPTIMIZE, RESTORE, a record that was deleted."""
    table = project.home / "tables" / "purchases"
    project.file("purchases/1.csv", HEAD + "c1,o1,tea,2017-11-30\n")
    project.run_job("purchases")
    first = project.version("purchases")
    project.file("purchases/2.csv", HEAD + "c2,o2,tea,2017-11-30\n")
    store = Store(spark, str(project.home / "tables"))
    unseen = LoadedFiles({"x": LoadedFile(SourceFile("x", 1, 1), 1)})
    loaded_files.write(store, PURCHASES, unseen)  # as a run leaves it that dies before its commit
    reads_second = ["purchases: 1 rows added, 0 removed", "1 rows read = 1 good + 0 rejected"]
    assert project.run_job("purchases")[:2] == reads_second
    spark.sql(f"OPTIMIZE delta.`{table}`")
    assert project.run_job("purchases") == ["purchases: nothing new in 2 files"]
    spark.sql(f"RESTORE delta.`{table}` TO VERSION AS OF {first}")
    assert project.run_job("purchases")[:2] == reads_second
    metadata = json.loads(deltalake.DeltaTable(str(table)).history(1)[0]["userMetadata"])
    (table / "_loaded_files" / metadata["loaded_files"]).unlink()
    assert project.run_job("purchases")[:2] == [
        "purchases: 2 rows added, 2 removed",
        "2 rows read = 2 good + 0 rejected",
    ]
    orders = deltalake.DeltaTable(str(table)).to_pyarrow_table()["order_id"].to_pylist()
    assert sorted(orders) == ["o1", "o2"]
