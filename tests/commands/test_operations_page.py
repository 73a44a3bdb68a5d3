"""docs/operations.md: every command of alsobought on it ends well, as it stands, in one small shop.

Commands of Airflow and of make are run in tests/airflow_dags, those of S3 in tests/object_storage.
"""

import json
import re
import shlex
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests import command
from tests.project import REPO, settings, toml

PAGE = (REPO / "docs" / "operations.md").read_text(encoding="utf-8")
SERVED_BEFORE = ["run", "--all", "--env", "prod", "--as-of", "2026-01-30"]
LAST = {"prod": date(2026, 1, 30), "cluster": date(2017, 11, 30)}  # days with purchases
OTHERS = ("jam", "milk", "rice", "salt", "soap", "yarn")


def commands():
    """The words of each command in a block of the page; comments are left out."""
    lines = re.findall(r"^    (alsobought [^|\n]*)$", PAGE, re.MULTILINE)
    return [shlex.split(line, comments=True)[1:] for line in lines]


def orders(last):
    """Six weeks in which everybody comes every third day, and buys tea and one of three others."""
    lines = ["customer,order,item,time"]
    for nth in range(42):
        day = last - timedelta(days=nth)
        for customer in range(nth % 3, 12, 3):
            other = OTHERS[(nth // 3 % 3 + customer) % len(OTHERS)]
            order = f"{customer}-{nth}"
            lines += [f"{1000 + customer},{order},{item},{day}" for item in ("tea", other)]
    return "\n".join(lines) + "\n"


def conf(environment):
    """All sections of a night, and what looks after the tables; sources and tables of its own."""
    values = settings() | {"warehouse": f"tables/{environment}"}
    values["sources"]["purchases"]["path"] = f"purchases/{environment}.csv"
    values["spark"] = command.SETTINGS | command.FEW_ROWS
    values["jobs"] |= {
        "bestsellers": {"days": 14, "top_k": 5},
        "recommendations": {
            "models": ["calibrated"],
            "sources": [{"unit": "order", "relation": "together", "metric": "lift"}],
            "triggers": 5, "look_back_days": 90, "half_life_days": 90.0, "shrinkage": 1.0,
            "top_k": 3,
        },
        "evaluations": {"truth_days": 1, "cut_offs": 1, "every_days": 1, "seed": 1},
        "promotions": {
            "models": ["calibrated"], "k": 6, "margin": 1.0, "min_rows_share": 0.1,
            "max_changed_share": 1.0, "min_items_with_list": 0.1,
            "min_customers_with_list": 0.1, "customer_days": 28, "max_age_days": 5,
        },
    }  # fmt: skip
    values["maintenance"] = {"keep_days": 90, "rollback_days": 30, "vacuum_days": 30}
    return toml(values)


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """How each command of the page has ended, in the order of the page."""
    home = tmp_path_factory.mktemp("shop")
    for name in ("conf", "purchases", "items"):
        (home / name).mkdir()
    (home / "jobs").symlink_to(REPO / "jobs")
    for environment, last in LAST.items():
        (home / "conf" / f"{environment}.toml").write_text(conf(environment), encoding="utf-8")
        (home / "purchases" / f"{environment}.csv").write_text(orders(last), encoding="utf-8")
    titles = "".join(f"{item},{item.title()}\n" for item in ("tea", *OTHERS))
    (home / "items" / "1.csv").write_text(f"item,title\n{titles}", encoding="utf-8")
    script = Path(__file__).with_name("page_commands.py")
    asked = json.dumps([SERVED_BEFORE, *commands()])
    ended = command.run(sys.executable, script, asked, home=home)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])[1:]


def test_the_page_has_commands():
    kinds = {words[0] for words in commands()}
    assert kinds >= {"check", "run", "promote", "rollback", "export", "forget", "maintain"}


@pytest.mark.parametrize("nth", range(len(commands())), ids=lambda n: " ".join(commands()[n])[:60])
def test_a_command_of_the_page_ends_well(ends, nth):
    words, code, output = ends[nth]
    assert (words, code) == (commands()[nth], 0), output
