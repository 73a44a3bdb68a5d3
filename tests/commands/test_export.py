"""`alsobought export` of related items and of customers' lists: one list a row, in each format."""

import csv
import json
from datetime import date

import pyarrow.parquet as pq
import pytest

from alsobought.commands.export import ExportOptions, write_lists
from alsobought.errors import NotFoundError
from alsobought.runtime.run import context
from alsobought.runtime.store import Store
from alsobought.tables.outcome import Outcome
from alsobought.tables.recommend import BESTSELLERS
from alsobought.tables.related import RELATED_ITEMS
from tests.project import AS_OF, toml

EVIDENCE = (3, 1.5, 4, 5, 10)
LISTED = [
    ("order", "all", "together", "lift", "tea", 2, "milk", 1.5, *EVIDENCE),
    ("order", "all", "together", "lift", "tea", 1, 'jam "x", y', 2.5, *EVIDENCE),
    ("order", "all", "together", "excess", "tea", 1, "milk", 1.5, *EVIDENCE),
]
BEST = [
    ("all", None, "bestsellers", 1, "tea", 2.0, 2, 3),
    ("all", None, "bestsellers", 2, "jam", 1.0, 1, 1),
    ("x", None, "bestsellers", 1, "jam", 1.0, 1, 1),
]
PLACES = [
    {"rank": 1, "item_id": 'jam "x", y', "score": 2.5, "both": 3, "expected": 1.5},
    {"rank": 2, "item_id": "milk", "score": 1.5, "both": 3, "expected": 1.5},
]
KEY = "all/order/together/lift/tea"


@pytest.fixture
def exported(project, frame):
    """exported(format, metric=None): the folder of the exported lists of a shop."""
    day = date.fromisoformat(AS_OF)
    (project.home / "conf" / "test.toml").write_text(toml(project.conf), encoding="utf-8")
    store = Store(project.spark, f"{project.home}/tables")
    for table, rows in ((RELATED_ITEMS, LISTED), (BESTSELLERS, BEST)):
        store.write(table, Outcome(frame(table.ddl, *rows)), day, {"job": "x"})
    where = context(project.home, "test", day, [])

    def written(form, table="related_items", **only):
        options = ExportOptions(
            table=table, env="test", as_of=AS_OF, to=f"{project.home}/lists",
            shards=1, form=form, **only,
        )  # fmt: skip
        return write_lists(project.spark, where, options), project.home / "lists"

    return written


def test_lists_as_json_lines_csv_and_parquet(exported, capsys):
    card, folder = exported("jsonl")
    lists = [json.loads(line) for line in (folder / "shard-00000.jsonl").open(encoding="utf-8")]
    assert lists[1] == {
        "key": KEY, "market": "all", "unit": "order", "relation": "together", "metric": "lift",
        "item_id": "tea", "related_items": PLACES,
    }  # fmt: skip
    assert (len(lists), card["lists"], card["table"]) == (2, {}, "related_items")
    _, folder = exported("csv", metric="lift")
    with (folder / "shard-00000.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["key"], json.loads(row["related_items"])) == (KEY, PLACES)
    card, folder = exported("parquet", metric="lift", unit="order")
    table = pq.read_table(folder / "shard-00000.parquet")
    assert table.select(["key", "related_items"]).to_pylist() == [
        {"key": KEY, "related_items": PLACES}
    ]
    assert card["lists"] == {"unit": "order", "metric": "lift"}
    assert sorted(path.name for path in folder.iterdir() if path.name[0] != ".") == [
        "card.json", "shard-00000.parquet",
    ]  # fmt: skip


def test_lists_that_are_every_customers(exported):
    card, folder = exported("jsonl", table="bestsellers", market="all")
    lists = [json.loads(line) for line in (folder / "shard-00000.jsonl").open(encoding="utf-8")]
    assert lists == [
        {
            "key": "all/bestsellers", "market": "all", "model": "bestsellers", "customer_id": None,
            "items": [
                {"rank": 1, "item_id": "tea", "score": 2.0},
                {"rank": 2, "item_id": "jam", "score": 1.0},
            ],
        }
    ]  # fmt: skip
    assert (card["lists"], card["table"]) == ({"market": "all"}, "bestsellers")
    with pytest.raises(NotFoundError) as error:
        exported("jsonl", table="bestsellers", model="als")
    assert str(error.value) == "bestsellers of 2017-12-01 has no list of model 'als'."


def test_no_list_of_that_kind(exported, tmp_path):
    with pytest.raises(NotFoundError) as error:
        exported("jsonl", metric="npmi", unit="order")
    assert str(error.value) == (
        "related_items of 2017-12-01 has no list of unit 'order', metric 'npmi'."
    )
    assert not (tmp_path / "lists").exists()
