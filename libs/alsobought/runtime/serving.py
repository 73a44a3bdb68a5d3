"""What is served, by the log of promotions: for the job that decides it, from pinned versions."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from alsobought.errors import JobError
from alsobought.runtime.earlier_days import read_days
from alsobought.runtime.faults import sentence
from alsobought.runtime.job import Gate
from alsobought.runtime.store import ALL_COMMITS, Store, TableVersion, recorded_run, run_of
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables import ALL
from alsobought.tables.evaluate import PROMOTIONS
from alsobought.tables.serving import Decision, Serving, State
from alsobought.tables.table import Table

LEAVES_FILES = ("VACUUM START", "VACUUM END")  # of the newest version


def decisions(warehouse: Warehouse) -> list[Decision]:
    """Every decision on what is served, the oldest first; none where there is no log."""
    if not warehouse.has(PROMOTIONS.name):
        return []
    query = f"SELECT number, decision, served_as_of, served_versions FROM {PROMOTIONS.name}"
    rows = warehouse.rows(f"{query} ORDER BY number", PROMOTIONS.name)
    return [Decision.of(row) for row in rows]


class ServingInputs(NamedTuple):
    """The inputs of a job that decides what is served, and the versions that they were read of."""

    inputs: dict[str, Any]
    versions: dict[str, TableVersion]


def serving_inputs(
    store: Store,
    gate: Gate,
    sources: Mapping[str, Any],
    as_of: date,
    read: Mapping[str, TableVersion],
) -> ServingInputs:
    """What a job gets that decides what is served; `sources`: its inputs' tables, by their names.

    `read`: the versions of its other inputs, by table: what it looks at is what it may promote.
    Cost: the logs of the tables and of what they were made of.
    """
    log, so_far = _log(store)
    promoted: list[Table] = [sources[name] for name in gate.promotes if name in sources]
    versions_of_day = {t.name: version_of_day(store, t, as_of, read[t.name]) for t in promoted}
    candidates = State(as_of, versions_of_day)
    state = so_far[-1].served if so_far else None
    served, unreadable = _served(store, promoted, state)
    versions = {} if log is None else {PROMOTIONS.name: log}
    inputs: dict[str, Any] = {}
    judge: Table | None = sources.get(gate.evaluations)
    if judge is not None:
        version = store.newest(judge) if store.exists(judge) else None
        versions |= {} if version is None else {judge.name: version}
        days = [as_of, *([state.as_of] if state else [])]
        inputs[gate.evaluations] = read_days(store, judge, version, days).rows
    made_with = _lookup(store, candidates, promoted, judge)
    inputs["serving"] = Serving(so_far, candidates, served, unreadable, made_with)
    return ServingInputs(inputs, versions)


def version_of_day(store: Store, table: Table, as_of: date, until: TableVersion) -> int:
    """The last version up to `until` whose commit has touched the table's rows of the day.

    So equal versions mean equal rows, whatever was written for other days since.
    """
    for commit in store.commits(table, ALL_COMMITS):
        day = recorded_run(commit.get("userMetadata")).get("as_of", as_of.isoformat())
        touches = commit["operation"] not in LEAVES_FILES and day == as_of.isoformat()
        if touches and commit["version"] <= until.number:
            return int(commit["version"])
    return until.number


def _log(store: Store) -> tuple[TableVersion | None, list[Decision]]:
    """The version of the log, and the decisions in it."""
    if not store.exists(PROMOTIONS):
        return None, []
    newest = store.newest(PROMOTIONS)
    if store.is_on_path:
        warehouse = Warehouse(store.warehouse)
        warehouse.pin(PROMOTIONS.name, newest.number)
        return newest, decisions(warehouse)
    rows = store.read_version(PROMOTIONS, newest.number).sort("number").collect()
    return newest, [Decision.of(row.asDict()) for row in rows]


def _served(
    store: Store, tables: list[Table], state: State | None
) -> tuple[dict[str, DataFrame], dict[str, str]]:
    """The rows of the tables as they are served, and why those of others cannot be read."""
    served: dict[str, DataFrame] = {}
    unreadable: dict[str, str] = {}
    for table in tables:
        if state is None or table.name not in state.versions:
            continue
        try:
            served[table.name] = store.read(table, state.as_of, state.versions[table.name]).rows
        except (JobError, PySparkException) as error:
            said = error if isinstance(error, JobError) else sentence(str(error))
            unreadable[table.name] = f"The served lists cannot be compared: {said}"
    return served, unreadable


def _lookup(
    store: Store, candidates: State, promoted: list[Table], judge: Table | None
) -> Callable[[date], Mapping[str, Any]]:
    """Serving.made_with: of an earlier day by the versions that the day's evaluation has read."""
    runs = cache(lambda name: _runs(store, ALL[name]))
    evaluated: dict[str, int] = {}
    if judge is not None and store.exists(judge):
        run = run_of(runs(judge.name), candidates.as_of, store.newest(judge).number)
        evaluated = run.get("read_versions", {})

    def made_with(day: date) -> Mapping[str, Any]:
        made: dict[str, Any] = {}
        versions = candidates.versions
        if day != candidates.as_of:
            versions = {t.name: evaluated.get(t.name, store.newest(t).number) for t in promoted}
        for table in promoted:
            made |= _lineage(runs, table.name, day, versions[table.name]) | made
        return made

    return made_with


def _lineage(
    runs: Callable[[str], list[tuple[int, dict[str, Any]]]], name: str, day: date, version: int
) -> dict[str, Any]:
    """The parameters of the run that made a table's day, and of those that made what it read of
    that day, by table."""
    run = run_of(runs(name), day, version)
    made: dict[str, Any] = {name: run["parameters"]} if "parameters" in run else {}
    for read, number in run.get("read_versions", {}).items():
        if read in ALL and ALL[read].kept == "per_as_of" and read != name:
            made = _lineage(runs, read, day, number) | made
    return made


def _runs(store: Store, table: Table) -> list[tuple[int, dict[str, Any]]]:
    """`Store.runs`; none where the table is not built."""
    return store.runs(table) if store.exists(table) else []
