"""Rejected rows that the driver writes itself, in the place of what their files gave before."""

from datetime import date

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from alsobought.errors import ContractError, JobError
from alsobought.ingest.loaded import LoadedFiles, SourceFile
from alsobought.runtime import commits, rejected_files
from alsobought.runtime.judged_load import Load, Rejects
from alsobought.runtime.rejected_files import alike_as_one, replace_by_driver
from alsobought.runtime.store import Store
from alsobought.tables.offers import OFFERS, REJECTED_EVENTS
from alsobought.tables.purchases import PURCHASES, REJECTED_PURCHASES


def broken(*rows):
    """Rows of (source_file, reasons, row)."""
    types = pa.string(), pa.list_(pa.string()), pa.string()
    columns = [pa.array(c, t) for c, t in zip(zip(*rows, strict=True), types, strict=True)]
    return pa.table(columns, ["source_file", "reasons", "row"])


def load_of(*paths, table=PURCHASES, rejects=REJECTED_PURCHASES, source="purchases"):
    files = tuple(SourceFile(path, 1, 1) for path in paths)
    rejected = Rejects(rejects, source)
    return Load(table, rejected, date(2017, 12, 1), files, LoadedFiles(), None)


@pytest.fixture
def store(tmp_path):
    return Store(None, str(tmp_path))  # no Spark: it has nothing to do here


def stored(store, table=REJECTED_PURCHASES):
    rows = DeltaTable(store.path(table)).to_pyarrow_table().to_pylist()
    return sorted(tuple(row.values()) for row in rows)


def test_rows_that_read_alike_are_one_with_every_reason_and_their_number():
    rows = broken(
        ("a", ["missing_item"], "1"),
        ("a", ["unreadable_time", "missing_item"], "1"),
        ("a", ["duplicate"], "1"),
        ("a", ["duplicate"], "1"),
        ("b", ["duplicate"], "1"),
        ("a", ["duplicate"], "2"),
    )
    as_one = alike_as_one(rows, Rejects(REJECTED_EVENTS, "offers"))
    every = ["duplicate", "missing_item", "unreadable_time"]
    assert [tuple(row.values()) for row in as_one.to_pylist()] == [
        ("offers", "a", every, "1", 4),
        ("offers", "b", ["duplicate"], "1", 1),
        ("offers", "a", ["duplicate"], "2", 1),
    ]


def test_a_files_rows_take_the_place_of_those_that_it_gave_before(store):
    reason = ["missing_item_id"]
    both = broken(("a", reason, "1"), ("b", reason, "1"))
    replace_by_driver(store, load_of("a", "b"), both, {"run": 1})
    replace_by_driver(store, load_of("a"), broken(("a", reason, "2")), {"run": 2})
    assert stored(store) == [("a", reason, "2", 1), ("b", reason, "1", 1)]
    replace_by_driver(store, load_of("a"), None, {"run": 3})
    assert stored(store) == [("b", reason, "1", 1)]
    for nothing_to_do in (load_of("a"), load_of("c")):
        replace_by_driver(store, nothing_to_do, None, {"run": 4})
    log = commits.log_of(store.path(REJECTED_PURCHASES), "rejected_purchases")
    assert log.history(1)[0]["userMetadata"] == '{"run": 3}'


def test_jobs_that_share_a_table_replace_their_own_rows_only(store):
    for source in ("offers", "redemptions"):
        load = load_of("a", table=OFFERS, rejects=REJECTED_EVENTS, source=source)
        replace_by_driver(store, load, broken(("a", ["duplicate"], "1")), {})
    replace_by_driver(store, load, None, {})
    assert stored(store, REJECTED_EVENTS) == [("offers", "a", ["duplicate"], "1", 1)]


def test_no_table_is_made_for_no_rows(store):
    replace_by_driver(store, load_of("a"), None, {})
    assert not store.exists(REJECTED_PURCHASES)


def test_a_row_that_breaks_the_contract_is_refused_and_leaves_no_file(store, tmp_path):
    with pytest.raises(ContractError, match=r"^rejected_purchases: .*row is null in 1 rows"):
        replace_by_driver(store, load_of("a"), broken(("a", ["duplicate"], None)), {})
    assert not list(tmp_path.glob("*/*.parquet"))


def test_a_commit_that_fails_once_it_is_made_keeps_its_files(store, monkeypatch):
    """As where the disk is full when a checkpoint is to follow."""
    commit = commits.Log.commit

    def made_then_failed(log, *given):
        commit(log, *given)
        raise OSError("No space left on device")

    monkeypatch.setattr(commits.Log, "commit", made_then_failed)
    with pytest.raises(OSError, match="No space"):
        replace_by_driver(store, load_of("a"), broken(("a", ["duplicate"], "1")), {})
    assert stored(store) == [("a", ["duplicate"], "1", 1)]


@pytest.mark.parametrize("others", [1, rejected_files.ATTEMPTS])
def test_a_commit_of_another_job_is_looked_at_before_the_next_attempt(store, monkeypatch, others):
    """The others write between this one's look at the table and its commit."""
    reason, waiting = ["duplicate"], list(range(others))
    replace_by_driver(store, load_of("a", "b"), broken(("a", reason, "1"), ("b", reason, "1")), {})
    commit = commits.Log.commit

    def late(log, *given):
        if waiting:
            another = broken(("b", reason, f"by another {waiting.pop()}"))
            monkeypatch.setattr(commits.Log, "commit", commit)
            replace_by_driver(store, load_of("b"), another, {})
            monkeypatch.setattr(commits.Log, "commit", late)
        commit(log, *given)

    monkeypatch.setattr(commits.Log, "commit", late)
    if others < rejected_files.ATTEMPTS:
        replace_by_driver(store, load_of("a"), None, {})
        assert stored(store) == [("b", reason, "by another 0", 1)]
    else:
        with pytest.raises(JobError, match=r"^Another run changed"):
            replace_by_driver(store, load_of("a"), None, {})
        assert len(stored(store)) == 2
