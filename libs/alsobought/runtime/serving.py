"""What is served, by the log of promotions: for the job that decides it, from pinned versions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from alsobought.errors import ConfigError, JobError
from alsobought.runtime.commits import recorded_run
from alsobought.runtime.earlier_days import read_days, read_version
from alsobought.runtime.faults import sentence
from alsobought.runtime.job import Gate, load
from alsobought.runtime.lineage import Lineage
from alsobought.runtime.store import ALL_COMMITS, Store, TableVersion
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables import ALL
from alsobought.tables.evaluate import PROMOTIONS
from alsobought.tables.serving import Decision, Serving, State
from alsobought.tables.table import Table

LEAVES_FILES = ("VACUUM START", "VACUUM END", "SET TBLPROPERTIES")  # of the newest version
SAYS_WHAT = (
    "number", "decision", "decided_as_of", "served_as_of", "served_versions", "served_tables",
    "served_hit_rates", "reasons",
)  # fmt: skip


def decisions(warehouse: Warehouse) -> list[Decision]:
    """Every decision on what is served, the oldest first; none where there is no log."""
    if not warehouse.has(PROMOTIONS.name):
        return []
    query = f"SELECT {', '.join(SAYS_WHAT)} FROM {PROMOTIONS.name} ORDER BY number"
    rows = warehouse.rows(query, PROMOTIONS.name)
    return [Decision.of(row) for row in rows]


class ServingInputs(NamedTuple):
    """The inputs of a job that decides what is served, and the versions that they were read of."""

    inputs: dict[str, Any]
    versions: dict[str, TableVersion]


@dataclass(frozen=True)
class Gated:
    """A job that decides what is served, on a day, in the project at `home`."""

    gate: Gate
    home: Path
    as_of: date

    def read(
        self, store: Store, sources: Mapping[str, Any], read: Mapping[str, TableVersion]
    ) -> ServingInputs:
        """What the job gets besides its other inputs; `sources`: its inputs' tables, by their
        names.

        `read`: the versions of its other inputs, by table: what it looks at is what it may promote.
        Cost: the logs of the tables and of what they were made of.
        """
        log, so_far = decisions_in(store)
        names = [name for name in self.gate.promotes if name in sources]
        promoted: list[Table] = [sources[name] for name in names]
        candidates = State(
            self.as_of,
            {t.name: version_of_day(store, t, self.as_of, read[t.name]) for t in promoted},
            {t.name: read[t.name].table_id for t in promoted},
        )
        state = so_far[-1].served if so_far else None
        versions_served = {} if state is None else _same_tables(store, state)
        served, unreadable = _served(store, promoted, state, versions_served)
        versions = {} if log is None else {PROMOTIONS.name: log}
        inputs: dict[str, Any] = {}
        judge: Table | None = sources.get(self.gate.evaluations)
        evaluated: dict[str, int] = {}
        lineage = Lineage(store)
        if judge is not None:
            version = store.newest(judge) if store.exists(judge) else None
            inputs[self.gate.evaluations] = read_days(store, judge, version, [self.as_of]).rows
            if version is not None:
                versions[judge.name] = version
                run = lineage.run(judge.name, self.as_of, version.number)
                evaluated = run.get("read_versions", {})
        parameters = Parameters(lineage, self.home)
        newest = {t.name: read[t.name].number for t in promoted}

        def made_with(day: date) -> Mapping[str, Any]:
            pinned = candidates.versions if day == self.as_of else newest | evaluated
            return parameters.of_day(day, {name: pinned[name] for name in newest})

        def served_made_with() -> Mapping[str, Any]:
            if state is None:
                return {}
            return parameters.of_day(state.as_of, versions_served)

        inputs["serving"] = Serving(
            so_far, candidates, served, unreadable, made_with, served_made_with
        )
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


def decisions_in(store: Store) -> tuple[TableVersion | None, list[Decision]]:
    """The version of the log (None: there is none), and the decisions in it, the oldest first."""
    if not store.exists(PROMOTIONS):
        return None, []
    newest = store.newest(PROMOTIONS)
    if store.opens_files:
        warehouse = Warehouse(store.warehouse)
        warehouse.pin(PROMOTIONS.name, newest.number)
        return newest, decisions(warehouse)
    rows = store.read_version(PROMOTIONS, newest.number).sort("number").collect()
    return newest, [Decision.of(row.asDict(recursive=True)) for row in rows]


def _served(
    store: Store, tables: list[Table], state: State | None, versions: Mapping[str, int]
) -> tuple[dict[str, DataFrame], dict[str, str]]:
    """The rows of the tables as they are served, and why those of others cannot be read; `versions`
    are of those that have not been made anew since."""
    served: dict[str, DataFrame] = {}
    unreadable: dict[str, str] = {}
    for table in tables:
        if state is None or table.name not in state.versions:
            continue
        if table.name not in versions:
            unreadable[table.name] = (
                f"The served lists cannot be compared: {table.name} was made anew since."
            )
            continue
        try:
            rows = read_version(store, table, state.as_of, versions[table.name])
            served[table.name] = rows
        except (JobError, PySparkException) as error:
            said = error if isinstance(error, JobError) else sentence(str(error))
            unreadable[table.name] = f"The served lists cannot be compared: {said}"
    return served, unreadable


def _same_tables(store: Store, state: State) -> dict[str, int]:
    """The versions of the served tables that have not been made anew since."""
    return {
        name: version
        for name, version in state.versions.items()
        if store.exists(ALL[name]) and store.newest(ALL[name]).table_id == state.table_ids[name]
    }


@dataclass(frozen=True)
class Parameters:
    """The parameters of runs, as commits record them."""

    lineage: Lineage
    home: Path

    def of_day(self, day: date, versions: Mapping[str, int]) -> dict[str, Any]:
        """By table those of the runs that made its rows of the day, and what these were made of."""
        runs: dict[str, dict[str, Any]] = {}
        for name, version in versions.items():
            runs = self.lineage.runs(name, day, version) | runs
        return {
            name: self._with_defaults(name, run["parameters"])
            for name, run in runs.items()
            if "parameters" in run
        }

    def _with_defaults(self, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters with what a run of an earlier version of the package could not record: the
        defaults of settings that have come since. As they are where the job takes them no more."""
        try:
            params = load(self.home, name).params
            valid = params.model_validate_json(json.dumps(parameters))
        except (ConfigError, ValidationError):
            return parameters
        dumped: dict[str, Any] = valid.model_dump(mode="json")
        return dumped
