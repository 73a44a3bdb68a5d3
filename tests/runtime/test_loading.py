"""Night after night the table is what loading everything at once would make it.

The same by both ways of writing: by workers on a path, by Spark alone on a URI.
"""

import csv
import io
import os
import re
import shutil
from datetime import date, timedelta
from operator import itemgetter

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from alsobought.errors import JobError
from alsobought.ingest.purchases import purchases
from alsobought.ingest.settings import PurchaseSource
from alsobought.runtime import commits, loading
from alsobought.runtime.store import Store, warehouse_path
from alsobought.tables.purchases import PURCHASES

NAMES = ("customer", "order", "item", "time", "line", "n")
FIRST = date(2017, 11, 2)
TABLES = ("purchases", "rejected_purchases")


@pytest.fixture(params=["on a path", "on a URI"])
def shop(request, project):
    """A project whose warehouse is on a path, and one whose warehouse only Spark can open."""
    if request.param == "on a URI":
        project.conf["warehouse"] = f"file://{project.home}/tables"
    return configured(project)


def configured(project, with_line=False):
    """The project with quantities, if wanted with line ids, and wide limits."""
    project.purchases["columns"]["quantity"] = "n"
    if with_line:
        project.purchases["columns"]["line"] = "line"
    project.purchases.update(max_rejected_share=0.9, max_future_share=0.9)
    return project


class Source:
    """The source's files as a dict, and what the table must be made of them."""

    def __init__(self, project, with_line):
        self.project, self.with_line = project, with_line
        self.lines = {}

    def write(self, name, *lines):
        """A file of lines such as "o1 tea 2017-11-01 1 2.0": order, item, day, line id, quantity.

        The order - is none, and of a guest if it is g1: neither has a customer. Nor is * one.
        """
        cells = [["" if line[0] in "-g" else "c", *line.lstrip("-*").split(" ")] for line in lines]
        self.lines[name] = [dict(zip(NAMES, values, strict=True)) for values in cells]
        text = io.StringIO()
        writer = csv.DictWriter(text, NAMES)
        writer.writeheader()
        writer.writerows(self.lines[name])
        self.project.file(f"purchases/{name}", text.getvalue())

    def copy(self, name, other):
        """The same bytes under another name."""
        folder = self.project.home / "purchases"
        shutil.copy(folder / name, folder / other)
        self.lines[other] = self.lines[name]

    def touch(self, name):
        """Deliver the same bytes again."""
        path = self.project.home / "purchases" / name
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000_000))

    def remove(self, name):
        """The file goes, its lines stay."""
        (self.project.home / "purchases" / name).unlink()

    def expected(self, as_of):
        """The good rows of every file that ever was, by the rules in plain Python."""
        key = itemgetter("order", "item", *(["line"] if self.with_line else ["time", "n"]))
        good = {}
        for name in sorted(self.lines, reverse=not self.with_line):
            for line in self.lines[name]:
                if (line["order"] or line["customer"]) and line["time"] < as_of.isoformat():
                    good[key(line)] = (*itemgetter("order", "item", "time", "n")(line), name)
        return sorted(good.values())

    def stored(self):
        """The rows of the table, with the name of their file."""
        table = DeltaTable(str(self.project.home / "tables" / "purchases"))
        return sorted(
            (row["order_id"] or "", row["item_id"], f"{row['purchased_at']:%Y-%m-%d}",
             str(row["quantity"]), row["source_file"].rpartition("/")[2])
            for row in table.to_pyarrow_table().to_pylist()
        )  # fmt: skip


def nights(source):
    """What is delivered for each night; yields how many files it must read, of how many that are
    there: without line ids, and with them."""
    month = ["m1 tea 2017-11-01 1 1.0"]
    source.write(
        "2017-11-01.csv",
        "o1 tea 2017-11-01 1 1.0",
        "o1 jam 2017-11-01 2 1.0",
        "o1 jam 2017-11-01 2 1.0",
        "o2 tea 2017-11-01 1 1.0",
        "g1 tea 2017-11-01 1 1.0",
        "* tea 2017-11-01 7 1.0",
    )
    source.write("month.csv", *month)
    yield ("2", "2"), ("2", "2")

    # A day's file with a correction and a line of the day before, a line ahead and a broken one;
    # the month has grown.
    day_2 = ["o3 tea 2017-11-02 1 1.0", "o3 jam 2017-11-04 2 1.0", "- tea 2017-11-02 1 1.0"]
    source.write("2017-11-02.csv", "o1 tea 2017-11-01 1 2.0", "o2 tea 2017-11-01 1 1.0", *day_2)
    source.write("month.csv", *month, "m2 tea 2017-11-02 1 1.0")
    yield ("2", "3"), ("2", "3")

    # The same bytes again, and a late file, the first by name, with a line that another has too.
    source.touch("2017-11-01.csv")
    source.write(
        "2017-10-31.csv",
        "o0 tea 2017-10-31 1 1.0",
        "o1 jam 2017-11-01 2 1.0",
        "* tea 2017-11-01 7 1.0",
    )
    yield ("3", "4"), ("2", "4")

    # The day of the line ahead is over; a copy under another name.
    source.copy("month.csv", "copy.csv")
    yield ("2", "5"), ("2", "5")

    # The files whose lines stayed hold them no more: those of the others must come back.
    source.write("2017-11-02.csv", *day_2)
    source.write("2017-10-31.csv", "o0 tea 2017-10-31 1 1.0")
    source.remove("copy.csv")
    yield ("3", "4"), ("3", "4")


@pytest.mark.parametrize("with_line", [False, True], ids=["by content", "by line id"])
def test_every_night_is_what_loading_everything_at_once_would_make_it(shop, with_line):
    source = Source(configured(shop, with_line), with_line)
    as_of, read = FIRST, []
    for by_content, by_line in nights(source):
        printed = "; ".join([*shop.run_job("purchases", as_of.isoformat()), "2 of 2 files read"])
        assert source.stored() == source.expected(as_of), (as_of, printed)
        assert re.search(r"(\d) of (\d) files read", printed).groups() == (
            by_line if with_line else by_content
        )
        read += [printed]
        as_of += timedelta(days=1)
    assert read[0].startswith("purchases: 6 rows added, 0 removed; 7 rows read = 6 good + 1")
    assert re.search(r"no longer there, and their rows stay: .*/purchases/copy.csv;", read[-1])
    assert shop.run_job("purchases", as_of.isoformat())[0] == "purchases: nothing new in 4 files"


@pytest.mark.parametrize("with_line", [False, True], ids=["by content", "by line id"])
def test_a_fresh_warehouse_and_a_reload_have_the_same_rows_and_rejects(project, with_line):
    """Files that came one after the other, all at once in a fresh warehouse, and all at once."""
    several = configured(project, with_line)
    source = Source(several, with_line)
    first = "o1 tea 2017-11-01 1 1.0"
    source.write("b.csv", first, first, "o2 tea 2017-11-01 1 1.0", "- tea 2017-11-01 1 1.0")
    several.run_job("purchases")
    source.write("a.csv" if with_line else "c.csv", first, "o3 tea 2017-12-24 1 1.0")
    several.run_job("purchases")
    bit_by_bit = everything(several)
    assert "1 removed" not in several.run_job("purchases", reload=True)[0]
    assert everything(several) == bit_by_bit
    several.conf["warehouse"] = "tables/fresh"
    several.run_job("purchases")
    assert everything(several, "tables/fresh") == bit_by_bit
    assert len(bit_by_bit[0]) == 2
    assert sorted(row["reasons"] for row in bit_by_bit[1]) == [
        ["duplicate"], ["duplicate"], ["future_time"], ["no_order_and_no_customer"],
    ]  # fmt: skip


def everything(project, folder="tables"):
    """The rows of `purchases` and `rejected_purchases`."""
    tables = [DeltaTable(str(project.home / folder / name)) for name in TABLES]
    rows = [table.to_pyarrow_table().to_pylist() for table in tables]
    return [sorted(of_table, key=str) for of_table in rows]


def test_a_delta_table_is_read_as_its_data_files(project):
    """What is appended is read alone; what is deleted goes; a compaction changes no row."""
    path = str(project.home / "lines")
    project.purchases.update(path="lines", format="delta", max_future_share=0.9)

    def append(*orders, at="2017-11-30"):
        columns = {"customer": "c", "item": "tea", "time": at}
        lines = [{**columns, "order": order} for order in orders]
        write_deltalake(path, pa.Table.from_pylist(lines), mode="append")

    def stored():
        table = DeltaTable(str(project.home / "tables" / "purchases"))
        return sorted(table.to_pyarrow_table()["order_id"].to_pylist())

    append("o1", "o2")
    append("o3", at="2017-12-01")
    assert project.run_job("purchases")[0] == "purchases: 2 rows added, 0 removed"
    append("o4")
    assert project.run_job("purchases") == [
        "purchases: 1 rows added, 0 removed",
        "1 rows read = 1 good + 0 rejected",
        "1 of 3 files read, the others are as before",
    ]
    assert project.run_job("purchases", "2017-12-02")[0] == "purchases: 1 rows added, 0 removed"
    DeltaTable(path).delete("order = 'o1'")
    assert project.run_job("purchases", "2017-12-02")[0] == "purchases: 1 rows added, 2 removed"
    assert stored() == ["o2", "o3", "o4"]
    DeltaTable(path).optimize.compact()
    assert project.run_job("purchases", "2017-12-02")[0] == "purchases: 3 rows added, 3 removed"
    assert stored() == ["o2", "o3", "o4"]
    DeltaTable(path).delete()
    assert project.refusal("purchases") == (
        "lines has no rows: fill it, or correct [sources] path."
    )


def test_a_delta_table_with_deletion_vectors_is_read_whole_when_it_changes(project, spark):
    path = project.home / "lines"
    columns = "customer string, order string, item string, time string"
    spark.sql(
        f"CREATE TABLE delta.`{path}` ({columns}) USING delta "
        "TBLPROPERTIES (delta.enableDeletionVectors = true)"
    )
    spark.sql(f"INSERT INTO delta.`{path}` VALUES ('c', 'o1', 'tea', '2017-11-30'), "
              "('c', 'o2', 'tea', '2017-11-30')")  # fmt: skip
    project.purchases.update(path="lines", format="delta")
    assert project.run_job("purchases")[0] == "purchases: 2 rows added, 0 removed"
    assert project.run_job("purchases")[0] == "purchases: nothing new in 1 files"
    spark.sql(f"DELETE FROM delta.`{path}` WHERE order = 'o1'")
    assert project.run_job("purchases")[0] == "purchases: 1 rows added, 2 removed"


@pytest.mark.parametrize("is_made", [True, False])
def test_a_commit_that_fails_keeps_its_files_if_it_may_be_made(project, monkeypatch, is_made):
    """Made: as where the disk is full when a checkpoint is to follow. Else another run came first,
    and no version names the files."""
    source = Source(configured(project), with_line=False)
    source.write("1.csv", "o1 tea 2017-11-01 1 1.0")
    project.run_job("purchases")
    source.write("2.csv", "o2 tea 2017-11-01 1 1.0")
    commit = commits.Log.commit

    def failed(log, *given):
        if not is_made:
            raise commits.OtherCommit
        commit(log, *given)
        raise KeyboardInterrupt

    monkeypatch.setattr(commits.Log, "commit", failed)
    with pytest.raises(KeyboardInterrupt if is_made else JobError):
        project.run_job("purchases")
    monkeypatch.undo()
    assert len(list((project.home / "tables" / "purchases").glob("*.parquet"))) == 1 + is_made
    assert len(source.stored()) == 1 + is_made


def test_of_two_runs_that_began_on_one_version_the_second_is_refused(shop, spark):
    source = PurchaseSource.model_validate(shop.purchases)
    store = Store(spark, warehouse_path(shop.home, shop.conf["warehouse"]))
    target = loading.Target(PURCHASES, None, FIRST)
    Source(shop, with_line=False).write("1.csv", "o1 tea 2017-11-01 1 1.0")
    both = [loading.reading(store, source, shop.home, target) for _ in range(2)]
    first, second = (purchases(read.lines(spark), source, FIRST) for read in both)
    loading.write_judged(store, both[0], first, {"job": "purchases", "run": 1})
    with pytest.raises(JobError, match=r"^Another run changed the same rows while this one"):
        loading.write_judged(store, both[1], second, {"job": "purchases", "run": 2})
    assert len(Source(shop, with_line=False).stored()) == 1
