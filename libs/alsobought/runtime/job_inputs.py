"""What a job gets of its inputs, and the Delta versions that it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from pydantic import BaseModel

from alsobought.runtime.amounts import Amount, amount_of_inputs
from alsobought.runtime.config import Environment
from alsobought.runtime.earlier_days import Days
from alsobought.runtime.job import Files, Job
from alsobought.runtime.loading import Reading
from alsobought.runtime.pinned_inputs import Pinned
from alsobought.runtime.store import Store, TableVersion
from alsobought.tables.stored import Stored
from alsobought.tables.table import Table


class InputsRead(NamedTuple):
    """What the transformation gets by name, each table's version, and how much it is of the day."""

    inputs: dict[str, Any]
    versions: dict[str, TableVersion]
    amount: Amount


@dataclass(frozen=True)
class Inputs:
    """The inputs of a job for a day; pinned: at the versions that an earlier run had read."""

    job: Job
    environment: Environment
    as_of: date
    pinned: Pinned | None = None

    def read(self, store: Store, params: BaseModel, lines: Reading | None) -> InputsRead:
        """All inputs; of a job that reads source files, `lines` are what it must read of them.

        Raises JobError where a table, the day or a pinned version is not there.
        """
        inputs, versions = self._of_day(store, lines)
        tables = self.job.inputs_in(self.environment)
        whole = [tables[n] for n in tables if n not in self.job.read_apart]
        of_day = [table for table in whole if isinstance(table, Table)]
        amount = (
            amount_of_inputs(store, of_day, versions, self.as_of) if lines is None else lines.amount
        )
        if self.job.earlier is not None:
            days = Days(self.job.earlier, params, self.as_of, self._pins(store, params, tables))
            dated, dated_versions = days.read(store, tables)
            inputs, versions = inputs | dated, versions | dated_versions
        return InputsRead(inputs, versions, amount)

    def _of_day(
        self, store: Store, lines: Reading | None
    ) -> tuple[dict[str, Any], dict[str, TableVersion]]:
        inputs: dict[str, Any] = {}
        versions: dict[str, TableVersion] = {}
        wanted = self.job.inputs_in(self.environment)
        for name, source in self.job.reads.items():
            if isinstance(source, Files):
                assert lines is not None  # the job has a source
                inputs[name] = lines.lines(store.spark)
            elif name not in wanted:
                inputs[name] = None
            elif name not in self.job.read_apart:
                pin = None if self.pinned is None else self.pinned.version(store, source)
                read = store.read(source, self.as_of, pin)
                versions[source.name] = read.table_version
                inputs[name] = read.rows
                if name in self.job.as_files:
                    files = store.files(source, self.as_of, read.version)
                    inputs[name] = Stored(read.rows, files)
        return inputs, versions

    def _pins(
        self, store: Store, params: BaseModel, tables: Mapping[str, Table | Files]
    ) -> dict[str, TableVersion] | None:
        """The versions of the tables of which other days are read; None: the newest ones."""
        earlier = self.job.earlier
        if self.pinned is None or earlier is None:
            return None
        others = [] if earlier.others is None else earlier.others(params)
        ours = [tables[name] for name in earlier.inputs if name in tables]
        return self.pinned.versions_of(store, [*ours, *others])
