"""Warehouses that earlier commits have made: read, migrated, and carried on with by the next night.

`older_shop` says how the archives were made.
"""

import shutil
import tarfile
from pathlib import Path

import pytest

from alsobought.runtime.migration import Migrated, migrated_by_files
from alsobought.tables import ALL
from tests.command import printed
from tests.project import Project, toml
from tests.rows import rows
from tests.upgrade.older_shop import CHAIN, FIRST_DAY, NEXT_DAY, deliver_next_day, fill

TODAY, BEFORE_PRIORS = "28958ae", "eb964ec"
LISTS = ("item_statistics", "co_purchases", "related_kinds", "related_items", "recommendations")


def shop_of(commit, home, spark):
    """The shop with the tables that a commit has made of its first day."""
    home.mkdir(exist_ok=True)
    project = Project(home, spark)
    fill(project)
    with tarfile.open(Path(__file__).with_name(f"warehouse_{commit}.tar.xz")) as packed:
        packed.extractall(home, filter="data")
    (home / "conf" / "test.toml").write_text(toml(project.conf), encoding="utf-8")
    return project


def command(project, monkeypatch, *words):
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(project.home))
    return printed(*words)


def stored(project):
    tables = [ALL[path.name] for path in sorted((project.home / "tables").iterdir())]
    assert len(tables) >= len(CHAIN)
    return tables


@pytest.fixture(scope="module")
def nights(spark, tmp_path_factory):
    """What the lists of the second night are where one version makes all."""
    project = Project(tmp_path_factory.mktemp("new"), spark)
    fill(project)
    deliver_next_day(project)
    project.run_jobs(*CHAIN[:-1], as_of=NEXT_DAY)
    return {name: of_day(project, name) for name in LISTS}


def of_day(project, name):
    return rows(project.read(name).where(f"as_of = DATE '{NEXT_DAY}'").drop("as_of"))


def test_the_warehouse_of_the_version_before_is_read_as_it_is(spark, tmp_path, monkeypatch, nights):
    project = shop_of(TODAY, tmp_path, spark)
    warehouse = str(tmp_path / "tables")
    for table in stored(project):
        assert migrated_by_files(warehouse, table, is_rehearsal=True) == Migrated(table.name)
    code, lines = command(project, monkeypatch, "show", "tea", "--env", "test", "--served")
    assert (code, any("Earl Grey" in line for line in lines)) == (0, True)
    deliver_next_day(project)
    project.run_jobs(*CHAIN, as_of=NEXT_DAY)
    assert {name: of_day(project, name) for name in LISTS} == nights
    # the files lie elsewhere now: their lines are the table's, and are not there twice
    assert project.read("purchases").count() == project.read("purchases").distinct().count()


def test_an_older_warehouse_says_how_it_is_migrated_and_then_goes_on(
    spark, tmp_path, monkeypatch, nights
):
    project = shop_of(BEFORE_PRIORS, tmp_path, spark)
    deliver_next_day(project)
    project.run_jobs("purchases", "items", "item_statistics", as_of=NEXT_DAY)
    said = project.refusal("co_purchases", NEXT_DAY)
    assert said == (
        "co_purchases at tables/co_purchases is not as its contract says, so another program or "
        "version changed it: missing prior. Run 'alsobought migrate', which changes that, or "
        "restore an older version of the table."
    )
    code, lines = command(project, monkeypatch, "migrate", "--env", "test")
    assert code == 1  # related_kinds has a column more that no row can do without
    assert "co_purchases adds prior" in lines
    kinds = (
        "related_kinds at tables/related_kinds is not as its contract says, so another program or "
        "version changed it: missing customers_together; the check counts_fit (customers >= apart "
        "AND apart >= 0 AND orders >= customers - apart AND customers_together >= customers - "
        "apart) is missing. Restore an older version of the table, or move it away and run the job "
        "related_kinds again."
    )
    assert lines[-1].replace(f"{tmp_path}/", "") == f"error: {kinds}"
    assert project.refusal("related_kinds", FIRST_DAY) == kinds

    shutil.move(tmp_path / "tables" / "related_kinds", tmp_path / "moved_away")
    assert command(project, monkeypatch, "migrate", "--env", "test") == (
        0,
        ["9 of 9 tables are as this version has them."],
    )
    # the day whose candidates have no prior yet, then the next one
    project.run_jobs("related_kinds", "related_items", as_of=FIRST_DAY)
    project.run_jobs(*CHAIN, as_of=NEXT_DAY)
    assert {name: of_day(project, name) for name in LISTS} == nights


def test_a_command_that_needs_a_column_names_the_migration(spark, tmp_path, monkeypatch):
    project = shop_of(BEFORE_PRIORS, tmp_path, spark)
    assert command(project, monkeypatch, "why", "tea", "bread", "--env", "test") == (
        1,
        [
            "error: related_kinds has no column customers_together, so an earlier version wrote "
            "it: run 'alsobought migrate'."
        ],
    )
