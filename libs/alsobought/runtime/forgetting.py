"""Forgetting customers in a warehouse on a path: their rows go, in every table and of every day.

The order makes a second call end what a first one has begun: who is forgotten is written down
first, so that no run brings them back; files are deleted last, those that tell whose offers and
lines are whose at the very end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from alsobought.errors import JobError, NotFoundError
from alsobought.runtime import commits, creation, loaded_files, log_statistics
from alsobought.runtime.commits import Log, TableFile, recorded_run
from alsobought.runtime.customer_files import LOG, Rewriting, Search, look, search
from alsobought.runtime.customers_in_rows import OF_CUSTOMERS, Customers
from alsobought.runtime.faults import CONCURRENT
from alsobought.runtime.forgotten import CUSTOMER, FORGET, Forgotten, forgotten, hash_of, remember
from alsobought.runtime.remains import Remains, remains
from alsobought.runtime.unchanged import HARMLESS
from alsobought.tables.forgetting import FORGETTINGS
from alsobought.tables.serving import State
from alsobought.tables.table import Table

ATTEMPTS = 20
ALL_COMMITS = 1_000_000


@dataclass(frozen=True)
class Change:
    """What a table's newest version loses: rows, of so many files, of these days."""

    table: str
    rows: int
    files: int
    days: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """What was done: by table, the data files that were deleted, and what is left."""

    changes: Sequence[Change]
    versions: Mapping[str, int]
    """Each table's version without them."""
    deleted: int
    remains: Remains


@dataclass(frozen=True)
class Forgetting:
    """Customers to forget in a warehouse, and where they stand; `run` is what commits record."""

    warehouse: Path
    run: Mapping[str, Any]
    searched: Search

    @classmethod
    def of(cls, warehouse: Path, customers: Customers, run: Mapping[str, Any]) -> "Forgetting":
        """Look for the customers in every file.

        Raises NotFoundError where one of them is in no file and was not forgotten before, JobError
        where a table cannot be changed by its files alone.
        """
        before = forgotten(str(warehouse))
        made = cls(warehouse, run, search(warehouse, customers))
        for name in made._there():
            if not made._log(name).is_plain:
                raise JobError(
                    f"{name} has a feature of Delta (deletion vectors or renamed columns) by which "
                    f"its files alone do not tell its rows, so nothing was changed: purge them "
                    f"(REORG TABLE … APPLY (PURGE)), take the feature off the table, then forget "
                    f"again."
                )
        unknown = sorted(
            customer
            for customer in customers.ids - made.searched.ids
            if before is None or not before.has(CUSTOMER, customer)
        )
        if unknown:
            raise NotFoundError(
                f"No customer is called {', '.join(map(repr, unknown))}: no table of {warehouse} "
                f"has a row of that id, so nothing was changed."
            )
        return made

    @property
    def customers(self) -> Customers:
        """The customers, with their offers and lines."""
        return self.searched.customers

    def changes(self) -> list[Change]:
        """What the newest versions would lose; nothing is written."""
        return [change for name in self._there() if (change := self._change(name)).files]

    def holds_served(self, state: State) -> list[str]:
        """The served tables whose files, as they are served, have rows of the customers."""
        names = [name for name in state.versions if name in self._there()]
        return [name for name in names if self._is_held(name, state)]

    def is_newest(self, name: str, state: State) -> bool:
        """Whether a served table's day has the rows that are served: no run has made it since."""
        day = str(state.as_of)
        for commit in self._log(name).history(ALL_COMMITS):
            if commit["version"] <= state.versions[name]:
                break
            run = recorded_run(commit.get("userMetadata"))
            is_harmless = run.get("job") == FORGET or commit.get("operation") in HARMLESS
            if not is_harmless and run.get("as_of", day) == day:
                return False
        return True

    def write_down(self) -> Forgotten:
        """Have them among those whose source rows are left out from now on."""
        return remember(str(self.warehouse), self.customers.ids, self.customers.offers, self.run)

    def commit(self) -> tuple[list[Change], dict[str, int]]:
        """A version of each table without their rows, in one commit a table.

        Every table with rows of customers gets a commit, also where none of theirs are in it: a
        run that has read them before cannot commit upon it.
        """
        changes, versions = [], {}
        for name in self._there():
            change, versions[name] = self._commit(OF_CUSTOMERS[name])
            changes += [change] if change.files else []
        return changes, versions

    def delete(self) -> int:
        """Delete every data file with rows of theirs, and what logs tell of it; returns how many.

        Raises JobError where a newest version has come to name one again.
        """
        deleted = 0
        # again, as runs that were under way may have written some since
        for file in reversed(search(self.warehouse, self.customers).files):
            if file.path in self._live(file.table):
                raise JobError(f"{CONCURRENT}.")
            deleted += file.path.is_file()
            file.path.unlink(missing_ok=True)
            file.path.with_name(f".{file.path.name}.crc").unlink(missing_ok=True)
        tells = log_statistics.bounds_that_tell(self.customers)
        for name in self._there():
            log_statistics.without_bounds(self.warehouse / name / LOG, tells)
        return deleted

    def prove(self) -> Remains:
        """Read all files below the warehouse for what is left of them."""
        return remains(self.warehouse, self.customers)

    def record(self, done: Done, salted: Forgotten) -> None:
        """Add the row of `forgettings`: hashes alone, and what was removed."""
        path = f"{self.warehouse}/{FORGETTINGS.name}"
        if not commits.is_table(path):
            creation.create(path, FORGETTINGS)
        log = commits.log_of(path, FORGETTINGS.name)
        number = log.delta.to_pyarrow_table(columns=["number"]).num_rows + 1
        row = {
            "number": number,
            "customers": sorted(hash_of(salted.salt, CUSTOMER, id_) for id_ in self.customers.ids),
            "rows": {change.table: change.rows for change in done.changes},
            "files": done.deleted,
            "remains": len(done.remains.places),
        }
        columns = to_arrow_schema(StructType(list(FORGETTINGS.columns)), timezone="UTC")
        schema = pa.schema([column.remove_metadata() for column in columns])
        rows = pa.Table.from_pylist([row], schema)
        commits.append_rows(path, rows, log.version, self.run)

    def _live(self, name: str) -> set[Path]:
        """The files of a table's newest version."""
        if name not in self._there():
            return set()  # a run's own folder, of a table that is not built
        return {self.warehouse / name / file.path for file in self._log(name).files()}

    def _there(self) -> list[str]:
        """The tables with rows of customers that are built."""
        return [n for n in OF_CUSTOMERS if commits.is_table(str(self.warehouse / n))]

    def _log(self, name: str, version: int | None = None) -> Log:
        return commits.log_of(str(self.warehouse / name), name, version)

    def _is_held(self, name: str, state: State) -> bool:
        try:
            log = self._log(name, state.versions[name])
        except JobError:
            return False  # that version cannot be read any more, whoever is in it
        files = log.files({"as_of": str(state.as_of)})
        theirs = self.searched.paths(name)
        return any(self.warehouse / name / file.path in theirs for file in files)

    def _change(self, name: str) -> Change:
        rows = {file.path: file.rows for file in self.searched.files if file.table == name}
        folder = self.warehouse / name
        going = [file for file in self._log(name).files() if folder / file.path in rows]
        return _change_of(name, going, sum(rows[folder / file.path] for file in going))

    def _commit(self, table: Table) -> tuple[Change, int]:
        folder = self.warehouse / table.name
        rows = {file.path: file.rows for file in self.searched.files if file.table == table.name}
        rewriting = Rewriting(str(folder), table, self.customers)
        for _ in range(ATTEMPTS):
            log = self._log(table.name)
            live = log.files()
            for file in live:  # another run may have added it since all files were looked at
                path = folder / file.path
                if path not in self.searched.looked_at and path not in rows:
                    new = look(table, path, self.customers)
                    rows |= {} if new is None else {path: new.rows}
            going = [file for file in live if folder / file.path in rows]
            added = [(new, file.partition) for file in going for new in rewriting.without(file)]
            try:
                log.commit_partitions(added, going, self._run(log, table))
            except commits.OtherCommit:
                continue
            count = sum(rows[folder / file.path] for file in going)
            return _change_of(table.name, going, count), log.version + 1
        rewriting.discard()
        raise JobError(f"{CONCURRENT}.")

    def _run(self, log: Log, table: Table) -> dict[str, Any]:
        """What the commit records: also the record of loaded files, which stays true."""
        run = dict(self.run)
        if table.replaced_by_file:
            name = loaded_files.pointer(log.history(ALL_COMMITS))
            run |= {} if name is None else {loaded_files.POINTER: name}
        return run


def _change_of(name: str, going: Sequence[TableFile], rows: int) -> Change:
    days = {file.partition["as_of"] for file in going if "as_of" in file.partition}
    return Change(name, rows, len(going), tuple(sorted(str(day) for day in days)))
