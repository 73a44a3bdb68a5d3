"""The looking commands, on eight items whose counts can be checked by hand."""

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, write_deltalake
from typer.testing import CliRunner

from alsobought.commands.cli import app

TOML = """
warehouse = "tables"
[spark]
[sources.purchases]
path = "purchases.csv"
format = "csv"
time_zone = "UTC"
max_rejected_share = 0.0
max_future_share = 0.0
[sources.purchases.columns]
customer_id = "customer"
order_id = "order"
item_id = "item"
purchased_at = "time"
[sources.items]
path = "items.csv"
format = "csv"
[sources.items.columns]
item_id = "item"
title = "title"
[baskets]
units = ["order", "customer"]
look_back_days = 30
count_repeats = true
[baskets.max_items]
order = 10
customer = 10
[lists]
metrics = ["pearson_residual", "lift"]
min_support = 99
[jobs]
"""
PARAMETERS = {"candidates": 3, "lists": {"metrics": ["pearson_residual", "lift"], "min_support": 2}}
NEW, OLD = date(2024, 1, 2), date(2024, 1, 1)
COUNTS = ("both", "expected", "buyers", "related_buyers", "units")
PAIR = ("as_of", "unit", "market", "relation", "item_id", "related_item_id", *COUNTS)
LISTED = (*PAIR[:4], "metric", "item_id", "rank", "related_item_id", "score", *COUNTS)
STATISTICS = ("as_of", "unit", "market", "item_id", "buyers", "purchases", "share", "units")
ITEMS = ("item_id", "title", "brand", "category", "is_available")

BOUGHT_WITH_TEA = {
    "rice": (2, 1.0, 4, 4, 10),
    "milk": (2, 0.5, 4, 2, 10),
    "jam": (3, 1.0, 4, 3, 10),
    "old": (2, 0.25, 4, 2, 10),
    "ghost": (2, 2.0, 4, 2, 10),
}
CATALOGUE = [
    ("tea", "Green tea", "Leaf", ["drinks"], True),
    ("jam", "Plum jam", "Hill", ["spreads"], True),
    ("milk", None, None, ["drinks"], True),
    ("cup", "Tea cup", "Leaf", ["kitchen"], True),
    ("old", "Old tea", "Leaf", ["drinks"], False),
    ("rice", "Rice", None, ["staples"], True),
    ("soy", "Soy sauce", None, ["staples"], True),
    ("honey", "Honey [raw]", "Hill", ["spreads"], True),
]
BOUGHT = [  # item, buyers, share
    ("tea", 4, 0.2),
    ("jam", 3, 0.15),
    ("milk", 2, 0.1),
    ("old", 2, 0.1),
    ("ghost", 2, 0.1),
    ("cup", 1, 0.1),
    ("honey", 5, 0.2),
    ("rice", 4, 0.1),
    ("soy", 4, 0.25),
]
SERVED = [
    ("pearson_residual", 1, "milk", 2.1213203435596424),
    ("pearson_residual", 2, "jam", 2.0),
    ("lift", 1, "jam", 2.5),
]


@pytest.fixture
def warehouse(tmp_path, monkeypatch) -> Path:
    """A project with one environment and its tables; commands run in it."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "jobs").mkdir()
    (tmp_path / "conf" / "test.toml").write_text(TOML, encoding="utf-8")
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    monkeypatch.setenv("ALSOBOUGHT_ENV", "test")
    tables = tmp_path / "tables"
    of_tea = [(NEW, "order", "all", "together", "tea", y, *n) for y, n in BOUGHT_WITH_TEA.items()]
    of_old = (NEW, "order", "all", "together", "old", "ghost", 2, 0.5, 2, 2, 10)
    after = (NEW, "order", "all", "after", "tea", "jam", 2, 0.5, 4, 3, 10)
    write(tables, "co_purchases", PAIR, [*of_tea, of_old, after])
    listed = [
        (NEW, "order", "all", "together", metric, "tea", rank, y, score, *BOUGHT_WITH_TEA[y])
        for metric, rank, y, score in SERVED
    ]
    older = (OLD, *listed[1][1:6], 1, *listed[1][7:])
    later = (NEW, "order", "all", "after", "lift", "tea", 1, "jam", 1.6667, 2, 0.5, 4, 3, 10)
    write(tables, "related_items", LISTED, [*listed, older, later])
    write(tables, "items", ITEMS, CATALOGUE, day=None)
    rows = [(NEW, "order", "all", x, n, n, share, 10) for x, n, share in BOUGHT]
    rows.append((NEW, "customer", "all", "tea", 1, 4, 0.5, 2))
    histogram = [
        [{"others": 1, "buyers": n - n // 2}, {"others": 3, "buyers": n // 2}]
        for n in (row[4] for row in rows)
    ]
    write(tables, "item_statistics", STATISTICS, rows, other_purchases=histogram)
    return tables


def write(tables, name, columns, rows, *, day=NEW, **more) -> None:
    """Lay a table of literal rows as a run of the job `name` would."""
    values = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)) | more
    run = {"job": name, "as_of": str(day), "code_version": "0.1.0", "parameters": PARAMETERS}
    write_deltalake(
        str(tables / name),
        pa.table(values),
        mode="append",
        partition_by=["as_of"] if day else None,
        commit_properties=CommitProperties(custom_metadata={"userMetadata": json.dumps(run)}),
    )


def run(*words) -> tuple[int, list[str]]:
    """The command's exit code, and its lines with single spaces, rules and empty lines left out."""
    result = CliRunner().invoke(app, words)
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    return result.exit_code, [line for line in lines if line.strip("─")]


TEA_BY_ORDER = [
    "By order:",
    "rank title item score N E n_x n_y n",
    "1 milk milk 2.121 2 0.5000 4 2 10",
    "2 Plum jam jam 2.000 3 1.000 4 3 10",
]
LEGEND = (
    "N: units with both items. E: such units expected by chance. n_x, n_y: units with the item, "
    "with the related item. n: all units."
)


def test_show_prints_the_list_of_every_unit_by_the_first_metric_on_the_latest_day(warehouse):
    assert run("show", "tea") == (
        0,
        [
            "Green tea (tea): related items by pearson_residual, as of 2024-01-02, market all,"
            " together",
            *TEA_BY_ORDER,
            "By customer: no list. 1 customer bought it, and a pair needs 2 (min_support).",
            LEGEND,
        ],
    )


def test_show_finds_the_one_item_with_all_words_in_any_case(warehouse):
    assert run("show", "LEAF green", "--unit", "order")[1][1:-1] == TEA_BY_ORDER


def test_show_prints_the_day_the_relation_and_the_metric_that_are_asked_for(warehouse):
    old = run("show", "tea", "--unit", "order", "--as-of", "2024-01-01")
    after = run("show", "tea", "--unit", "order", "--relation", "after", "--metric", "lift")
    assert old[1][0].endswith("as of 2024-01-01, market all, together")
    assert old[1][3:-1] == ["1 Plum jam jam 2.000 3 1.000 4 3 10"]
    assert after[1][0].endswith("by lift, as of 2024-01-02, market all, after")
    assert after[1][3:-1] == ["1 Plum jam jam 1.667 2 0.5000 4 3 10"]


def test_show_suggests_the_most_bought_of_several_items_and_the_command(warehouse):
    assert run("show", "Tea", "--unit", "order") == (
        1,
        [
            "3 items have all of 'Tea' in title, brand and category; the most bought:",
            "item title brand orders",
            "tea Green tea Leaf 4",
            "old Old tea Leaf 2",
            "cup Tea cup Leaf 1",
            "Choose one: alsobought show tea --env test --unit order",
        ],
    )


def test_show_suggests_the_closest_items_where_no_item_has_the_words(warehouse):
    assert run("show", "grean jamm") == (
        1,
        [
            "No item has all of 'grean jamm' in title, brand and category; the closest:",
            "item title brand orders",
            "tea Green tea Leaf 4",
            "jam Plum jam Hill 3",
            "Choose one: alsobought show tea --env test",
        ],
    )
    assert run("show", "xyz'); --") == (
        1,
        ['No item has all of "xyz\'); --" in title, brand and category; nothing is like it.'],
    )


def test_show_says_why_an_item_has_no_list(warehouse):
    def reason(item):
        code, lines = run("show", item, "--unit", "order")
        assert code == 1
        return lines[0].split(": ")[0], lines[1]

    assert reason("cup") == (
        "Tea cup (cup)",
        "By order: no list. 1 order held it, and a pair needs 2 (min_support).",
    )
    assert reason("honey") == (
        "Honey [raw] (honey)",
        "By order: no list. 5 orders held it, but no other item is in 2 of them (min_support).",
    )
    assert reason("old") == (
        "Old tea (old), which is not available",
        "By order: no list. 2 orders held it, but no item bought with it is available"
        " (of 1 candidates).",
    )
    assert reason("ghost")[0] == "ghost, which is not in the catalogue"
    assert run("show", "jam", "--unit", "order")[1][1] == (
        "By order: no list. 3 orders held it, but no other item is in 2 of them (min_support)."
    )
    assert run("show", "jam")[1][2] == "By customer: no list. No customer that was counted has it."


def test_piped_output_is_not_cut(warehouse):
    long = "very " * 60 + "long title"
    write(warehouse, "items", ITEMS, [("long", long, "Leaf", [], True)], day=None)
    row = (NEW, "order", "all", "together", "lift", "cup", 1, "long", 2.5, 1, 0.5, 1, 1, 10)
    write(warehouse, "related_items", LISTED, [row])
    lines = run("show", "cup", "--metric", "lift", "--unit", "order")[1]
    assert f"1 {long} long 2.500 1 0.5000 1 1 10" in lines


def test_tables_tells_what_each_table_holds_and_which_run_wrote_it(warehouse):
    code, lines = run("tables")
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    assert code == 0
    assert lines[0] == "table rows version as-of days first last written (UTC) size run"
    assert lines[1] == "purchases not built"
    assert rows["related_items"][:5] == ["5", "0", "2", "2024-01-01", "2024-01-02"]
    assert rows["related_items"][-5:] == ["0.0", "MB", "related_items", "2024-01-02", "0.1.0"]
    assert rows["items"][:2] == ["8", "0"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--unit", "box"], "related_items has no unit 'box'; it has order."),
        (
            ["--metric", "cosine"],
            "related_items has no metric 'cosine'; it has lift, pearson_residual.",
        ),
        (["--relation", "x"], "related_items has no relation 'x'; it has after, together."),
        (["--market", "at"], "related_items has no market 'at'; it has all."),
        (
            ["--as-of", "2024-01-03"],
            "related_items has no as-of day '2024-01-03'; it has 2024-01-01, 2024-01-02.",
        ),
    ],
)
def test_what_is_not_there_is_an_error_that_says_what_there_is(warehouse, words, said):
    assert run("show", "tea", *words) == (1, [f"error: {said}"])


def test_several_markets_are_an_error_until_one_is_chosen(warehouse):
    row = (NEW, "order", "at", "together", "lift", "tea", 1, "jam", 2.5, *BOUGHT_WITH_TEA["jam"])
    write(warehouse, "related_items", LISTED, [row])
    assert run("show", "tea") == (1, ["error: Choose a market with --market: all, at."])
    assert run("show", "tea", "--market", "all")[0] == 0


def test_a_table_that_is_missing_or_broken_is_an_error(warehouse):
    (warehouse / "items").rename(warehouse / "moved")
    assert run("show", "tea") == (
        1,
        ["error: items is not built yet: run the job items first."],
    )
    (warehouse / "moved").rename(warehouse / "items")
    for file in (warehouse / "items").glob("*.parquet"):
        file.write_bytes(b"cut short")
    code, lines = run("show", "tea")
    assert (code, lines[0].split(": ")[:2]) == (
        1,
        ["error", "items or item_statistics cannot be read"],
    )
