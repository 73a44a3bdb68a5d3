"""The rows that give way to others of their key, for a warehouse on a path.

Found by the driver where few rows are to be looked at: a Spark query takes a second; else by Spark.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from alsobought.runtime import staging
from alsobought.runtime.commits import TableFile
from alsobought.runtime.judged_files import (
    REASONS,
    ROW,
    SOURCE_FILE,
    KeyScan,
    read_rows,
    scan_keys,
)
from alsobought.runtime.judged_load import DUPLICATE
from alsobought.runtime.parquet_writer import SCHEMA, Batches, StagedFile
from alsobought.runtime.precedence import (
    GIVES_WAY,
    STANDS,
    WINNER,
    as_json,
    own_columns_as_json,
    rows_that_give_way,
    with_precedence,
)
from alsobought.runtime.repeated_lines import TWIN_FILE, TWIN_PLACE
from alsobought.runtime.staging import Staged
from alsobought.tables.outcome import JudgedRows
from alsobought.tables.table import Table

TASKS_PER_CORE = 4
PLACES = f"file string, place int, {STANDS} boolean"
ROWS_READ_ON_DRIVER = 1 << 22  # of files; a task would take as long for one
REPEATS_ON_DRIVER = 1 << 16  # rows that are compared in full

LostByFile = Sequence[tuple[str, str, str, int]]


@dataclass(frozen=True)
class Rivals:
    """Where rows of one key may lie: in the files of this run, and in some of the table's.

    scan: how keys are read that stand in the table, but for the hashes that are wanted.
    """

    table: Table
    judged: JudgedRows
    schema: pa.Schema
    staged: Staged
    meeting: Sequence[TableFile]
    scan: KeyScan

    @property
    def rows(self) -> int:
        """The rows of all these files."""
        return self.staged.rows + sum(file.rows or 0 for file in self.meeting)

    def rows_in(self, paths: pa.ChunkedArray) -> int:
        """How many rows those of these files have that are at the paths."""
        return rows_in(paths, [*self.staged.files, *self.meeting])

    def reader(self) -> Callable[[Batches], Batches]:
        """What reads rows at places (file, place): whole, with these two and whether they stand."""
        folder, schema = self.scan.folder, self.schema
        standing = pa.array([file.path for file in self.meeting], pa.string())

        def read(batches: Batches) -> Batches:
            for rows in read_rows(batches, folder, schema):
                yield rows.append_column(STANDS, pc.is_in(rows["file"], value_set=standing))

        return read


@dataclass(frozen=True)
class LostRows:
    """The rows that give way: file, place, source_file, _winner, and `row`, their own columns as
    JSON; `file` is null of copies that are in no file. In memory where they are few, else kept on
    disk by Spark."""

    rows: pa.Table | DataFrame

    def places(self) -> pa.Table | DataFrame:
        """Where those lie that are in a file: file, place."""
        if isinstance(self.rows, DataFrame):
            return self.rows.where("file IS NOT NULL").select("file", "place")
        return self.rows.filter(self.rows["file"].is_valid()).select(["file", "place"])

    def by_file(self) -> LostByFile:
        """How many rows of a file, by source_file, give way to those of another source_file."""
        names = ["file", SOURCE_FILE, WINNER]
        if isinstance(self.rows, DataFrame):
            return [tuple(row) for row in self.rows.groupBy(*names).count().collect()]
        counts = self.rows.group_by(names).aggregate([([], "count_all")])
        return [tuple(row.values()) for row in counts.to_pylist()]

    def rejected(self, paths: Sequence[str]) -> pa.Table | DataFrame:
        """Those of the source files: source_file, reasons, row."""
        if isinstance(self.rows, DataFrame):
            is_duplicate = F.array(F.lit(DUPLICATE)).alias(REASONS)
            of_these = self.rows.where(F.col(SOURCE_FILE).isin(list(paths)))
            return of_these.select(SOURCE_FILE, is_duplicate, ROW)
        is_of_these = pc.is_in(self.rows[SOURCE_FILE], value_set=pa.array(paths, pa.string()))
        rows = self.rows.filter(is_of_these)
        reasons = pa.array([[DUPLICATE]] * len(rows), pa.list_(pa.string()))
        return pa.table({SOURCE_FILE: rows[SOURCE_FILE], REASONS: reasons, ROW: rows[ROW]})


def lost_rows(spark: SparkSession, rivals: Rivals, resources: ExitStack) -> LostRows | None:
    """The rows that give way to another of their key, new and standing. None: there are none.

    Cost: 12 bytes a row are shuffled, or sorted on the driver, and the rows of repeated hashes are
    read; what Spark keeps on disk for it is released with `resources`.
    """
    repeats = _repeats(spark, rivals, resources)
    if repeats is None:
        return None
    if isinstance(repeats, pa.Table):
        is_few = len(repeats) <= REPEATS_ON_DRIVER
        if is_few and rivals.rows_in(repeats["file"]) <= ROWS_READ_ON_DRIVER:
            rows = pa.Table.from_batches(rivals.reader()(iter(repeats.to_batches())))
            return LostRows(rows_that_give_way(spark, rows, rivals.table, rivals.judged))
        repeats = spark.createDataFrame(repeats)
    by_file = repeats.select("file", "place").repartition(tasks_of(spark), "file")
    rows = by_file.mapInArrow(rivals.reader(), f"{rivals.table.ddl}, {PLACES}")
    judged = with_precedence(rows, rivals.table, rivals.judged)
    content = own_columns_as_json(rivals.table).alias(ROW)
    lost = judged.where(GIVES_WAY).select("file", "place", SOURCE_FILE, WINNER, content)
    return LostRows(_on_disk(lost, resources))


def with_copies(
    spark: SparkSession,
    lost: LostRows | None,
    paths: Sequence[str],
    rivals: Rivals,
    resources: ExitStack,
) -> LostRows:
    """`lost`, and with them the copies in the files at `paths`, which give way to what their twin
    gives way to, or to the twin."""
    names = [*rivals.table.names, TWIN_FILE, TWIN_PLACE]
    if staging.rows_at(paths) <= REPEATS_ON_DRIVER and (
        lost is None or isinstance(lost.rows, pa.Table)
    ):
        copies = staging.tables_in(paths, names)
        return _with_few_copies(spark, None if lost is None else lost.rows, copies, rivals.table)
    schema = f"{rivals.table.ddl}, {TWIN_FILE} string, {TWIN_PLACE} int"
    frame = staging.rows_in(rivals.staged, schema, paths)
    content = own_columns_as_json(rivals.table).alias(ROW)
    winner: Column = F.col(SOURCE_FILE)
    if lost is not None:
        rows = lost.rows if isinstance(lost.rows, DataFrame) else spark.createDataFrame(lost.rows)
        of_twins = rows.select(
            F.col("file").alias(TWIN_FILE), F.col("place").alias(TWIN_PLACE), WINNER
        )
        frame = frame.join(of_twins, [TWIN_FILE, TWIN_PLACE], "left")
        winner = F.coalesce(WINNER, winner)
    file, place = F.lit(None).cast("string").alias("file"), F.lit(None).cast("int").alias("place")
    gone = frame.select(file, place, SOURCE_FILE, winner.alias(WINNER), content)
    if lost is not None:
        gone = gone.unionByName(rows)
    return LostRows(_on_disk(gone, resources))


def _with_few_copies(
    spark: SparkSession, lost: pa.Table | None, copies: pa.Table, table: Table
) -> LostRows:
    n = len(copies)
    twins = zip(copies[TWIN_FILE].to_pylist(), copies[TWIN_PLACE].to_pylist(), strict=True)
    winner_of = {}
    if lost is not None:
        columns = (lost[name].to_pylist() for name in ("file", "place", WINNER))
        winner_of = {(file, place): winner for file, place, winner in zip(*columns, strict=True)}
    files = copies[SOURCE_FILE].to_pylist()
    winners = [winner_of.get(twin, file) for twin, file in zip(twins, files, strict=True)]
    gone = pa.table(
        {
            "file": pa.nulls(n, pa.string()),
            "place": pa.nulls(n, pa.int32()),
            SOURCE_FILE: copies[SOURCE_FILE],
            WINNER: pa.array(winners, pa.string()),
            ROW: pa.array(as_json(spark, copies, table), pa.string()),
        }
    )
    return LostRows(
        gone if lost is None else pa.concat_tables([lost.select(gone.column_names), gone])
    )


def tasks_of(spark: SparkSession) -> int:
    """Into how many tasks work on files is cut."""
    return TASKS_PER_CORE * spark.sparkContext.defaultParallelism


def _repeats(
    spark: SparkSession, rivals: Rivals, resources: ExitStack
) -> pa.Table | DataFrame | None:
    """The rows whose key has the hash of another's: file, place. None: there are none."""
    staged, meeting = rivals.staged, rivals.meeting
    if not staged.rows:
        return None  # no row of the table meets another
    wanted, keys = None, staged.keys
    if staged.rows <= staging.ROWS_ON_DRIVER:
        batches = staged.key_batches()
        wanted = staging.sorted_hashes(batches)
        if not meeting and not (np.diff(wanted) == 0).any():
            return None
        scan = replace(rivals.scan, wanted=wanted)
        if sum(file.rows or 0 for file in meeting) <= ROWS_READ_ON_DRIVER:
            standing = scan_keys([file.path for file in meeting], scan)
            repeated = list(staging.repeats([*batches, *standing]))
            return pa.Table.from_batches(repeated) if repeated else None
    if meeting:
        scan = replace(rivals.scan, wanted=wanted)
        keys = keys.unionByName(_standing_keys(spark, [file.path for file in meeting], scan))
    repeats = _on_disk(staging.repeated_keys(keys, rivals.rows), resources)
    n = repeats.count()  # all of it is needed, and a worker that is cut short complains
    if n > REPEATS_ON_DRIVER:
        return repeats
    return repeats.toArrow() if n else None


def _standing_keys(spark: SparkSession, paths: Sequence[str], scan: KeyScan) -> DataFrame:
    """The hashes of keys in these files of the table, but for rows that the run replaces."""
    tasks = min(tasks_of(spark), len(paths))
    paths_of = [paths[task::tasks] for task in range(tasks)]

    def read(numbers: Batches) -> Batches:
        for batch in numbers:
            for task in batch.column(0).to_pylist():
                yield from scan_keys(paths_of[task], scan)

    keys = spark.range(0, tasks, 1, tasks).mapInArrow(read, SCHEMA)
    return keys.drop("info")


def rows_in(paths: pa.ChunkedArray, files: Sequence[StagedFile | TableFile]) -> int:
    """How many rows those of the files have that are at the paths."""
    wanted = set(pc.unique(paths).to_pylist())
    return sum(file.rows or 0 for file in files if file.path in wanted)


def _on_disk(rows: DataFrame, resources: ExitStack) -> DataFrame:
    rows = rows.persist(StorageLevel.DISK_ONLY)
    resources.callback(rows.unpersist)
    return rows
