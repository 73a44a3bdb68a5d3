"""`alsobought show`: lists as they are served, suggestions, and why there is no list."""

import json
from datetime import date

import pytest

from tests.command import printed, separately
from tests.commands import item_tables

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
    assert printed("show", "tea") == (
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
    assert printed("show", "LEAF green", "--unit", "order")[1][1:-1] == TEA_BY_ORDER


def test_show_prints_the_day_the_relation_and_the_metric_of_the_options(warehouse):
    old = printed("show", "tea", "--unit", "order", "--as-of", "2024-01-01")
    after = printed("show", "tea", "--unit", "order", "--relation", "after", "--metric", "lift")
    assert old[1][0].endswith("as of 2024-01-01, market all, together")
    assert old[1][3:-1] == ["1 Plum jam jam 2.000 3 1.000 4 3 10"]
    assert after[1][0].endswith("by lift, as of 2024-01-02, market all, after")
    assert after[1][3:-1] == ["1 Plum jam jam 1.667 2 0.5000 4 3 10"]


def test_show_suggests_the_most_bought_of_several_items_and_the_command(warehouse):
    assert printed("show", "Tea", "--unit", "order") == (
        4,
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
    assert printed("show", "grean jamm") == (
        3,
        [
            "No item has all of 'grean jamm' in title, brand and category; the closest:",
            "item title brand orders",
            "tea Green tea Leaf 4",
            "jam Plum jam Hill 3",
            "Choose one: alsobought show tea --env test",
        ],
    )
    assert printed("show", "xyz'); --") == (
        3,
        ['No item has all of "xyz\'); --" in title, brand and category; nothing is like it.'],
    )


def test_show_says_why_an_item_has_no_list(warehouse):
    def reason(item):
        code, lines = printed("show", item, "--unit", "order")
        assert code == 3
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
    assert printed("show", "jam", "--unit", "order")[1][1] == (
        "By order: no list. 3 orders held it, but no other item is in 2 of them (min_support)."
    )
    assert (
        printed("show", "jam")[1][2] == "By customer: no list. No customer that was counted has it."
    )


def test_piped_output_is_not_cut(warehouse):
    long = "very " * 60 + "long title"
    item_tables.write(
        warehouse, "items", item_tables.ITEMS, [("long", long, "Leaf", [], True)], day=None
    )
    row = (
        item_tables.NEW,
        "order",
        "all",
        "together",
        "lift",
        "cup",
        1,
        "long",
        2.5,
        1,
        0.5,
        1,
        1,
        10,
    )
    item_tables.write(warehouse, "related_items", item_tables.LISTED, [row])
    lines = printed("show", "cup", "--metric", "lift", "--unit", "order")[1]
    assert f"1 {long} long 2.500 1 0.5000 1 1 10" in lines


@pytest.mark.parametrize(
    ("words", "message"),
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
def test_what_is_not_there_is_an_error_that_says_what_there_is(warehouse, words, message):
    assert printed("show", "tea", *words) == (3, [f"error: {message}"])


def test_of_many_markets_the_closest_are_named(warehouse):
    jam = ("together", "lift", "tea", 1, "jam", 2.5, *item_tables.BOUGHT_WITH_TEA["jam"])
    markets = [f"Land {letter}" for letter in "ABCDEFGHIJK"] + ["Narnja"]
    rows = [(item_tables.NEW, "order", market, *jam) for market in markets]
    item_tables.write(warehouse, "related_items", item_tables.LISTED, rows)
    assert printed("show", "tea", "--market", "Narnia") == (
        3,
        [
            "error: related_items has no market 'Narnia'; closest are Narnja, Land K, Land J, "
            "Land I, Land H, Land G, Land F, Land E, Land D, Land C, of 13."
        ],
    )


def test_several_markets_are_an_error_until_one_is_chosen(warehouse):
    row = (
        item_tables.NEW,
        "order",
        "at",
        "together",
        "lift",
        "tea",
        1,
        "jam",
        2.5,
        *item_tables.BOUGHT_WITH_TEA["jam"],
    )
    item_tables.write(warehouse, "related_items", item_tables.LISTED, [row])
    assert printed("show", "tea") == (4, ["error: Choose a market with --market: all, at."])
    assert printed("show", "tea", "--market", "all")[0] == 0


def lists_of_two_markets(warehouse):
    """Tea has a list in `at` and `eu`; what was in `all` is of another day."""
    evidence = item_tables.BOUGHT_WITH_TEA["jam"]
    day = date(2024, 1, 3)
    rows = [
        (day, "order", market, "together", "pearson_residual", "tea", 1, "jam", 2.5, *evidence)
        for market in ("at", "eu")
    ]
    item_tables.write(warehouse, "related_items", item_tables.LISTED, rows)


def test_all_markets_are_shown_one_after_the_other(warehouse):
    lists_of_two_markets(warehouse)
    code, lines = printed("show", "tea", "--market", "all", "--unit", "order")
    heads = [line for line in lines if "related items by" in line]
    title = "Green tea (tea): related items by pearson_residual, as of 2024-01-03, market"
    assert (code, heads) == (0, [f"{title} at, together", f"{title} eu, together"])
    assert lines.count("1 Plum jam jam 2.500 3 1.000 4 3 10") == 2
    in_csv = printed("show", "tea", "--market", "all", "--unit", "order", "--csv")[1]
    assert [line.split(",")[1] for line in in_csv] == ["market", "at", "eu"]
    assert printed("why", "tea", "jam", "--market", "all") == (
        3,
        ["error: related_items has no market 'all'; it has at, eu."],
    )


def test_the_market_of_the_environment_is_the_default(warehouse):
    lists_of_two_markets(warehouse)
    toml = warehouse.parent / "conf" / "test.toml"
    toml.write_text(item_tables.TOML + '[markets]\ndefault = "eu"\n', encoding="utf-8")
    code, lines = printed("show", "tea", "--unit", "order")
    assert (code, lines[0].rpartition(", market ")[2]) == (0, "eu, together")
    assert printed("show", "tea", "--unit", "order", "--market", "at")[1][0].endswith(
        "market at, together"
    )


def test_a_table_that_is_missing_or_broken_is_an_error(warehouse):
    (warehouse / "items").rename(warehouse / "moved")
    assert printed("show", "tea") == (
        1,
        ["error: items is not built yet: run the job items first."],
    )
    (warehouse / "moved").rename(warehouse / "items")
    for file in (warehouse / "items").glob("*.parquet"):
        file.write_bytes(b"cut short")
    code, lines = printed("show", "tea")
    assert (code, lines[0].split(": ")[:2]) == (
        1,
        ["error", "items or item_statistics cannot be read"],
    )
    for file in (warehouse / "items").glob("*.parquet"):
        file.unlink()
    code, lines = printed("show", "tea")
    assert (code, lines) == (
        1,
        [
            f"error: items or item_statistics cannot be read: its data file {file} is not there; "
            "put a copy of it back, or move the table away and run its job again."
        ],
    )
    entry = warehouse / "items" / "_delta_log" / "00000000000000000000.json"
    entry.write_bytes(entry.read_bytes()[:300])
    assert printed("show", "tea") == (
        1,
        [
            f"error: items cannot be read: a file of {warehouse}/items/_delta_log is damaged (was "
            "it cut short?); put a copy of it back, or move the table away and run its job again."
        ],
    )


def test_for_programs_the_rows_of_all_units_are_json_or_csv(warehouse):
    code, out, err = separately("show", "tea", "--top", "1", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == [
        {
            "as_of": "2024-01-02",
            "market": "all",
            "relation": "together",
            "unit": "order",
            "metric": "pearson_residual",
            "item_id": "tea",
            "rank": 1,
            "title": None,
            "related_item_id": "milk",
            "score": 2.1213203435596424,
            "both": 2,
            "expected": 0.5,
            "buyers": 4,
            "related_buyers": 2,
            "units": 10,
        }
    ]
    assert separately("show", "tea", "--metric", "lift", "--csv") == (
        0,
        "as_of,market,relation,unit,metric,item_id,rank,title,related_item_id,score,both,expected,"
        "buyers,related_buyers,units\n"
        "2024-01-02,all,together,order,lift,tea,1,Plum jam,jam,2.5,3,1.0,4,3,10\n",
        "",
    )


def test_for_programs_nothing_is_an_empty_list_and_suggestions_are_on_stderr(warehouse):
    assert separately("show", "cup", "--json") == (3, "[]\n", "")
    assert separately("show", "cup", "--csv") == (3, "", "")
    code, out, err = separately("show", "hill", "--json")
    assert (code, out, err.splitlines()[-1]) == (
        4,
        "",
        "Choose one: alsobought show honey --env test",
    )
    assert separately("show", "tea", "--json", "--csv") == (
        1,
        "",
        "error: Give --json or --csv, not both.\n",
    )


def test_an_item_that_no_catalogue_has_is_looked_up_in_all_markets_and_units(warehouse):
    lists_of_two_markets(warehouse)
    day = date(2024, 1, 3)
    bought = [
        (day, "order", "eu", "loose", 2, 2, 0.1, 9),
        (day, "customer", "at", "x7", 1, 1, 0.1, 9),
    ]
    others = [[{"others": 1, "buyers": row[4]}] for row in bought]
    item_tables.write(
        warehouse, "item_statistics", item_tables.STATISTICS, bought, other_purchases=others
    )
    lines = printed("show", "loose", "--market", "all")[1]
    title = "loose, which is not in the catalogue: related items by pearson_residual"
    assert [line.split(", as of")[0] for line in lines if "related" in line] == [title, title]
    assert printed("show", "x7", "--market", "at")[1][0].startswith("x7, which is not")
    assert printed("show", "x7", "--market", "eu")[1][0].startswith("No item has all of 'x7'")
