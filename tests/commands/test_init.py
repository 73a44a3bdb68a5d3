"""The command init: what it writes and lays, what it prints, what it refuses."""

import json
import shutil

import pytest

from alsobought.commands import init
from alsobought.runtime import home
from tests.command import printed, separately
from tests.project import REPO

LINES = (
    "order,customer,sku,date\n1,ann,tea,2026-01-05\n1,ann,jam,2026-01-05\n2,ben,tea,2026-01-06\n"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a file of orders and nothing else, where the command is given."""
    monkeypatch.delenv("ALSOBOUGHT_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(init, "machine_bytes", lambda: 8 << 30)
    (tmp_path / "orders.csv").write_text(LINES, encoding="utf-8")
    return tmp_path


def test_it_says_what_it_wrote_what_it_asks_and_what_comes_next(folder):
    code, lines = printed("init", "orders.csv")
    assert (code, lines) == (
        0,
        [
            f"Laid conf/, jobs/, airflow_dags/ into {folder}.",
            f"Wrote {folder}/conf/shop.toml:",
            "ours yours its values",
            "purchases.customer_id customer 2 distinct of 3 rows",
            "purchases.order_id order 2 distinct of 3 rows",
            "purchases.item_id sku 2 distinct of 3 rows",
            "purchases.purchased_at date from 2026-01-05 to 2026-01-06",
            "items.item_id sku",
            "To answer in it:",
            "- sources.items: is there a catalogue? The purchases stand in for it.",
            "Then:",
            "alsobought check shop --as-of 2026-01-07",
            "alsobought run --all --env shop --as-of 2026-01-07",
            "alsobought show tea --env shop",
        ],
    )
    jobs = {path.name: path.read_bytes() for path in (folder / "jobs").iterdir()}
    assert jobs == {path.name: path.read_bytes() for path in (REPO / "jobs").glob("*.py")}


def test_the_guesses_as_rows_for_programs(folder):
    code, out, err = separately("init", "orders.csv", "--json")
    rows = json.loads(out)
    assert (code, err) == (0, "")
    assert [row for row in rows if row["key"] == "sources.purchases.columns.item_id"] == [
        {
            "kind": "setting",
            "key": "sources.purchases.columns.item_id",
            "value": "sku",
            "why": "2 distinct of 3 rows",
        }
    ]
    assert rows[-1] == {
        "kind": "question",
        "key": None,
        "value": None,
        "why": "sources.items: is there a catalogue? The purchases stand in for it.",
    }
    assert (folder / "conf" / "shop.toml").is_file()


def test_nothing_is_laid_twice_and_nothing_overwritten(folder):
    assert printed("init", "orders.csv")[0] == 0
    (folder / "jobs" / "items.py").write_text("# ours", encoding="utf-8")
    shutil.rmtree(folder / "airflow_dags")
    before = (folder / "conf" / "shop.toml").read_bytes()
    code, lines = printed("init", "orders.csv")
    assert (code, lines) == (
        1,
        [
            f"error: {folder}/conf/shop.toml is there already, and stays: choose another --env, or "
            f"remove it."
        ],
    )
    assert not (folder / "airflow_dags").exists()
    assert printed("init", "orders.csv", "--env", "other")[1][0] == (
        f"Laid airflow_dags/ into {folder}."
    )
    assert (folder / "jobs" / "items.py").read_text(encoding="utf-8") == "# ours"
    assert (folder / "conf" / "shop.toml").read_bytes() == before


def test_a_name_that_is_laid_is_refused_before_anything_is_laid(folder):
    assert printed("init", "orders.csv", "--env", "demo") == (
        1,
        [
            "error: demo is an environment that comes with conf/, which init lays here: choose "
            "another --env."
        ],
    )
    assert [path.name for path in folder.iterdir()] == ["orders.csv"]
    home.lay(folder)
    assert printed("init", "orders.csv", "--env", "demo")[1] == [
        f"error: {folder}/conf/demo.toml is there already, and stays: choose another --env, or "
        f"remove it."
    ]


def test_in_a_project_the_environment_is_written_there(folder, monkeypatch):
    home.lay(folder)
    deep = folder / "data" / "january"
    deep.mkdir(parents=True)
    shutil.move(folder / "orders.csv", deep)
    monkeypatch.chdir(deep)
    assert printed("init", "orders.csv")[1][0] == f"Wrote {folder}/conf/shop.toml:"
    toml = (folder / "conf" / "shop.toml").read_text(encoding="utf-8")
    assert 'path = "data/january/orders.csv"' in toml


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["order.csv"], "No file matches order.csv: is it orders.csv?"),
        (["there/*.csv"], "No file matches there/*.csv."),
        (
            ["orders.csv", "--env", "../x"],
            "--env '../x' is no name: use letters, digits, - and _.",
        ),
    ],
)
def test_what_it_refuses(folder, words, said):
    assert printed("init", *words) == (1, [f"error: {said}"])
    assert not (folder / "conf").exists()
