"""A table that is created without Spark is the table that Spark creates."""

import json
from dataclasses import replace
from pathlib import Path

import deltalake
import pytest

from alsobought.runtime import creation
from alsobought.runtime.store import Store
from alsobought.tables.offers import OFFERS
from alsobought.tables.related import RELATED_ITEMS


def first_version(folder):
    """The actions of version 0, parsed, without what differs from run to run."""
    lines = (Path(folder) / "_delta_log" / creation.FIRST_VERSION).read_text().splitlines()
    actions = {name: action for line in lines for name, action in json.loads(line).items()}
    metadata = actions["metaData"]
    metadata["schemaString"] = json.loads(metadata["schemaString"])
    operation = actions["commitInfo"].pop("operationParameters")
    actions["commitInfo"]["operationParameters"] = operation | {
        "properties": json.loads(operation["properties"])
    }
    for name in ("timestamp", "engineInfo", "txnId"):
        actions["commitInfo"].pop(name, None)
    for name in ("id", "createdTime"):
        del metadata[name]
    return actions


@pytest.mark.parametrize(
    "table", [RELATED_ITEMS, replace(OFFERS, checks={})], ids=["of days, with checks", "with maps"]
)
def test_spark_creates_the_same_version(spark, tmp_path, table):
    Store(spark, str(tmp_path)).create(table)
    Store(spark, f"file://{tmp_path}/by_spark").create(table)
    created = first_version(tmp_path / table.name)
    assert created == first_version(tmp_path / "by_spark" / table.name)
    assert created["protocol"]["minWriterVersion"] == (3 if table.checks else 2)


def test_a_table_that_is_there_stays(tmp_path):
    path = str(tmp_path / OFFERS.name)
    creation.create(path, OFFERS)
    before = deltalake.DeltaTable(path).metadata().id
    creation.create(path, OFFERS)
    assert deltalake.DeltaTable(path).metadata().id == before
    assert [file.name for file in (tmp_path / OFFERS.name / "_delta_log").iterdir()] == [
        creation.FIRST_VERSION
    ]


def test_spark_creates_the_table_where_there_are_no_hard_links(spark, tmp_path, monkeypatch):
    def refused(source, target):
        raise PermissionError(1, "Operation not permitted", source)

    monkeypatch.setattr(creation.os, "link", refused)
    assert not creation.create(str(tmp_path / "by_hand"), OFFERS)
    Store(spark, str(tmp_path)).create(OFFERS)
    assert first_version(tmp_path / OFFERS.name)["protocol"]["minWriterVersion"] == 3
