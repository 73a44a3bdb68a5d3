"""`alsobought export related_items`: one list a row, in each format."""

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
from alsobought.tables.related import RELATED_ITEMS
from tests.project import AS_OF, toml

EVIDENCE = (3, 1.5, 4, 5, 10)
LISTED = [
    ("order", "all", "together", "lift", "tea", 2, "milk", 1.5, *EVIDENCE),
    ("order", "all", "together", "lift", "tea", 1, 'jam "x", y', 2.5, *EVIDENCE),
    ("order", "all", "together", "excess", "tea", 1, "milk", 1.5, *EVIDENCE),
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
    store.write(RELATED_ITEMS, Outcome(frame(RELATED_ITEMS.ddl, *LISTED)), day, {"job": "x"})
    where = context(project.home, "test", day, [])

    def written(form, **only):
        options = ExportOptions(
            table="related_items", env="test", as_of=AS_OF, to=f"{project.home}/lists",
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


def test_no_list_of_that_kind(exported, tmp_path):
    with pytest.raises(NotFoundError) as error:
        exported("jsonl", metric="npmi", unit="order")
    assert str(error.value) == (
        "related_items of 2017-12-01 has no list of unit 'order', metric 'npmi'."
    )
    assert not (tmp_path / "lists").exists()
