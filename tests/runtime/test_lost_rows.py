"""Rows that give way: the driver's answer for few of them is Spark's for many."""

import json
from datetime import date

import pytest
from deltalake import DeltaTable

from alsobought.runtime import loading_by_files, lost_rows, staging
from tests.runtime.test_loading import Source, configured

NONE = -1  # more rows than the driver takes on


@pytest.fixture(params=["the driver", "Spark"])
def source(request, project, monkeypatch):
    if request.param == "Spark":
        monkeypatch.setattr(staging, "ROWS_ON_DRIVER", NONE)
        for name in ("ROWS_READ_ON_DRIVER", "REPEATS_ON_DRIVER"):
            monkeypatch.setattr(lost_rows, name, NONE)
        for name in ("ROWS_READ_ON_DRIVER", "MOST_ROWS"):
            monkeypatch.setattr(loading_by_files, name, NONE)
    return Source(configured(project, with_line=True), with_line=True)


def table_of(source, name):
    return DeltaTable(str(source.project.home / "tables" / name))


def account_of(source):
    """Of the last load: read, good, rejected, repeated."""
    run = json.loads(table_of(source, "purchases").history(1)[0]["userMetadata"])
    return [run["account"][name] for name in ("read", "good", "rejected", "repeated")]


def rejected(source):
    """The end of the file's name, reasons, quantity as it was read or stored, and copies."""
    rows = table_of(source, "rejected_purchases").to_pyarrow_table().to_pylist()
    texts = [json.loads(row["row"]) for row in rows]
    quantities = [text.get("n", text.get("quantity")) for text in texts]
    return sorted(
        (row["source_file"][-5:], row["reasons"], quantity, row["copies"])
        for row, quantity in zip(rows, quantities, strict=True)
    )


def test_copies_go_the_way_of_the_row_that_they_are_alike(source):
    """They give way to it, and where that gives way to another file's row, to that one."""
    corrected, twice = "o1 tea 2017-11-01 1 1.0", "o2 tea 2017-11-01 1 2.0"
    source.write("1.csv", corrected, corrected, twice, twice, "o9 tea 2017-11-01 1 -1")
    source.write("2.csv", "o1 tea 2017-11-01 1 3.0")
    said = source.project.run_job("purchases", "2017-11-02")
    assert said[0] == "purchases: 2 rows added, 0 removed"
    assert [(row[0], *row[3:]) for row in source.stored()] == [
        ("o1", "3.0", "2.csv"),
        ("o2", "2.0", "1.csv"),
    ]
    assert account_of(source) == [6, 2, 4, 2]
    assert rejected(source) == [
        ("1.csv", ["duplicate"], 1.0, 2),
        ("1.csv", ["duplicate"], 2.0, 1),
        ("1.csv", ["quantity_not_positive"], "-1", 1),
    ]

    # A row that stands in the table gives way; its file has not been read.
    source.write("3.csv", "o2 tea 2017-11-01 1 4.0")
    said = source.project.run_job("purchases", "2017-11-02")
    assert said[0] == "purchases: 1 rows added, 1 removed"
    assert [row[3:] for row in source.stored()] == [("3.0", "2.csv"), ("4.0", "3.csv")]
    assert account_of(source) == [1, 1, 0, 0]
    assert len(rejected(source)) == 3


def test_a_file_corrects_its_row_that_a_later_day_has_loaded(source):
    """The rows lie ahead of the run's day, so that they are not replaced as the file's others."""
    orders = [f"o{n}" for n in range(6)]
    source.write("1.csv", *(f"{order} tea 2017-11-03 1 1.0" for order in orders))
    source.project.run_job("purchases", "2017-11-04")
    source.write("1.csv", *(f"{order} tea 2017-11-01 1 2.0" for order in orders))
    said = source.project.run_job("purchases", "2017-11-02")
    assert said[0] == "purchases: 6 rows added, 6 removed"
    assert source.stored() == source.expected(date(2017, 11, 2))
    assert account_of(source) == [6, 6, 0, 0]


def forbidden(*given):
    raise AssertionError("not of that many rows, or of none")


@pytest.mark.parametrize(
    ("module", "most", "by_driver"),
    [
        (lost_rows, "REPEATS_ON_DRIVER", "rows_that_give_way"),
        (loading_by_files, "MOST_ROWS", "replace_by_driver"),
    ],
)
def test_more_than_few_rows_are_not_the_driver_s(project, monkeypatch, module, most, by_driver):
    """The rows that give way, and copies, are counted whatever few bytes they have."""
    source = Source(configured(project, with_line=True), with_line=True)
    lines = [f"o{n} tea 2017-11-01 1 1.0" for n in range(2)]
    source.write("1.csv", *lines, lines[0])
    source.write("2.csv", *(line.replace("1.0", "2.0") for line in lines))
    monkeypatch.setattr(module, most, 2)
    monkeypatch.setattr(module, by_driver, forbidden)
    project.run_job("purchases")
    assert source.stored() == source.expected(date(2017, 11, 2))
    assert rejected(source) == [("1.csv", ["duplicate"], 1.0, n) for n in (1, 2)]


def test_a_run_without_good_rows_compares_no_keys(project, monkeypatch):
    source = Source(configured(project, with_line=True), with_line=True)
    project.purchases["max_rejected_share"] = 1.0
    source.write("1.csv", "o1 tea 2017-11-01 1 1.0")
    project.run_job("purchases")
    source.write("2.csv", "o1 tea 2017-11-01 1 -1")
    monkeypatch.setattr(lost_rows, "scan_keys", forbidden)
    assert project.run_job("purchases")[0] == "purchases: 0 rows added, 0 removed"
