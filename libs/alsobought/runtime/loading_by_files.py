"""Reading, judging and writing source files by workers, for a warehouse on a path.

The rows pass through the workers once, which write the good ones as files of the table, named by no
version yet. Keys are compared by their hashes; only rows whose hash repeats are looked at again.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from alsobought.days import micros
from alsobought.errors import JobError
from alsobought.runtime import commits, rejected_rows, staging
from alsobought.runtime.acceptance import require_sound_files
from alsobought.runtime.commits import TableFile
from alsobought.runtime.faults import CONCURRENT
from alsobought.runtime.judged_files import (
    FileAccount,
    JudgedLayout,
    KeyScan,
    Replaced,
    read_rows,
    rejected_columns,
    rewrite_files,
    scan_keys,
    write_judged,
)
from alsobought.runtime.judged_load import DUPLICATE, FUTURE, FileCounts, Load, LoadCounts, time_of
from alsobought.runtime.parquet_writer import SCHEMA, Batches, FileLayout, StagedFile
from alsobought.runtime.precedence import GIVES_WAY, WINNER, own_columns_as_json, with_precedence
from alsobought.runtime.store import Store
from alsobought.tables.outcome import JudgedRows

TASKS_PER_CORE = 4
REJECTED = "source_file string, reasons array<string>, row string"
PLACES = "file string, place int"


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
        self._unnamed: set[Path] = set()
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
        broken = self._rejected
        if self._lost is not None:
            is_duplicate = F.array(F.lit(DUPLICATE)).alias("reasons")
            # a row of another file that gives way is listed when its own file is read again
            of_these = self._lost.where(F.col("source_file").isin(self._load.paths))
            lost = of_these.select("source_file", is_duplicate, "row")
            broken = lost if broken is None else broken.unionByName(lost)
        rejected_rows.replace(self._store, self._load, broken, run)

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
        try:
            log.commit(added, gone, {}, run)
        except commits.OtherCommit:
            raise JobError(f"{CONCURRENT}.") from None
        self._unnamed -= {Path(path, file.path) for file in added}
        good = sum(counts.good for counts in self.files.values())
        return LoadCounts(good, sum(lost_of[file.path] for file in gone))

    def _read(self) -> None:
        load, table = self._load, self._load.table
        self._layout = staging.layout_of(table, self._folder(), "")
        assert table.replaced_by_file is not None  # rows come from files
        self._at = table.replaced_by_file
        self._replaced = Replaced(frozenset(load.paths), self._at, micros(load.as_of))
        rejected = self._scratch_folder("rejected")
        layout = JudgedLayout(self._layout, _layout_of_rejected(rejected), self._at, FUTURE)

        def write(batches: Batches) -> Batches:
            return write_judged(batches, layout)

        written = staging.written(self._judged.rows, write, self._layout.folder)
        self._staged = self._resources.enter_context(written)
        self._unnamed |= {Path(path) for path in self._staged.paths}
        require_sound_files(table, self._staged)
        paths = [f"{rejected}/{path}" for task in self._staged.tasks for path in task["rejected"]]
        self._rejected = staging.rows_in(self._staged, REJECTED, paths) if paths else None
        self._lost = self._lost_rows()
        self._count()

    def _folder(self) -> str:
        """Where files are staged: in the table's folder, or beside it while there is no table."""
        if self._load.may_stand:
            return self._store.path(self._load.table)
        return self._scratch_folder("first")

    def _scratch_folder(self, name: str) -> str:
        """A folder beside the tables, for this reading only."""
        folder = f"{self._store.warehouse}/.{self._load.table.name}-{name}-{uuid.uuid4()}"
        self._resources.callback(staging.remove_folder, folder)
        return folder

    def _count(self) -> None:
        """Fill in `files` and `gave_way`."""
        lost: Counter[str] = Counter()
        repeated: Counter[str] = Counter()
        gave_way: dict[str, set[str]] = defaultdict(set)
        standing = {file.path for file in self._standing}
        for file, gives_way, stays, n in self._lost_by_file():
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

    def _lost_by_file(self) -> list[Row]:
        """How many rows of a file, by source_file, give way to those of another source_file."""
        if self._lost is None:
            return []
        return self._lost.groupBy("file", "source_file", WINNER).count().collect()

    def _lost_rows(self) -> DataFrame | None:
        """The rows that give way, new and standing: file, place, source_file, _winner, and their
        own columns as JSON; kept on disk. None: there are none."""
        keys, rows = self._staged.keys, self._staged.rows
        meeting = [file for file in self._standing if self._can_meet(file)]
        if meeting:
            keys = keys.unionByName(self._standing_keys(meeting))
            rows += sum(file.rows or 0 for file in meeting)
        elif rows <= staging.ROWS_ON_DRIVER and not staging.has_repeated_key(self._staged):
            return None
        repeats = self._on_disk(staging.repeated_keys(keys, rows))
        if not repeats.count():  # all of it is needed, and a worker that is cut short complains
            return None
        folder, schema = self._layout.folder, self._layout.schema

        def read(batches: Batches) -> Batches:
            return read_rows(batches, folder, schema)

        by_file = repeats.select("file", "place").repartition(self._tasks(), "file")
        rivals = by_file.mapInArrow(read, f"{self._load.table.ddl}, {PLACES}")
        judged = with_precedence(rivals, self._load.table, self._judged)
        content = own_columns_as_json(self._load.table).alias("row")
        lost = judged.where(GIVES_WAY).select("file", "place", "source_file", WINNER, content)
        return self._on_disk(lost)

    def _standing_keys(self, meeting: list[TableFile]) -> DataFrame:
        """The hashes of keys in these files of the table, but for rows that the run replaces."""
        few = self._staged.rows <= staging.ROWS_ON_DRIVER
        wanted = staging.sorted_hashes(self._staged) if few else None
        scan = KeyScan(self._layout.folder, self._layout.key, self._replaced, wanted)
        tasks = min(self._tasks(), len(meeting))
        paths_of = [[file.path for file in meeting[task::tasks]] for task in range(tasks)]

        def read(numbers: Batches) -> Batches:
            for batch in numbers:
                for task in batch.column(0).to_pylist():
                    yield from scan_keys(paths_of[task], scan)

        keys = self._store.spark.range(0, tasks, 1, tasks).mapInArrow(read, SCHEMA)
        return keys.drop("info")

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
        spark = self._store.spark
        rows = spark.createDataFrame([(file.path, None) for file in may_lose], PLACES)
        if self._lost is not None:
            rows = rows.unionByName(self._lost.select("file", "place"))
        layout, replaced = replace(self._layout, key=(), checks={}, required=()), self._replaced

        def rewrite(batches: Batches) -> Batches:
            return rewrite_files(batches, layout, replaced)

        by_file = rows.repartition(self._tasks(), "file")
        written = staging.written(by_file, rewrite, layout.folder)
        with written as files:
            self._unnamed |= {Path(path) for path in files.paths}
            lost_of = {f: n for task in files.tasks for f, n in task["dropped"].items()}
            require_same_files(lost_of, [*self._staged.files, *self._standing])
            stay = [file for file in self._staged.files if file.path not in lost_of]
            return [*stay, *files.files], lost_of

    def _may_be_replaced(self, file: TableFile) -> bool:
        """Whether the file may hold rows that the run replaces."""
        if not self._load.may_stand_of_these:
            return False
        return any(file.may_hold("source_file", path, path) for path in self._load.paths)

    def _tasks(self) -> int:
        return TASKS_PER_CORE * self._store.spark.sparkContext.defaultParallelism

    def _on_disk(self, rows: DataFrame) -> DataFrame:
        rows = rows.persist(StorageLevel.DISK_ONLY)
        self._resources.callback(rows.unpersist)
        return rows

    def _remove_unnamed(self) -> None:
        for path in self._unnamed:
            path.unlink(missing_ok=True)


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


def _layout_of_rejected(folder: str) -> FileLayout:
    return FileLayout(folder, "", pa.schema(rejected_columns()), (), {}, (), ())


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
