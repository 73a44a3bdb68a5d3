"""The Delta versions that a job's last run for a day had read, for a run that reads them again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel

from alsobought.errors import JobError
from alsobought.runtime.job import Files, Job
from alsobought.runtime.store import Store, TableVersion
from alsobought.tables.table import Table

WITHOUT = "run the job without --pin-inputs"


@dataclass(frozen=True)
class Pinned:
    """What a run has read, as its commit records it."""

    job: str
    as_of: date
    run: Mapping[str, Any]

    def version(self, store: Store, table: Table) -> int:
        """The version of a table that the run had read.

        Raises JobError where it read none, or where that one can no longer be read.
        """
        number = self.run.get("read_versions", {}).get(table.name)
        if number is None:
            raise JobError(
                f"The run of {self.job} for {self.as_of} has read no {table.name}, which the job "
                f"reads now: {WITHOUT}."
            )
        self._require_readable(store, table, number)
        return int(number)

    def versions_of(self, store: Store, tables: Iterable[Table | Files]) -> dict[str, TableVersion]:
        """The versions of those tables that there were when the run read them."""
        recorded = self.run.get("read_versions", {})
        wanted = [t for t in tables if isinstance(t, Table) and t.name in recorded]
        return {
            table.name: store.newest(table)._replace(number=self.version(store, table))
            for table in wanted
        }

    def _require_readable(self, store: Store, table: Table, number: int) -> None:
        said = f"{table.name} {number}, the version that {self.job} read for {self.as_of},"
        if not store.exists(table) or (
            store.newest(table).table_id != self.run["read_tables"][table.name]
        ):
            raise JobError(f"{said} is gone: the table was made anew since; {WITHOUT}.")
        try:
            store.files(table, self.as_of, number)
        except JobError as error:
            why = str(error).split(": ", 1)[-1].split("; ")[0]
            raise JobError(
                f"{said} can no longer be read ({why}): [maintenance] vacuum_days says how "
                f"long versions are kept; {WITHOUT}."
            ) from None

    def changed_parameters(self, params: BaseModel) -> list[str]:
        """The parameters that have other values now than the run had, as named in the TOML."""
        then, now = self.run.get("parameters", {}), params.model_dump(mode="json")
        return [name for name in _names(then, now) if _at(then, name) != _at(now, name)]


def pinned_inputs(job: Job, store: Store, as_of: date) -> Pinned:
    """What the job's last run for the day had read.

    Raises JobError where there is no such run. Cost: the log of the job's table.
    """
    table = job.writes
    run = {}
    if store.exists(table):
        run = store.run_of_day(table, as_of, store.version(table))
    if not run:
        raise JobError(
            f"No commit of {table.name} says what a run for {as_of} has read, so --pin-inputs has "
            f"nothing to pin: {WITHOUT}."
        )
    return Pinned(job.name, as_of, run)


def why_not_pinned(job: Job) -> str | None:
    """Why the inputs of a job cannot be pinned, in a phrase; None: they can."""
    if job.source is not None:
        return "it reads source files, which have no versions"
    if job.gate is not None:
        return "it decides what is served now"
    return None


def _names(*groups: Mapping[str, Any]) -> list[str]:
    """The names of all values, through nested groups: baskets.max_items.order."""
    names: dict[str, None] = {}
    for group in groups:
        for name, value in group.items():
            inner = _names(value) if isinstance(value, Mapping) and value else []
            names |= dict.fromkeys([f"{name}.{n}" for n in inner] or [name])
    return list(names)


def _at(group: Mapping[str, Any], name: str) -> Any:
    value: Any = group
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
