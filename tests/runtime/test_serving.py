"""The log of what is served: rows that are added one by one, and what a gate reads by it."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from alsobought.errors import ContractError, JobError
from alsobought.runtime import commits
from alsobought.runtime.faults import CONCURRENT, sentence
from alsobought.runtime.job import Gate
from alsobought.runtime.serving import Gated, decisions, version_of_day
from alsobought.runtime.store import TableVersion
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.evaluate import EVALUATIONS, PROMOTIONS
from alsobought.tables.outcome import Outcome
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.serving import Decision, HitRate, State
from tests.project import REPO
from tests.rows import rows
from tests.runtime.small_tables import FIRST, SECOND, STOCK, THIRD

GATE = Gate(("related_items",), "evaluations")
SOURCES = {"related_items": RELATED_ITEMS, "evaluations": EVALUATIONS}


NAMES = ("number", "decided_as_of", "decision", "served_as_of", "served_versions", "served_tables",
         "served_hit_rates", "checks", "reasons")  # fmt: skip
RATE = HitRate(FIRST, "sum", None, "all", 6, 9, 0.5, 0.4, 0.6)


def decision(number, day, version, said="promoted", table_id="x"):
    ids = {"related_items": table_id}
    return (
        number, day, said, day, {"related_items": version}, ids, [tuple(RATE)], [],
        [f"why {number}"],
    )  # fmt: skip


@pytest.fixture
def decide(store, frame):
    """decide(number, day, version, upon) adds a decision as a run that has read version `upon`."""

    def written(number, day, version, upon, said="promoted"):
        read = {} if upon is None else {PROMOTIONS.name: upon}
        is_there = store.exists(RELATED_ITEMS)
        table_id = store.newest(RELATED_ITEMS).table_id if is_there else "x"
        row = frame(PROMOTIONS.ddl, decision(number, day, version, said, table_id))
        run = {"as_of": day.isoformat(), "read_versions": read, "number": number, "of": version}
        return store.write(PROMOTIONS, Outcome(row), day, run)

    return written


@pytest.fixture
def listed(store, frame):
    """listed(day, "tea jam", ...) writes related_items of a day, which lists these pairs."""

    def written(day, *pairs, **run):
        lists = [
            ("order", "all", "together", "lift", pair.split()[0], 1, pair.split()[1],
             1.0, 1, 1.0, 1, 1, 1)
            for pair in pairs
        ]  # fmt: skip
        run = {"as_of": day.isoformat(), "parameters": {}} | run
        store.write(RELATED_ITEMS, Outcome(frame(RELATED_ITEMS.ddl, *lists)), day, run)
        return store.version(RELATED_ITEMS)

    return written


def gated(store, day):
    """What the gate gets of a day, whose lists it has read at their newest version."""
    read = {RELATED_ITEMS.name: store.newest(RELATED_ITEMS)}
    return Gated(GATE, Path("no project"), day).read(store, SOURCES, read)


def lists_of(day, version, table_id):
    return State(day, {"related_items": version}, {"related_items": table_id})


def pairs_of(frame):
    return rows(frame.select("item_id", "related_item_id"))


@pytest.mark.parametrize("way", ["workers", "spark"])
def test_rows_are_added_and_the_decisions_are_read_in_order(store, decide, way):
    assert decide(1, FIRST, 4, None) == 1
    assert decide(2, SECOND, 5, store.version(PROMOTIONS)) == 1
    assert decisions(Warehouse(store.warehouse)) == [
        Decision(1, "promoted", FIRST, lists_of(FIRST, 4, "x"), (RATE,), ("why 1",)),
        Decision(2, "promoted", SECOND, lists_of(SECOND, 5, "x"), (RATE,), ("why 2",)),
    ]
    assert [row[0] for row in rows(store.read_version(PROMOTIONS, 1))] == [1]


@pytest.mark.parametrize("way", ["workers", "spark"])
@pytest.mark.parametrize("is_first", [True, False], ids=["no log yet", "a log"])
def test_of_two_decisions_upon_one_version_the_second_writes_nothing(store, decide, is_first, way):
    upon = None
    if not is_first:
        decide(1, FIRST, 1, None)
        upon = store.version(PROMOTIONS)
    number = 1 if is_first else 2
    decide(number, SECOND, 2, upon)
    with pytest.raises(JobError) as error:
        decide(number, THIRD, 3, upon)
    assert str(error.value) == f"{CONCURRENT}."
    last = decisions(Warehouse(store.warehouse))[-1]
    assert (last.number, last.served.as_of) == (number, SECOND)


@pytest.mark.parametrize("way", ["workers", "spark"])
def test_of_many_decisions_at_once_one_is_written(store, decide, way):
    decide(1, FIRST, 1, None)
    upon = store.version(PROMOTIONS)

    def outcome(version):
        try:
            return decide(2, SECOND, version, upon)
        except JobError as error:
            return str(error)
        except Exception as error:  # of Spark, which is put into the same words for a user
            return sentence(str(error))

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(outcome, range(2, 6)))
    assert sorted(outcomes, key=str) == [1, *[f"{CONCURRENT}."] * 3]
    so_far = decisions(Warehouse(store.warehouse))
    assert [d.number for d in so_far] == [1, 2]
    assert so_far[1].served.versions["related_items"] == 2 + outcomes.index(1)


def test_a_command_and_a_job_at_once(store, decide):
    """The command has read the log before the job has written: it loses."""
    decide(1, FIRST, 1, None)
    warehouse = Warehouse(store.warehouse)
    decisions(warehouse)
    decide(2, SECOND, 2, store.version(PROMOTIONS))
    row = dict(zip(NAMES, decision(2, FIRST, 1, "rolled_back"), strict=True))
    row["served_hit_rates"] = [RATE._asdict()]
    with pytest.raises(JobError, match=CONCURRENT):
        warehouse.append(PROMOTIONS, [row], {"job": "promotions"})
    again = Warehouse(store.warehouse)
    decisions(again)
    again.append(PROMOTIONS, [row | {"number": 3}], {"job": "promotions"})
    assert [d.number for d in decisions(Warehouse(store.warehouse))] == [1, 2, 3]
    assert store.read_version(PROMOTIONS, 3).count() == 3  # and Spark reads what was added


def test_a_commit_that_changes_no_rows_is_no_other_decision(store, decide, spark, monkeypatch):
    decide(1, FIRST, 1, None)
    upon = store.version(PROMOTIONS)
    look = commits.log_of

    def looked(path, name, version=None):
        log = look(path, name, version)
        monkeypatch.setattr(commits, "log_of", look)
        spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('a' = 'b')")
        return log

    monkeypatch.setattr(commits, "log_of", looked)
    decide(2, SECOND, 2, upon)
    assert [d.number for d in decisions(Warehouse(store.warehouse))] == [1, 2]


def test_a_row_that_breaks_the_contract_and_no_row_at_all(store, decide, frame):
    with pytest.raises(ContractError, match="number_from_one"):
        decide(0, FIRST, 1, None)
    assert not store.exists(PROMOTIONS)
    assert store.write(PROMOTIONS, Outcome(frame(PROMOTIONS.ddl)), FIRST, {}) == 0
    assert decisions(Warehouse(store.warehouse)) == []


def test_the_version_of_a_day_is_that_of_its_last_change(stock, store):
    stock(FIRST, ("tea", 1, None))
    first = store.version(STOCK)
    stock(SECOND, ("tea", 2, None))
    assert (version_of_day(store, STOCK, FIRST, store.newest(STOCK)), store.version(STOCK)) == (
        first,
        first + 1,
    )
    stock(FIRST, ("tea", 3, None))
    assert version_of_day(store, STOCK, FIRST, store.newest(STOCK)) == first + 2
    store.spark.sql(f"DELETE FROM delta.`{store.path(STOCK)}` WHERE pieces = 2")
    assert (
        version_of_day(store, STOCK, FIRST, store.newest(STOCK)) == first + 3
    )  # of whom is not known


@pytest.mark.parametrize("way", ["workers", "spark"])
def test_served_rows_stay_when_their_day_is_run_again(store, decide, listed, way):
    version = listed(FIRST, "tea jam")
    decide(1, FIRST, version, None)
    again = listed(FIRST, "tea oil")
    later = listed(SECOND, "tea salt")
    given = gated(store, SECOND)
    serving = given.inputs["serving"]
    table_id = store.newest(RELATED_ITEMS).table_id
    assert pairs_of(serving.served["related_items"]) == [("tea", "jam")]
    assert serving.state == lists_of(FIRST, version, table_id)
    assert serving.candidates == lists_of(SECOND, later, table_id)
    assert serving.hit_rates == (RATE,)
    assert gated(store, FIRST).inputs["serving"].candidates.versions == {"related_items": again}
    assert {name: v.number for name, v in given.versions.items()} == {
        "promotions": store.version(PROMOTIONS)
    }
    assert given.inputs["evaluations"].count() == 0


def test_what_may_be_promoted_is_what_was_read_whatever_was_written_meanwhile(store, listed):
    read = {RELATED_ITEMS.name: TableVersion(listed(FIRST, "tea jam"), "id")}
    listed(FIRST, "tea oil")
    given = Gated(GATE, Path("no project"), FIRST).read(store, SOURCES, read)
    assert given.inputs["serving"].candidates == lists_of(FIRST, read["related_items"][0], "id")


@pytest.mark.parametrize("way", ["workers", "spark"])
def test_served_rows_that_were_vacuumed_are_told_and_nothing_before_the_first(
    store, decide, listed
):
    version = listed(FIRST, "tea jam")
    first = gated(store, FIRST).inputs["serving"]
    assert (first.decisions, first.served, first.state) == ([], {}, None)
    decide(1, FIRST, version, None)
    listed(FIRST, "tea oil")
    lists = DeltaTable(store.path(RELATED_ITEMS))
    lists.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    serving = gated(store, FIRST).inputs["serving"]
    assert serving.served == {}
    said = serving.unreadable["related_items"]
    assert said.startswith("The served lists cannot be compared: related_items cannot be read: ")
    assert "is not there" in said


def test_a_table_that_was_made_anew_does_not_pass_for_the_served_one(store, decide, listed):
    decide(1, FIRST, listed(FIRST, "tea jam"), None)
    shutil.rmtree(store.path(RELATED_ITEMS))
    listed(FIRST, "tea oil")  # at the same version
    serving = gated(store, FIRST).inputs["serving"]
    assert serving.state.versions == serving.candidates.versions
    assert serving.state != serving.candidates
    assert serving.served == {}
    assert serving.unreadable == {
        "related_items": "The served lists cannot be compared: related_items was made anew since."
    }
    assert serving.served_made_with() == {}


def test_evaluations_of_the_day_alone(store, decide, listed, frame):
    def evaluated(day, value):
        row = (
            date(2017, 11, 1), "sum", None, "all", "everyone", "all", "hit", 6, 9, value, None, None
        )  # fmt: skip
        run = {"as_of": day.isoformat()}
        store.write(EVALUATIONS, Outcome(frame(EVALUATIONS.ddl, row)), day, run)

    decide(1, FIRST, listed(FIRST, "tea jam"), None)
    listed(THIRD, "tea jam")
    for day, value in ((FIRST, 0.1), (SECOND, 0.2), (THIRD, 0.3)):
        evaluated(day, value)
    given = gated(store, THIRD)
    judged = given.inputs["evaluations"].select("as_of", "value")
    assert rows(judged) == [(THIRD, 0.3)]
    assert given.versions["evaluations"].number == store.version(EVALUATIONS)


def test_the_parameters_of_a_day_are_those_of_its_run_and_of_what_it_was_made_of(
    store, decide, listed, frame
):
    def run(day, version, **parameters):
        return {"as_of": day.isoformat(), "parameters": parameters, "read_versions": version}

    def evaluated(day, **read):
        row = (FIRST, "sum", None, "all", "everyone", "all", "hit", 6, 9, 0.5, None, None)
        store.write(EVALUATIONS, Outcome(frame(EVALUATIONS.ddl, row)), day, run(day, read))

    first = listed(FIRST, "tea jam", **run(FIRST, {}, top_k=1))
    second = listed(SECOND, "tea jam", **run(SECOND, {"co_purchases": 7, "purchases": 3}, top_k=2))
    evaluated(SECOND, related_items=first)
    made_with = gated(store, SECOND).inputs["serving"].made_with
    assert made_with(SECOND) == {"related_items": {"top_k": 2}}  # co_purchases are not there
    listed(FIRST, "tea jam", **run(FIRST, {}, top_k=9))
    made_with = gated(store, SECOND).inputs["serving"].made_with
    assert made_with(FIRST) == {"related_items": {"top_k": 1}}  # as the evaluation has read it
    assert made_with(THIRD) == {}
    assert second > first
    decide(1, FIRST, first, None)
    assert gated(store, SECOND).inputs["serving"].served_made_with() == {
        "related_items": {"top_k": 1}
    }


def test_settings_that_a_run_could_not_record_have_their_defaults(store, listed):
    """`unknown_items` of [lists], say, has come since; other parameters stay as they are."""
    lists = {"metrics": ["lift"], "min_support": 1}
    run = {"parameters": {"lists": lists, "markets": None, "top_k": 5}}
    read = {RELATED_ITEMS.name: TableVersion(listed(FIRST, "tea jam", **run), "id")}
    serving = Gated(GATE, REPO, FIRST).read(store, SOURCES, read).inputs["serving"]
    made = serving.made_with(FIRST)["related_items"]
    assert made["lists"].items() >= lists.items()
    assert made["lists"].keys() >= {"unknown_items"}
    run = {"parameters": {"gone": 1}}
    read = {RELATED_ITEMS.name: TableVersion(listed(FIRST, "tea jam", **run), "id")}
    serving = Gated(GATE, REPO, FIRST).read(store, SOURCES, read).inputs["serving"]
    assert serving.made_with(FIRST) == {"related_items": {"gone": 1}}


def test_a_commit_of_properties_is_no_change_of_a_day(stock, store):
    stock(FIRST, ("tea", 1, None))
    version = store.version(STOCK)
    path = store.path(STOCK)
    DeltaTable(path).alter.set_table_properties({"delta.logRetentionDuration": "interval 9 days"})
    assert store.version(STOCK) == version + 1
    assert version_of_day(store, STOCK, FIRST, store.newest(STOCK)) == version


def test_a_file_that_is_gone_is_told_whatever_the_folder_is_called(tmp_path):
    folder = tmp_path / "a b"
    rows = pa.table({"as_of": ["2024-01-01", "2024-01-02"], "item_id": ["tea", "jam"]})
    write_deltalake(folder / "lists", rows, partition_by=["as_of"])
    warehouse = Warehouse(str(folder))
    assert warehouse.missing_file("lists", 0, "2024-01-01") is None
    (file,) = (folder / "lists" / "as_of=2024-01-01").glob("*.parquet")
    file.unlink()
    assert warehouse.missing_file("lists", 0, "2024-01-01") == str(file)
    assert warehouse.missing_file("lists", 0, "2024-01-02") is None
    with pytest.raises(JobError, match="lists cannot be read"):
        warehouse.missing_file("lists", 1, "2024-01-02")
