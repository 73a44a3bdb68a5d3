"""The upkeep of tables: which days go, which files stay for whom, and the same rows after it."""

import os
import re
import time
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from alsobought.runtime import creation, maintenance
from alsobought.runtime.config import Maintenance
from alsobought.runtime.maintenance import Upkeep, upkept_by_files, upkept_by_spark
from alsobought.runtime.store import Store
from alsobought.runtime.unchanged import _last_run
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.operations import RUNS
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.serving import State
from tests.commands.serving_tables import ids_of, lists_of
from tests.commands.test_runs import ROWS
from tests.rows import rows
from tests.runtime.small_tables import STOCK

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(5)]
AS_OF = date(2024, 1, 6)
KEEP_TWO = Maintenance(keep_days=2, rollback_days=1, vacuum_days=1)
RUN = {"job": "maintain"}
LONG_AGO = time.time() - 40 * 86_400


def days_of(tables, name):
    return [date.fromisoformat(day) for day in Warehouse(str(tables)).days(name)]


def grow_old(folder):
    """Have every file of a table seem to be forty days old, and what went out of it, too."""
    for path in Path(folder).rglob("*"):
        if path.is_file():
            if path.suffix == ".json":
                text = path.read_text(encoding="utf-8")
                path.write_text(_forty_days_earlier(text), encoding="utf-8")
            os.utime(path, (LONG_AGO, LONG_AGO))


def _forty_days_earlier(text):
    def earlier(match):
        return f"{match[1]}{int(match[2]) - 40 * 86_400_000}"

    return re.sub(r'("deletionTimestamp":)(\d+)', earlier, text)


def kept(tables, table=RELATED_ITEMS, settings=KEEP_TWO, served=(), *, is_rehearsal=False):
    upkeep = Upkeep(table, AS_OF, settings, served)
    return upkept_by_files(str(tables), upkeep, RUN, is_rehearsal=is_rehearsal)


def test_days_before_the_kept_ones_go_but_those_that_are_or_may_be_served():
    served = [State(DAYS[1], {}, {})]
    assert Upkeep(STOCK, AS_OF, KEEP_TWO, served).outdated(DAYS) == [DAYS[0], DAYS[2]]
    longer = Maintenance(keep_days=1, keep_days_of={"stock": 4}, rollback_days=1, vacuum_days=1)
    assert Upkeep(STOCK, AS_OF, longer).outdated(DAYS) == [DAYS[0]]
    assert Upkeep(RELATED_ITEMS, AS_OF, longer).outdated([*DAYS, date(2025, 1, 1)]) == DAYS[:4]


def test_old_days_go_in_one_commit_which_says_so_and_a_rehearsal_changes_nothing(tmp_path):
    for day in DAYS:
        lists_of(tmp_path, day, "jam")
    version = DeltaTable(f"{tmp_path}/related_items").version()
    assert kept(tmp_path, is_rehearsal=True).dropped_days == tuple(DAYS[:3])
    assert DeltaTable(f"{tmp_path}/related_items").version() == version
    assert kept(tmp_path).dropped_days == tuple(DAYS[:3])
    assert days_of(tmp_path, "related_items") == DAYS[3:]
    assert days_of(tmp_path, "recommendations") == DAYS
    (commit,) = Warehouse(str(tmp_path)).commits("related_items", 1)
    assert commit["version"] == version + 1
    assert commit["run"] == RUN | {"dropped_days": [day.isoformat() for day in DAYS[:3]]}
    assert kept(tmp_path).dropped_days == ()


def test_files_that_nobody_can_read_go_and_those_of_served_lists_stay(tmp_path):
    table = f"{tmp_path}/related_items"
    old = lists_of(tmp_path, DAYS[4], "jam")
    lists_of(tmp_path, DAYS[4], "jam milk")  # the run before is still served
    lists_of(tmp_path, DAYS[4], "jam milk rice")
    served = [State(DAYS[4], old, ids_of(tmp_path, old))]
    assert kept(tmp_path).files_removed == 0  # they have gone out a moment ago
    grow_old(table)
    done = kept(tmp_path, served=served)
    assert (done.files_removed, done.bytes_removed > 0) == (1, True)
    at_first = DeltaTable(table, version=old["related_items"]).to_pyarrow_table()
    assert at_first["related_item_id"].to_pylist() == ["jam"]
    assert DeltaTable(table).to_pyarrow_table().num_rows == 3
    grow_old(table)
    assert kept(tmp_path).files_removed == 1  # once they are no longer served
    anew = [State(DAYS[4], {"related_items": 0}, {"related_items": "another table's id"})]
    assert Upkeep(RELATED_ITEMS, AS_OF, KEEP_TWO, anew).versions("this one's") == []


def test_what_a_dead_run_has_left_goes_once_it_is_old(tmp_path):
    lists_of(tmp_path, DAYS[4], "jam")
    orphan = tmp_path / "related_items" / "as_of=2024-01-05" / "part-orphan.parquet"
    orphan.write_bytes(b"half a file")
    scratch = tmp_path / ".related_items-1234"
    scratch.mkdir()
    record = tmp_path / "related_items" / "_loaded_files"
    record.mkdir()
    (record / "record.json").touch()
    kept(tmp_path)
    assert orphan.exists()
    assert scratch.exists()
    for path in (orphan, scratch, record / "record.json"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    kept(tmp_path)
    assert not orphan.exists()
    assert not scratch.exists()
    assert (record / "record.json").exists()


def test_small_files_of_a_table_that_is_added_to_become_one(tmp_path):
    creation.create(f"{tmp_path}/runs", RUNS)
    for row in ROWS:
        Warehouse(str(tmp_path)).add(RUNS, [row])
    table = f"{tmp_path}/runs"
    before = DeltaTable(table).to_pyarrow_table().sort_by("started_at").to_pylist()
    assert kept(tmp_path, RUNS).files_joined == len(ROWS)
    assert len(DeltaTable(table).file_uris()) == 1
    after = DeltaTable(table).to_pyarrow_table().sort_by("started_at").to_pylist()
    assert sorted(map(str, after)) == sorted(map(str, before))
    Warehouse(str(tmp_path)).add(RUNS, ROWS[:1])  # jobs go on adding


def test_purchases_are_loaded_on_after_their_files_were_joined(project):
    """A corrected file still takes its former rows away, wherever these lie now."""
    name = f"purchases/{'a-file-with-a-very-long-name-' * 4}"
    head = "customer,order,item,time\n"
    for n in range(4):
        lines = [f"c{n},o{n}-{i},tea,2017-11-{10 + n}\n" for i in range(3)]
        project.file(f"{name}{n}.csv", head + "".join(lines))
        project.run_job("purchases")
    before = rows(project.read("purchases"))
    upkeep = Upkeep(PURCHASES, AS_OF, KEEP_TWO)
    tables = str(project.home / "tables")
    assert upkept_by_files(tables, upkeep, RUN, is_rehearsal=False).files_joined == 4
    assert rows(project.read("purchases")) == before
    project.file(f"{name}2.csv", head + "c2,o2-0,jam,2017-11-12\n")
    project.file(f"{name}4.csv", head + "c4,o4-0,tea,2017-11-14\n")
    lines = project.run_jobs("purchases", "item_statistics")
    assert lines[0] == "purchases: 2 rows added, 3 removed"
    assert rows(project.read("purchases").groupBy("item_id").count()) == [("jam", 1), ("tea", 10)]
    statistics = project.read("item_statistics").where("unit = 'order'")
    assert rows(statistics.select("item_id", "buyers")) == [("jam", 1), ("tea", 10)]


@pytest.fixture
def few(monkeypatch):
    """VACUUM lists folders by few tasks."""
    monkeypatch.setattr(maintenance, "LISTING_TASKS", "2")


@pytest.mark.usefixtures("few")
def test_on_a_uri_spark_drops_days_and_a_job_sees_that_they_are_gone(store, stock, tmp_path):
    """file: is such a URI."""
    for day in DAYS[1:4]:
        stock(day, ("tea", 3, 0.5))
    uri = Store(store.spark, f"file://{tmp_path}")
    upkeep = Upkeep(STOCK, AS_OF, KEEP_TWO, [State(DAYS[1], {}, {})])
    assert upkept_by_spark(uri, upkeep, RUN, is_rehearsal=False).dropped_days == (DAYS[2],)
    assert days_of(tmp_path, "stock") == [DAYS[1], DAYS[3]]
    version = store.version(STOCK)
    assert store.run_of_day(STOCK, DAYS[3], version) == {"as_of": DAYS[3].isoformat()}
    assert store.run_of_day(STOCK, DAYS[2], version) == {}
    assert _last_run(store, STOCK, DAYS[2]) == {}
    stock(DAYS[2], ("jam", 1, 0.5))
    assert store.run_of_day(STOCK, DAYS[2], store.version(STOCK)) != {}


@pytest.mark.usefixtures("few")
def test_by_spark_small_files_are_joined_too(spark, tmp_path):
    store = Store(spark, f"file://{tmp_path}")
    for row in ROWS[:2]:
        store.add_by_spark(RUNS, [row])
    upkeep = Upkeep(RUNS, AS_OF, KEEP_TWO)
    assert upkept_by_spark(store, upkeep, RUN, is_rehearsal=False).files_joined == 2
    assert store.read_version(RUNS, store.version(RUNS)).count() == 2
    assert pa.table(DeltaTable(f"{tmp_path}/runs").get_add_actions()).num_rows == 1
