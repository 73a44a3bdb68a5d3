"""docs/operations.md: every command of Airflow on it, as it stands, in an Airflow of its own."""

import json
import re
import shlex

import pytest
from conftest import REPO
from running import output_of

PAGE = (REPO / "docs" / "operations.md").read_text(encoding="utf-8")
# the database is made, and the DAGs are in it, before an operator comes
BEFORE = [["db", "migrate"], ["dags", "reserialize"]]
# each prints one line of JSON
AFTER = {
    "pools": ["pools", "list", "--output", "json"],
    "variables": ["variables", "list", "--output", "json"],
    "nights": ["dags", "list-runs", "daily_lists", "--output", "json"],
    "backfills": ["dags", "list-runs", "backfill", "--output", "json"],
}


def commands():
    """The words of each command in a block of the page, without `airflow`."""
    lines = re.findall(r"^    airflow (.*)$", PAGE, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What Airflow knows once all commands of the page have ended well, by the names of AFTER."""
    all_of_them = [*BEFORE, *commands(), *AFTER.values()]
    printed = output_of(tmp_path_factory.mktemp("airflow"), all_of_them)
    lists = [json.loads(line) for line in printed.splitlines() if line.startswith("[{")]
    return dict(zip(AFTER, lists, strict=True))


def test_the_pool_has_a_slot(told):
    slots = {pool["pool"]: int(pool["slots"]) for pool in told["pools"]}
    assert slots["alsobought_heavy"] == 1


def test_the_variables_are_set(told):
    assert {one["key"] for one in told["variables"]} == {"alsobought_home", "alsobought_env"}


def test_the_runs_wait_to_be_started(told):
    assert [run["dag_id"] for run in told["nights"]] == ["daily_lists"]
    assert [run["dag_id"] for run in told["backfills"]] == ["backfill"]
    assert {run["state"] for run in (*told["nights"], *told["backfills"])} == {"queued"}
