"""Jobs that read source files: only what is new or changed, judged, and written in one commit."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from alsobought.errors import JobError
from alsobought.ingest import files, loaded
from alsobought.ingest.loaded import Due, LoadedFile, LoadedFiles, SourceFile
from alsobought.ingest.settings import Source, Sources
from alsobought.runtime import loaded_files
from alsobought.runtime.amounts import Amount, Done
from alsobought.runtime.forgotten import FORGOTTEN_MEANWHILE, forgotten
from alsobought.runtime.forgotten_lines import without_forgotten
from alsobought.runtime.judged_load import FileCounts, JudgedLoad, Load, Rejects
from alsobought.runtime.loading_by_files import FileLoad
from alsobought.runtime.loading_by_spark import SparkLoad
from alsobought.runtime.store import Store
from alsobought.tables.outcome import JudgedRows
from alsobought.tables.table import Table

POINTER = loaded_files.POINTER
AT_MOST_NAMED = 3  # vanished files
NO_COUNTS = FileCounts(0, 0, 0, {}, 0, None)


@dataclass(frozen=True)
class Target:
    """What a job's source files become."""

    table: Table
    rejects: Rejects | None
    as_of: date
    sources: Sources | None = None
    """All sources, which say how an offer's id tells its customer; None: that is not known."""


@dataclass(frozen=True)
class Reading:
    """What a run reads of a source, and what the table held before it."""

    source: Source
    home: Path
    target: Target
    due: Due
    before: tuple[int | None, LoadedFiles]
    """The table's version (None: there is no table yet), and the record that is true of it."""

    @property
    def nothing_is_due(self) -> bool:
        """Whether the table already holds what the source's files hold."""
        is_whole = self.target.table.kept == "whole"
        return not (self.due.files or self.due.gone or (is_whole and self.due.vanished))

    @property
    def amount(self) -> Amount:
        """The size of the files that are due; their rows are not known before they are read."""
        return Amount(None, sum(file.size for file in self.due.files))

    def lines(self, spark: SparkSession) -> DataFrame:
        """The rows of the files that are due."""
        return files.read(spark, self.source, self.home, self.due.files)

    def record(self, store: Store, judged: JudgedLoad | None = None) -> str:
        """Write the record as it is after this run; returns its name.

        Raises JobError where a file has changed since it was listed: its rows are not known then.
        """
        self._require_unchanged(store.spark)
        table, as_of = self.target.table, self.target.as_of
        counts = {} if judged is None else judged.files
        read = [_loaded(file, counts.get(file.path, NO_COUNTS)) for file in self.due.files]
        settings = self.source.bearing_upon_rows
        gave_way = {} if judged is None else judged.gave_way
        old = LoadedFiles() if table.kept == "whole" else self.before[1].without(self.due.gone)
        return loaded_files.write(store, table, old.after(read, gave_way, as_of, settings))

    def sentences(self) -> list[str]:
        """What was left unread, and what has gone."""
        notes = []
        if self.due.unchanged and self.due.files:
            whole = len(self.due.files) + self.due.unchanged
            notes.append(
                f"{len(self.due.files):,} of {whole:,} files read, the others are as before"
            )
        if self.due.vanished and self.target.table.kept != "whole":
            names = ", ".join(files.local(path) for path in self.due.vanished[:AT_MOST_NAMED])
            more = len(self.due.vanished) - AT_MOST_NAMED
            names += f" and {more:,} more" if more > 0 else ""
            notes.append(f"no longer there, and their rows stay: {names}")
        return notes

    def _require_unchanged(self, spark: SparkSession) -> None:
        if self.source.format == "delta":
            return  # a version of a table does not change
        now = {file.path: file for file in files.listed(spark, self.source, self.home)}
        for file in self.due.files:
            if now.get(file.path) != file:
                raise JobError(
                    f"{files.local(file.path)} changed while it was read, so nothing was written: "
                    f"run again."
                )


def reading(
    store: Store, source: Source, home: Path, target: Target, *, reload: bool = False
) -> Reading:
    """What a run must read of the source: see `loaded.due`; all where the source is read in another
    way than before, and of a table kept whole all as soon as anything has changed.

    Cost: the files are listed, and the table's log and record are read; no file is opened.
    """
    listed = files.listed(store.spark, source, home)
    version, record = loaded_files.latest(store, target.table)
    is_read_otherwise = bool(record.files) and record.settings != source.bearing_upon_rows
    due = loaded.due(
        listed,
        record,
        target.as_of,
        reload=reload or is_read_otherwise,
        is_table=source.format == "delta",
    )
    if target.table.kept == "whole" and (due.files or due.vanished or due.gone):
        due = replace(due, files=tuple(listed), unchanged=0)
    return Reading(source, home, target, due, (version, record))


def nothing_new(read: Reading) -> Done:
    """The outcome of a run that has nothing to read."""
    what = f"nothing new in {read.due.unchanged:,} files"
    return Done(what, read.sentences(), Amount(0, 0), 0, is_unchanged=True)


def write_judged(store: Store, read: Reading, judged: JudgedRows, run: dict[str, Any]) -> Done:
    """Write the rows that were read, their rejects first.

    `run` gets the account and the name of the record. Raises JobError where the rows are refused:
    the table stays as it is, and the rejected rows tell why.
    """
    target, (version, record) = read.target, read.before
    if version is not None:
        store.check_contract(target.table)
    target.table.require_columns(judged.rows.drop("reasons", "row").schema)
    without = forgotten(store.warehouse)
    judged = without_forgotten(judged, without, target.sources)
    due = read.due
    load = Load(target.table, target.rejects, target.as_of, due.files, record, version, due.gone)
    judged_load = read_and_judge(store, load, judged)
    try:
        account = account_of(judged_load, load)
        run["account"] = account
        if forgotten(store.warehouse) != without:
            raise JobError(FORGOTTEN_MEANWHILE)
        judged_load.write_rejects(run)
        sentences = judged.judge(account)
        if version is None:
            store.create(target.table)
        run[POINTER] = read.record(store, judged_load)
        counts = judged_load.commit(run)
    finally:
        judged_load.close()
    what = f"{counts.added:,} rows added, {counts.removed:,} removed"
    amount = read.amount._replace(rows=account["read"])
    return Done(what, [*sentences, *read.sentences()], amount, counts.added)


def read_and_judge(store: Store, load: Load, judged: JudgedRows) -> JudgedLoad:
    """The rows read and judged, by the way that the storage allows."""
    if store.workers_write(load.table):
        return FileLoad(store, load, judged)
    return SparkLoad(store, load, judged)


def account_of(judged_load: JudgedLoad, load: Load) -> dict[str, Any]:
    """Rows read, good, rejected, ahead, repeated, by_reason, and those of files not read."""
    counts = judged_load.files.values()
    by_reason: Counter[str] = Counter()
    for file in counts:
        by_reason.update(file.by_reason)
    read, good = sum(c.read for c in counts), sum(c.good for c in counts)
    paths = set(load.paths)
    unchanged = sum(f.rows for path, f in load.loaded.files.items() if path not in paths)
    return {
        "read": read,
        "good": good,
        "rejected": read - good,
        "ahead": sum(c.ahead for c in counts),
        "repeated": sum(c.repeated for c in counts),
        "by_reason": dict(sorted(by_reason.items())),
        "unchanged": unchanged,
    }


def _loaded(file: SourceFile, counts: FileCounts) -> LoadedFile:
    return LoadedFile(file, rows=counts.read, ahead_from=counts.ahead_from)
