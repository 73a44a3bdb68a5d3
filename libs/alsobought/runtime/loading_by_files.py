"""Reading, judging and writing source files by workers, for a warehouse on a path.

The rows pass through the workers once, which write the good ones as files of the table, named by no
version yet. Keys are compared by their hashes; only rows whose hash repeats are looked at again.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from alsobought import storage
from alsobought.days import micros
from alsobought.errors import JobError
from alsobought.runtime import commits, rejected_rows, staging
from alsobought.runtime.acceptance import require_sound_rows
from alsobought.runtime.commits import TableFile
from alsobought.runtime.faults import CONCURRENT
from alsobought.runtime.judged_files import (
    REASONS,
    ROW,
    SOURCE_FILE,
    FileAccount,
    JudgedLayout,
    KeyScan,
    Replaced,
    layout_of_rejected,
    rewrite_files,
    write_judged,
)
from alsobought.runtime.judged_load import DUPLICATE, FUTURE, FileCounts, Load, LoadCounts, time_of
from alsobought.runtime.lost_rows import (
    ROWS_READ_ON_DRIVER,
    Rivals,
    lost_rows,
    rows_in,
    tasks_of,
    with_copies,
)
from alsobought.runtime.parquet_writer import Batches, StagedFile
from alsobought.runtime.rejected_files import MOST_BYTES, MOST_ROWS, replace_by_driver
from alsobought.runtime.repeated_lines import layout_of_copies
from alsobought.runtime.store import Store
from alsobought.tables.outcome import JudgedRows

REJECTED = "source_file string, reasons array<string>, row string"
PLACES = ["file", "place"]


class FileLoad:
    """Source files read once: their good rows lie in files that a commit may name.

    Cost: 12 bytes a row are shuffled to find repeated keys. Of the table, the keys in those files
    are read whose times or keys can meet the new rows'; files are written anew only where a row of
    them goes.
    """

    def __init__(self, store: Store, load: Load, judged: JudgedRows) -> None:
        self.files: Mapping[str, FileCounts] = {}
        self.gave_way: Mapping[str, frozenset[str]] = {}
        self._store, self._load, self._judged = store, load, judged
        self._standing = _files_of(store, load)
        self._unnamed: set[str] = set()
        self._resources = ExitStack()
        self._resources.callback(self._remove_unnamed)
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Release what the reading keeps on disk, and remove the files that no commit names."""
        self._resources.close()

    def write_rejects(self, run: Mapping[str, Any]) -> None:
        """Replace the rejected rows of the files read by those of this reading, in one commit."""
        # a row of another file that gives way is listed when its own file is read again
        lost = None if self._lost is None else self._lost.rejected(self._load.paths)
        if self._load.rejects is None:
            return
        is_plain = self._store.workers_write(self._load.rejects.table)
        if is_plain and not isinstance(lost, DataFrame) and self._few_are_broken():
            names = [SOURCE_FILE, REASONS, ROW]
            tables = [staging.tables_in(self._rejected, names)] if self._rejected else []
            tables += [lost] if lost is not None and len(lost) else []
            broken = pa.concat_tables(tables) if tables else None
            replace_by_driver(self._store, self._load, broken, run)
            return
        if isinstance(lost, pa.Table):
            lost = self._store.spark.createDataFrame(lost)
        rows = staging.rows_in(self._staged, REJECTED, self._rejected) if self._rejected else None
        if lost is not None:
            rows = lost if rows is None else rows.unionByName(lost)
        rejected_rows.replace(self._store, self._load, rows, run)

    def _few_are_broken(self) -> bool:
        rows = sum(counts.read - counts.good for counts in self.files.values())
        size = sum(map(storage.size, self._rejected))
        return rows <= MOST_ROWS and size <= MOST_BYTES

    def commit(self, run: Mapping[str, Any]) -> LoadCounts:
        """Write the rows in one commit whose userMetadata is `run`, upon `load.version`.

        Raises JobError where another run has committed since.
        """
        table, path = self._load.table, self._store.path(self._load.table)
        log = commits.log_of(path, table.name)
        if log.version != (self._load.version or 0):
            raise JobError(f"{CONCURRENT}.")
        added, lost_of = self._rewritten()
        if self._layout.folder != path:
            staging.move(added, self._layout.folder, path)
        gone = [file for file in self._standing if file.path in lost_of]
        paths = {f"{path}/{file.path}" for file in added}
        self._unnamed -= paths  # whatever else interrupts the commit, it may have been made
        try:
            log.commit(added, gone, {}, run)
        except commits.OtherCommit:
            self._unnamed |= paths
            raise JobError(f"{CONCURRENT}.") from None
        good = sum(counts.good for counts in self.files.values())
        return LoadCounts(good, sum(lost_of[file.path] for file in gone))

    def _read(self) -> None:
        load, table = self._load, self._load.table
        self._layout = staging.layout_of(table, self._folder(), "")
        assert table.replaced_by_file is not None  # rows come from files
        self._at = table.replaced_by_file
        self._replaced = Replaced(frozenset(load.paths), self._at, micros(load.as_of))
        folder = self._scratch_folder("aside")
        rejected, copies = f"{folder}/rejected", f"{folder}/copies"
        layout = JudgedLayout(
            self._layout,
            layout_of_rejected(rejected),
            layout_of_copies(copies, self._layout.schema),
            self._at,
            FUTURE,
        )

        def write(batches: Batches) -> Batches:
            return write_judged(batches, layout)

        written = staging.written(self._judged.rows, write, self._layout.folder)
        self._staged = self._resources.enter_context(written)
        self._unnamed |= {*self._staged.paths}
        require_sound_rows(table, self._staged.faults)
        tasks = self._staged.tasks
        self._rejected = [f"{rejected}/{path}" for task in tasks for path in task["rejected"]]
        paths = [f"{copies}/{path}" for task in tasks for path in task["copies"]]
        meeting = [file for file in self._standing if self._can_meet(file)]
        scan = KeyScan(self._layout.folder, self._layout.key, self._replaced, None)
        rivals = Rivals(table, self._judged, self._layout.schema, self._staged, meeting, scan)
        lost = lost_rows(self._store.spark, rivals, self._resources)
        self._lost = (
            with_copies(self._store.spark, lost, paths, rivals, self._resources) if paths else lost
        )
        self._count()

    def _folder(self) -> str:
        """Where files are staged: in the table's folder, or beside it while there is no table."""
        if self._load.may_stand:
            return self._store.path(self._load.table)
        return self._scratch_folder("first")

    def _scratch_folder(self, name: str) -> str:
        """A folder beside the tables, for this reading only."""
        folder = f"{self._store.warehouse}/.{self._load.table.name}-{name}-{uuid.uuid4()}"
        self._resources.callback(storage.remove_folder, folder)
        return folder

    def _count(self) -> None:
        """Fill in `files` and `gave_way`."""
        lost: Counter[str] = Counter()
        repeated: Counter[str] = Counter()
        gave_way: dict[str, set[str]] = defaultdict(set)
        standing = {file.path for file in self._standing}
        for file, gives_way, stays, n in () if self._lost is None else self._lost.by_file():
            if stays != gives_way:
                gave_way[stays].add(gives_way)
            if file not in standing:
                lost[gives_way] += n
                repeated[gives_way] += n if stays != gives_way else 0
        self.gave_way = {path: frozenset(paths) for path, paths in gave_way.items()}
        self.files = {
            path: _counts(account, lost[path], repeated[path])
            for path, account in _accounts(self._staged.tasks).items()
        }

    def _can_meet(self, file: TableFile) -> bool:
        """Whether a row of the file can have the key of a new row, by least and greatest values."""
        columns = [*self._layout.key, *([self._at] if self._judged.same_time else [])]
        ranges = [staging.range_of(self._staged.files, name) for name in columns]
        return all(
            values is None or file.may_hold(name, *values)
            for name, values in zip(columns, ranges, strict=True)
        )

    def _rewritten(self) -> tuple[list[StagedFile], Mapping[str, int]]:
        """The files to add, and the rows that files lose which are to go: all of the table's that
        hold a row which is replaced or gives way, and new ones with a row that gives way."""
        may_lose = [file for file in self._standing if self._may_be_replaced(file)]
        if self._lost is None and not may_lose:
            return self._staged.files, {}
        files, tasks = self._written_anew(may_lose)
        self._unnamed |= {f"{self._layout.folder}/{file.path}" for file in files}
        lost_of = {f: n for task in tasks for f, n in task["dropped"].items()}
        require_same_files(lost_of, [*self._staged.files, *self._standing])
        stay = [file for file in self._staged.files if file.path not in lost_of]
        return [*stay, *files], lost_of

    def _written_anew(
        self, may_lose: Sequence[TableFile]
    ) -> tuple[list[StagedFile], list[dict[str, Any]]]:
        """Files without the rows that go, and what the tasks tell that have written them."""
        spark, replaced = self._store.spark, self._replaced
        layout = replace(self._layout, key=(), checks={}, required=())
        paths = [file.path for file in may_lose]
        places = pa.table([pa.array(paths, pa.string()), pa.nulls(len(paths), pa.int32())], PLACES)
        lost = places.slice(0, 0) if self._lost is None else self._lost.places()
        rows: DataFrame | None = None
        if isinstance(lost, DataFrame):
            rows = lost
        else:
            places = pa.concat_tables([places, lost])
            if (
                rows_in(places["file"], [*self._staged.files, *may_lose, *self._standing])
                <= ROWS_READ_ON_DRIVER
            ):
                batches = rewrite_files(iter(places.to_batches()), layout, replaced)
                files, _, tasks = staging.summaries([b["info"][0].as_py() for b in batches])
                return files, tasks
        named = spark.createDataFrame(places)
        rows = named if rows is None else rows.unionByName(named)

        def rewrite(batches: Batches) -> Batches:
            return rewrite_files(batches, layout, replaced)

        by_file = rows.repartition(tasks_of(spark), "file")
        with staging.written(by_file, rewrite, layout.folder) as written:
            return written.files, written.tasks

    def _may_be_replaced(self, file: TableFile) -> bool:
        """Whether the file may hold rows that the run replaces."""
        if not self._load.may_stand_of_these:
            return False
        return any(file.may_hold("source_file", path, path) for path in self._load.paths)

    def _remove_unnamed(self) -> None:
        for path in self._unnamed:
            storage.remove(path)


def require_same_files(compared: Iterable[str], files: Iterable[StagedFile | TableFile]) -> None:
    """Raise JobError where rows were compared that lie in none of the files.

    A task that Spark repeats, because the machine with its output is gone, writes other files.
    """
    if set(compared) - {file.path for file in files}:
        raise JobError("A worker was lost while its rows were compared: run again.")


def _files_of(store: Store, load: Load) -> list[TableFile]:
    """The table's files at the version that the run builds on."""
    if load.version is None:
        return []
    return commits.log_of(store.path(load.table), load.table.name, load.version).files()


def _accounts(tasks: Iterable[Mapping[str, Any]]) -> dict[str, FileAccount]:
    """What all tasks have read of each source file."""
    accounts: dict[str, FileAccount] = defaultdict(FileAccount)
    for task in tasks:
        for path, account in task["accounts"].items():
            by_reason = Counter(account["by_reason"])
            accounts[path].add(FileAccount(**account | {"by_reason": by_reason}))
    return accounts


def _counts(account: FileAccount, lost: int, repeated: int) -> FileCounts:
    by_reason = dict(account.by_reason) | ({DUPLICATE: lost} if lost else {})
    ahead_from = time_of(account.ahead_from)
    return FileCounts(
        account.read, account.good - lost, account.ahead, by_reason, repeated, ahead_from
    )
