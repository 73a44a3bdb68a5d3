"""--served: the lists of the served day and version, whatever was made since."""

import json
import re

import pytest

from alsobought.runtime.warehouse import Warehouse
from tests.command import printed, separately
from tests.commands import item_tables
from tests.commands.serving_tables import FIRST, SECOND, decide, lists_of
from tests.project import REPO


@pytest.fixture
def served(catalogue):
    """The first day's lists are served: tea with jam. It was run again since, and a second day."""
    decide(catalogue, ("promoted", FIRST, lists_of(catalogue, FIRST, "jam")))
    lists_of(catalogue, FIRST, "salt")
    lists_of(catalogue, SECOND, "milk")
    item_tables.write(
        catalogue, "co_purchases", item_tables.PAIR,
        [(FIRST, "order", "all", "together", "tea", "jam", 2, 1.0, 4, 4, 10)], day=FIRST,
    )  # fmt: skip
    return catalogue


@pytest.fixture(autouse=True)
def one_metric(request, tmp_path):
    """The environment's lists are by lift."""
    request.getfixturevalue("served")
    toml = tmp_path / "conf" / "test.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace('["pearson_residual", "lift"]', '["lift"]'), encoding="utf-8")


def test_show_and_why_are_of_the_served_version():
    listed = json.loads(separately("show", "tea", "--unit", "order", "--served", "--json")[1])
    assert [(row["as_of"], row["related_item_id"]) for row in listed] == [("2024-01-01", "jam")]
    of_day = json.loads(
        separately("show", "tea", "--unit", "order", "--as-of", "2024-01-01", "--json")[1]
    )
    assert [row["related_item_id"] for row in of_day] == ["salt"]
    (row,) = json.loads(separately("why", "tea", "jam", "--unit", "order", "--served", "--json")[1])
    assert (row["as_of"], row["metric"], row["rank"], row["length"]) == ("2024-01-01", "lift", 1, 1)


def test_the_example_of_a_reader_reads_the_served_rows(served, tmp_path, monkeypatch):
    """What docs/operations.md shows, run as it stands but for the ids."""
    text = (REPO / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition("## What is served")[2]
    example = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "warehouse" / "prod").symlink_to(served)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(example.replace("1001", "ann"), names)
    assert names["places"] == [("jam",)]


def test_a_suggested_command_is_of_the_served_lists_too():
    assert printed("show", "drinks", "--served")[1][-1] == (
        "Choose one: alsobought show milk --env test --served"
    )


def test_the_served_day_and_another_are_not_both():
    for words in (["show", "tea"], ["recommend", "ann"]):
        assert printed(*words, "--served", "--as-of", "2024-01-02") == (
            1, ["error: Give --served or --as-of, not both."]
        )  # fmt: skip
    export = ["export", "related_items", "--env", "test", "--to", "lists"]
    assert printed(*export) == (1, ["error: Give --as-of or --served."])
    assert printed(*export, "--served", "--as-of", "2024-01-02") == (
        1, ["error: Give --served or --as-of, not both."]
    )  # fmt: skip
    training = ["export", "training_examples", *export[2:], "--served"]
    assert printed(*training) == (
        1, ["error: training_examples is exported without --served."]
    )  # fmt: skip


def test_a_table_that_is_not_served(served):
    versions = {"related_items": Warehouse(str(served)).version("related_items")}
    decide(served, ("promoted", SECOND, versions))
    assert printed("recommend", "ann", "--served") == (
        3, ["error: recommendations is not served; of 2024-01-02 there are related_items."]
    )  # fmt: skip
    assert printed("show", "tea", "--unit", "order", "--served")[0] == 0


def test_served_lists_that_were_vacuumed(served):
    for file in (served / "related_items" / "as_of=2024-01-01").glob("*.parquet"):
        file.unlink()
    code, (said,) = printed("show", "tea", "--served")
    assert code == 1
    assert said.startswith(
        "error: The lists of 2024-01-01 cannot be served: version 1 of related_items is no longer"
    )
