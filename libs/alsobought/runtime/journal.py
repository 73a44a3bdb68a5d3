"""The record of runs: a row of `runs` for each job, and lines of a log, whatever becomes of it.

A job never fails for want of its record: what goes wrong with that is a note on stderr.
"""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from alsobought import __version__
from alsobought.runtime import commits, creation
from alsobought.runtime.amounts import Done
from alsobought.runtime.faults import ERR, said_of
from alsobought.runtime.redaction import masked, recordable
from alsobought.runtime.standing import standing
from alsobought.runtime.store import Store
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.operations import RUNS
from alsobought.tables.table import Table


@dataclass
class Figures:
    """What is recorded of a job, to be filled in while it runs."""

    outcome: str = "done"
    rows_read: int | None = None
    bytes_read: int | None = None
    rows_written: int | None = None
    bytes_written: int | None = None
    bytes_shuffled: int | None = None
    said: str | None = None

    def of(self, done: Done, bytes_shuffled: int) -> None:
        """Fill in what a job has done."""
        self.outcome = "unchanged" if done.is_unchanged else "done"
        self.rows_read, self.bytes_read = done.read
        self.rows_written, self.bytes_shuffled = done.rows_written, bytes_shuffled


@dataclass(frozen=True)
class Journal:
    """Where a run is recorded: beside the tables of its warehouse."""

    warehouse: str
    logs: Path | None
    """The folder of the logs; None: there are none."""
    environment: str
    as_of: date
    run_id: str | None
    """None: the run is not recorded."""
    spark: SparkSession | None = None

    def with_session(self, spark: SparkSession) -> "Journal":
        """The same, of a run whose session has started; on a URI only that can add rows."""
        return replace(self, spark=spark)

    @contextmanager
    def recorded(self, job: str, table: Table | None = None) -> Iterator[Figures]:
        """Record a job while it runs; `table`: what it writes, whose state a failure is noted with.

        Cost: tens of milliseconds; on a URI, where Spark adds the row, seconds.
        """
        figures = Figures()
        if self.run_id is None:
            yield figures
            return
        began_at, began = commits.time_of_writing(), time.monotonic()
        self._log(began_at, "started", {"job": job})
        try:
            yield figures
        except BaseException as error:
            figures.outcome = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            figures.said = recordable(said_of(error))
            self._note_state(error, table)
            raise
        finally:
            seconds = round(time.monotonic() - began, 3)
            self._size_written(figures, table)
            self._record(job, began_at, seconds, figures)

    @contextmanager
    def failure(self, job: str, table: Table) -> Iterator[None]:
        """Record a job that cannot even begin; nothing is recorded where it can."""
        began_at, began = commits.time_of_writing(), time.monotonic()
        try:
            yield
        except BaseException as error:
            if self.run_id is not None:
                self._note_state(error, table)
                figures = Figures("failed", said=recordable(said_of(error)))
                self._record(job, began_at, round(time.monotonic() - began, 3), figures)
            raise

    def _record(self, job: str, began_at: int, seconds: float, figures: Figures) -> None:
        of_job = {"job": job, "seconds": seconds, **asdict(figures)}
        self._log(commits.time_of_writing(), of_job.pop("outcome"), of_job)
        row = {
            "run_id": self.run_id, "job": job, "as_of": self.as_of, "started_at": _time(began_at),
            "seconds": seconds, **asdict(figures), "code_version": __version__,
        }  # fmt: skip
        try:
            self._add(row)
        except Exception as error:
            _note(f"this run is not in {RUNS.name}: {said_of(error)}")

    def _add(self, row: dict[str, Any]) -> None:
        """Add a row to `runs`, which is made where it is not there yet."""
        if "://" not in self.warehouse:
            path = f"{self.warehouse}/{RUNS.name}"
            if not commits.is_table(path):
                creation.create(path, RUNS)
            Warehouse(self.warehouse).add(RUNS, [row])
        elif self.spark is not None:
            Store(self.spark, self.warehouse).add_by_spark(RUNS, [row])

    def _log(self, at: int, event: str, values: dict[str, Any]) -> None:
        """Add a line to the log of the day, UTC: one JSON object."""
        if self.logs is None:
            return
        moment = _time(at)
        line = {
            "at": moment.isoformat(timespec="milliseconds"), "event": event,
            "run_id": self.run_id, "environment": self.environment,
            "as_of": self.as_of.isoformat(), **values,
        }  # fmt: skip
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            with (self.logs / f"{moment:%Y-%m-%d}.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            _note(f"this run is not in its log: {said_of(error)}")

    def _size_written(self, figures: Figures, table: Table | None) -> None:
        if table is None or figures.outcome != "done" or "://" in self.warehouse:
            return
        try:
            path = f"{self.warehouse}/{table.name}"
            figures.bytes_written = commits.bytes_added(path, str(self.run_id))
        except Exception:  # a size that is not known stays null
            return

    def _note_state(self, error: BaseException, table: Table | None) -> None:
        """Have the failure's message say what readers have of the table."""
        if table is None:
            return
        try:
            stands = standing(table, self.warehouse, self.as_of, self.spark)
            if stands is not None:
                error.add_note(stands)
        except Exception:  # what broke the job may keep that from being read, too
            return


def new_run_id() -> str:
    """A name for a run that no other one has."""
    return uuid.uuid4().hex


def log_folder(home: Path, warehouse: str, named: str | None) -> Path | None:
    """The folder of the logs: as the TOML names it, or beside a warehouse on a path."""
    if named is not None:
        return home / named
    return None if "://" in warehouse else Path(f"{warehouse}-logs")


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _note(text: str) -> None:
    ERR.print(f"note: {masked(text)}", markup=False)
