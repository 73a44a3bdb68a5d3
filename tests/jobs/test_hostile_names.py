"""What sources call things is data: quotes, paths, shell and SQL, markup, marks that no terminal
should get, a megabyte of text; from files to lists, and to what commands print."""

import json

import pytest

from alsobought.errors import ConfigError
from alsobought.runtime.store import warehouse_path
from tests import oracle
from tests.command import printed, separately
from tests.commands.forgetting_tables import files_that_hold
from tests.project import Project
from tests.rows import rows

HOME = 'it\'s a shop; $(touch PWNED) `touch PWNED` "&" # 100% {c,d} e? *'
LONG = "M" * 1_000_000
ITEMS = [
    "tea'; DROP TABLE items; --",
    "' OR '1'='1",
    '"quoted", back\\slash \\\' \\\\',
    "../../../etc/passwd",
    "$(touch PWNED); rm -rf * | `touch PWNED` && exit",
    "\u202etxt.exe\u2066",  # from right to left
    "a\x00b\x01c",
    "[red]bold[/red] \x1b[31m\x1b]0;title\x07",
    "=cmd|' /C calc'!A0",
    "%s %n {0} {item_id} ${HOME}",
    "--served",
    "\U0001f600 e\u0301 \ufeff line\u2028break\nnext\r\n\tlast",
    "as_of=2017-12-01/part-0.parquet",
    "null",
    LONG,
]
MARKETS = ["m'/../x", 'DE"; --']
CUSTOMERS = ["ann'; DELETE FROM purchases; --", "../bob", "\u202eeve\x00", "*", "_", "-rf /"]
FILES = [
    "a'; DROP TABLE purchases; --.json", "b[1].json", "b1.json", "{c,d}.json", "e*.json",
    "f?.json", "\u202eg.json", "h%20#&=.json", "-rf .json", "$(touch PWNED).json", 'q"`.json',
    "back\\slash.json", "line\nbreak.json", "[red]m[\\red].json", "esc\x1b[31m.json",
    "\U0001f600.json",
]  # fmt: skip
TITLES = {item: f"{item[:40]} of '{n}'" for n, item in enumerate(ITEMS)}
# market, customer, order, item: orders of two neighbours, each market's own
LINES = [
    (MARKETS[n % 2], CUSTOMERS[n % len(CUSTOMERS)], f"o'{n}\\", item)
    for n in range(2 * len(ITEMS))
    for item in (ITEMS[n % len(ITEMS)], ITEMS[(n + 1) % len(ITEMS)])
]
TOP_K = 5
JOBS = (
    "purchases", "items", "item_statistics", "co_purchases", "related_items", "bestsellers",
    "recommendations",
)  # fmt: skip
BROKEN = {"customer": CUSTOMERS[0], "order": "x", "item": ITEMS[0], "time": "never';--"}


@pytest.fixture(scope="module")
def shop(spark, tmp_path_factory):
    """The shop, all its jobs run, in a folder of a hostile name."""
    home = tmp_path_factory.mktemp("shops") / HOME
    home.mkdir()
    project = Project(home, spark)
    for source in (project.purchases, project.items):
        source["format"] = "json"
    project.purchases["columns"]["market"] = "market"
    project.conf["lists"]["metrics"] = ["lift"]
    project.conf["jobs"] |= {
        "co_purchases": {"candidates": 20, "task_memory_mb": 256},
        "related_items": {"top_k": TOP_K},
        "bestsellers": {"days": 60, "top_k": 5},
        "recommendations": {
            "models": ["sum"],
            "sources": [{"unit": "order", "relation": "together", "metric": "lift"}],
            "triggers": 5, "look_back_days": 365, "half_life_days": 90.0, "shrinkage": 1.0,
            "top_k": 3,
        },
    }  # fmt: skip
    lay(project)
    for job in JOBS:
        project.run_job(job)
    return project


def lay(project):
    """Each order in a file of its own, as far as there are names; and one broken line."""
    by_file = {name: [] for name in FILES}
    names = ("market", "customer", "order", "item")
    for n, line in enumerate(LINES):
        entry = dict(zip(names, line, strict=True)) | {"time": "2017-11-01 10:00:00"}
        by_file[FILES[n // 2 % len(FILES)]].append(entry)
    by_file[FILES[0]].append(BROKEN | {"market": MARKETS[0]})
    for name, entries in by_file.items():
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        project.file(f"purchases/{name}", text)
    catalogue = [{"item": item, "title": title} for item, title in TITLES.items()]
    project.file("items/1.json", "".join(json.dumps(entry) + "\n" for entry in catalogue))


@pytest.fixture
def commands(shop, monkeypatch, tmp_path):
    """The shop, for commands that run in an empty folder."""
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(shop.home))
    monkeypatch.setenv("ALSOBOUGHT_ENV", "test")
    monkeypatch.chdir(tmp_path)
    return shop


PAIRS = oracle.pairs([(*line, 0) for line in LINES], "order")
LISTS = oracle.related(PAIRS, "lift", 1, TOP_K)


def test_every_line_of_every_file_is_loaded_as_it_is(shop):
    columns = ("market", "customer_id", "order_id", "item_id")
    assert rows(shop.read("purchases").select(*columns)) == sorted(LINES, key=repr)
    files = shop.read("purchases").select("source_file").distinct()
    assert files.count() == len(FILES)
    assert rows(shop.read("items").select("item_id", "title")) == sorted(TITLES.items(), key=repr)
    (rejected,) = shop.read("rejected_purchases").select("row").collect()
    assert json.loads(rejected["row"]) == BROKEN | {"market": MARKETS[0]}


def test_pairs_and_lists_are_counted_as_of_any_other_names(shop):
    counted = shop.read("co_purchases").where("unit = 'order'")
    evidence = ("market", "item_id", "related_item_id", "both", "buyers", "related_buyers", "units")
    assert rows(counted.select(*evidence)) == sorted(
        (
            (*pair, both, buyers, others, units)
            for pair, (both, _, buyers, others, units) in PAIRS.items()
        ),
        key=repr,
    )
    listed = shop.read("related_items").where("unit = 'order'")
    listed = listed.select("market", "item_id", "rank", "related_item_id")
    expected = [
        (market, item, rank, related)
        for (market, item), others in LISTS.items()
        for rank, (related, _) in enumerate(others, 1)
    ]
    assert rows(listed) == sorted(expected, key=repr)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: repr(item[:20]))
def test_show_finds_an_item_by_its_id_and_prints_no_control_characters(commands, item):
    for market in MARKETS:
        chosen = ("--unit", "order", "--market", market, "--", item)
        code, out, _ = separately("show", "--json", *chosen)
        places = [(row["related_item_id"], row["title"]) for row in json.loads(out)]
        assert code == 0
        assert places == [(other, TITLES[other]) for other, _ in LISTS[market, item]]
        code, lines = printed("show", *chosen)
        assert code == 0
        assert all(sign.isprintable() for line in lines for sign in line)


def test_why_explains_a_pair_and_one_that_was_never_bought_together(commands):
    market = MARKETS[0]
    for item, other in ((ITEMS[0], ITEMS[1]), (ITEMS[6], ITEMS[7]), (ITEMS[0], ITEMS[5])):
        words = ("--unit", "order", "--market", market, "--", item, other)
        code, out, _ = separately("why", "--json", *words)
        assert code == 0
        (row,) = json.loads(out)
        assert (row["item_id"], row["related_item_id"]) == (item, other)
        assert row["both"] == PAIRS.get((market, item, other), (None,))[0] or row["both"] in (
            0,
            None,
        )
        code, lines = printed("why", *words)
        assert code == 0
        assert all(sign.isprintable() for line in lines for sign in line)


def test_a_name_that_is_none_is_a_sentence_and_suggestions_are_quoted(commands):
    code, lines = printed("show", "--market", MARKETS[0], "--", "DROP TABLE items")
    assert code == 0, lines  # the words of one item
    code, _, err = separately("show", "--market", "x'; --", "--", ITEMS[0])
    assert code == 3
    assert 'related_items has no market "x\'; --"' in err
    code, _, err = separately("recommend", "--", "nobody' OR '1'='1")
    assert code == 3
    assert "No customer is called \"nobody' OR '1'='1\"" in err
    assert all(sign.isprintable() or sign == "\n" for sign in err)


@pytest.mark.parametrize("customer", CUSTOMERS, ids=repr)
def test_recommend_finds_a_customer_by_the_id(commands, customer):
    code, out, _ = separately("recommend", "--json", "--", customer)
    places = {(row["market"], row["rank"], row["item_id"]) for row in json.loads(out)}
    stored = commands.read("recommendations").where(f"length(customer_id) = {len(customer)}")
    stored = stored.select("customer_id", "market", "rank", "item_id").collect()
    assert code == 0
    assert places == {tuple(row)[1:] for row in stored if row["customer_id"] == customer}
    assert places
    code, lines = printed("recommend", "--", customer)
    assert code == 0
    assert all(sign.isprintable() for line in lines for sign in line)


def test_rejected_rows_are_found_in_their_file(commands):
    code, out, _ = separately("rejects", "test", "--reason", "unreadable_time", "--json")
    (row,) = json.loads(out)
    assert code == 0
    assert row["file"].endswith(f"purchases/{FILES[0]}")
    assert int(row["line"]) == 1 + sum(n // 2 % len(FILES) == 0 for n in range(len(LINES)))
    code, lines = printed("rejects", "test")
    assert all(sign.isprintable() for line in lines for sign in line)


def test_nothing_of_it_was_run(commands, tmp_path):
    assert list(tmp_path.iterdir()) == []
    assert list(commands.home.parent.rglob("PWNED")) == []
    laid = {"conf", "items", "jobs", "purchases", "tables"}
    assert {path.name for path in commands.home.iterdir()} - {"lists'; rm -rf"} == laid


def test_a_second_night_reads_what_is_new_in_a_folder_of_such_a_name(shop):
    """Of a folder with # or ? in its name delta-rs finds no history, with [ * ? { Spark no file."""
    line = {"market": "x", "customer": "new", "order": "new", "item": ITEMS[0]}
    shop.file("purchases/z.json", json.dumps(line | {"time": "2017-11-02 10:00:00"}) + "\n")
    assert shop.run_job("purchases")[0] == "purchases: 1 rows added, 0 removed"
    assert shop.run_job("purchases") == ["purchases: nothing new in 17 files"]
    shop.run_job("item_statistics")
    added = shop.read("purchases").where("market = 'x'").select("customer_id", "item_id")
    assert rows(added) == [("new", ITEMS[0])]
    assert shop.read("purchases").count() == len(LINES) + 1


@pytest.mark.parametrize("name", ["a%20b", "a\\b", "a\nb", "a[b]", "a|b", "a^b"])
def test_a_folder_that_delta_rs_does_not_take_is_a_sentence(tmp_path, name):
    said = r"has '.*' in its path, which the library that reads its tables does not take: give"
    with pytest.raises(ConfigError, match=said):
        warehouse_path(tmp_path / name, "tables")
    assert warehouse_path(tmp_path, "s3://a%20b/c") == "s3://a%20b/c"


def test_customers_of_such_names_are_forgotten(commands):
    """The last test: the shop is without them from here on."""
    for customer in CUSTOMERS[:3]:
        code, lines = printed("forget", "--env", "test", "--", customer)
        assert code == 0, lines
    left = commands.read("purchases").select("customer_id").distinct()
    assert rows(left) == sorted(((customer,) for customer in [*CUSTOMERS[3:], "new"]), key=repr)
    for told in ("DELETE FROM", "../bob"):
        assert files_that_hold(commands.home / "tables", told) == []
