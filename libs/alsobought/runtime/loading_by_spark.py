"""Reading, judging and writing source files by Spark alone, on any storage."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from typing import Any, NamedTuple

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F
from pyspark.sql.readwriter import DataFrameWriter

from alsobought.days import midnight
from alsobought.errors import JobError
from alsobought.runtime import rejected_rows
from alsobought.runtime.commits import recorded_run
from alsobought.runtime.faults import CONCURRENT
from alsobought.runtime.judged_load import DUPLICATE, FUTURE, FileCounts, Load, LoadCounts, time_of
from alsobought.runtime.precedence import (
    GIVES_WAY,
    STANDS,
    WINNER,
    own_columns_as_json,
    with_precedence,
)
from alsobought.runtime.store import COMMITS, Store
from alsobought.tables.outcome import JudgedRows

HASH, WINS = "_hash", "_wins"
SMALL = 500_000  # rows of which every worker can have a copy
TRANSACTION = "alsobought"
MOST_RANGES = 50


class Pair(NamedTuple):
    """Two files with rows of one key: that whose row stays, that whose row gives way, and whether
    the latter has just been read (else it stood in the table)."""

    stays: str
    gives_way: str
    is_new: bool


@dataclass
class Contest:
    """Which rows of several with one key stay."""

    won: DataFrame
    """New rows that stay."""
    lost: DataFrame | None = None
    """New rows that give way; None: there are none."""
    replaced: DataFrame | None = None
    """Keys of rows of the table that give way; None: there are none."""
    pairs: Counter[Pair] = field(default_factory=Counter)
    """The number of rows that give way, by their files."""


class SparkLoad:
    """Source files read once, kept on the executors' disks, judged and written by Spark.

    Cost: the rows are kept in the table's columns; 16 bytes a row are shuffled to find repeated
    keys, and only rows whose key hash repeats are sorted. Of the table only what can have the new
    rows' keys is read: its rows of their times, where rows with one key have one time.
    """

    def __init__(self, store: Store, load: Load, judged: JudgedRows) -> None:
        self.files: Mapping[str, FileCounts] = {}
        self.gave_way: Mapping[str, frozenset[str]] = {}
        self._store, self._load, self._judged = store, load, judged
        self._kept: list[DataFrame] = []
        try:
            hashed = judged.rows.withColumn(HASH, F.xxhash64(*load.table.key))
            self._rows = self._keep(hashed)
            summaries = _summaries(self._rows, load)
            self._among_new = self._without_repeats(self._rows.where(F.size("reasons") == 0))
            self._with_old = self._against_standing(self._among_new.won, summaries)
        except BaseException:
            self.close()
            raise
        pairs = self._among_new.pairs + self._with_old.pairs
        self.files = _counts(summaries, pairs)
        self.gave_way = _gave_way(pairs)

    def close(self) -> None:
        """Release what the reading keeps on disk."""
        for rows in self._kept:
            rows.unpersist()

    def write_rejects(self, run: Mapping[str, Any]) -> None:
        """Replace the rejected rows of the files read by those of this reading, in one commit."""
        broken = self._rows.where(F.size("reasons") > 0).select("source_file", "row", "reasons")
        content = own_columns_as_json(self._load.table).alias("row")
        reasons = F.array(F.lit(DUPLICATE)).alias("reasons")
        for lost in (self._among_new.lost, self._with_old.lost):
            if lost is not None:
                broken = broken.unionByName(lost.select("source_file", content, reasons))
        is_any = any(counts.read > counts.good for counts in self.files.values())
        rejected_rows.replace(self._store, self._load, broken if is_any else None, run)

    def commit(self, run: Mapping[str, Any]) -> LoadCounts:
        """Write the rows in one commit whose userMetadata is `run`, upon `load.version`; also where
        no row changes, because the commit names the record of loaded files.

        Raises JobError where another run has committed since.
        """
        load, table, contest = self._load, self._load.table, self._with_old
        rows, removed, condition = contest.won.select(*table.names), 0, ""
        if load.may_stand_of_these:
            condition = f"{_is_in(load.paths)} AND {table.replaced_by_file} < {_midnight_sql(load)}"
            removed = self._table().where(condition).count()
        if contest.replaced is not None:
            # the rows of these files that stay are written again, so that one condition names all
            gave_way = [pair for pair in contest.pairs if not pair.is_new]
            touched = sorted({*load.paths, *(pair.gives_way for pair in gave_way)})
            stay = self._standing().where(F.col("source_file").isin(touched))
            replaced = _as_other(contest.replaced, table.key)
            rows = rows.unionByName(stay.join(replaced, _is_same(table.key), "left_anti"))
            removed += sum(contest.pairs[pair] for pair in gave_way)
            condition = _is_in(touched)
        writer = table.conform(rows).write.format("delta").mode("append")
        if removed:
            writer = writer.mode("overwrite").option("replaceWhere", condition)
        self._commit(writer, run)
        return LoadCounts(sum(counts.good for counts in self.files.values()), removed)

    def _keep(self, rows: DataFrame) -> DataFrame:
        self._kept.append(rows.persist(StorageLevel.DISK_ONLY))
        return rows

    def _without_repeats(self, good: DataFrame) -> Contest:
        """Of the new rows with one key that which comes first: by file, within a file by hash."""
        by_hash = good.groupBy(HASH).agg(F.count(F.lit(1)).alias("rows"))
        repeated = self._keep(by_hash.where("rows > 1").select(HASH))
        n = repeated.count()
        if not n:
            return Contest(good)
        repeated = F.broadcast(repeated) if n <= SMALL else repeated
        contested = good.join(repeated, HASH, "left_semi").withColumn(STANDS, F.lit(False))
        ranked = with_precedence(contested, self._load.table, self._judged)
        ranked = self._keep(ranked.coalesce(1) if n <= SMALL else ranked)
        first, lost = ranked.where(~F.col(GIVES_WAY)), ranked.where(GIVES_WAY)
        counts = lost.groupBy(WINNER, "source_file").count().collect()
        if not counts:  # other keys of one hash
            return Contest(good)
        pairs = Counter({Pair(row[0], row[1], True): row[2] for row in counts})
        won = good.join(repeated, HASH, "left_anti").unionByName(first.select(good.columns))
        return Contest(won, lost, pairs=pairs)

    def _against_standing(self, new: DataFrame, summaries: Sequence[Row]) -> Contest:
        """Of a new row and a row of the table with its key that which comes first, by file."""
        load, key = self._load, [*self._load.table.key]
        if not load.may_stand:
            return Contest(new)
        standing = self._standing()
        if self._judged.same_time:
            standing = standing.where(_is_at_times_of(summaries, load))
        standing = _as_other(standing, key, F.col("source_file").alias("_standing"))
        file, other = F.col("source_file"), F.col("_standing")
        # a file that is read again corrects itself
        wins = file <= other if self._judged.precedence == "first_file" else file >= other
        met = new.join(standing, _is_same(key), "inner").select(*key, file, other, wins.alias(WINS))
        met = self._keep(met)
        counts = met.groupBy("source_file", "_standing", WINS).count().collect()
        contest = Contest(new)
        for new_file, old_file, new_wins, n in counts:
            if new_wins:
                contest.pairs[Pair(new_file, old_file, False)] += n
                contest.replaced = met.where(WINS).select(*key)
            else:
                contest.pairs[Pair(old_file, new_file, True)] += n
        if any(pair.is_new for pair in contest.pairs):
            gave_way = _as_other(met.where(~F.col(WINS)), key)
            contest.won = new.join(gave_way, _is_same(key), "left_anti")
            contest.lost = new.join(gave_way, _is_same(key), "left_semi")
        return contest

    def _table(self) -> DataFrame:
        """The table's rows that this run builds on."""
        reader = self._store.spark.read.format("delta")
        reader = reader.option("versionAsOf", self._load.version)
        return reader.load(self._store.path(self._load.table))

    def _standing(self) -> DataFrame:
        """The table's rows that the files read do not replace."""
        is_read = F.col("source_file").isin(self._load.paths)
        is_before = F.col(str(self._load.table.replaced_by_file)) < midnight(self._load.as_of)
        return self._table().where(~(is_read & is_before))

    def _commit(self, writer: DataFrameWriter, run: Mapping[str, Any]) -> None:
        table, before = self._load.table, self._load.version or 0
        recorded = json.dumps(run)
        for commit in self._store.commits(table, COMMITS):
            if commit["version"] > before and recorded_run(commit.get("userMetadata")):
                raise JobError(f"{CONCURRENT}.")
        # Of two runs upon one version Delta lets one commit, as both name the same transaction.
        # Without a transaction a commit that changes no row would not be made at all.
        writer = writer.option("txnAppId", TRANSACTION).option("txnVersion", before + 1)
        writer.option("userMetadata", recorded).save(self._store.path(table))
        made = [commit.get("userMetadata") for commit in self._store.commits(table, COMMITS)]
        if recorded not in made:
            raise JobError(f"{CONCURRENT}.")


def _as_other(rows: DataFrame, key: Sequence[str], *others: Column) -> DataFrame:
    """The keys of rows under names of their own, for `_is_same`."""
    return rows.select(*(F.col(name).alias(f"_other_{name}") for name in key), *others)


def _is_same(key: Sequence[str]) -> Column:
    """Whether a row has the key of another's; two that lack a column of it have that alike."""
    same = (F.col(name).eqNullSafe(F.col(f"_other_{name}")) for name in key)
    return reduce(Column.__and__, same)


def _summaries(rows: DataFrame, load: Load) -> list[Row]:
    """For each file and set of reasons: rows, least and greatest time, and the least at or after
    the as-of day; times in microseconds. The one pass that reads the files."""
    micros = F.unix_micros(str(load.table.replaced_by_file))
    ahead = F.when(micros >= F.unix_micros(midnight(load.as_of)), micros)
    by_reasons = rows.groupBy("source_file", "reasons").agg(
        F.count(F.lit(1)).alias("rows"),
        F.min(micros).alias("least"),
        F.max(micros).alias("greatest"),
        F.min(ahead).alias("ahead_from"),
    )
    return by_reasons.collect()


def _counts(summaries: Sequence[Row], pairs: Mapping[Pair, int]) -> dict[str, FileCounts]:
    """What was read of each file."""
    by_file: dict[str, list[Row]] = defaultdict(list)
    for summary in summaries:
        by_file[summary["source_file"]].append(summary)
    counts = {}
    for path, rows in by_file.items():
        lost = {pair: n for pair, n in pairs.items() if pair.is_new and pair.gives_way == path}
        by_reason = Counter({DUPLICATE: sum(lost.values())} if lost else {})
        for row in rows:
            by_reason.update(dict.fromkeys(row["reasons"], row["rows"]))
        firsts = [row["ahead_from"] for row in rows if row["ahead_from"] is not None]
        counts[path] = FileCounts(
            read=sum(row["rows"] for row in rows),
            good=sum(row["rows"] for row in rows if not row["reasons"]) - sum(lost.values()),
            ahead=sum(row["rows"] for row in rows if row["reasons"] == [FUTURE]),
            by_reason=by_reason,
            repeated=sum(n for pair, n in lost.items() if pair.stays != path),
            ahead_from=time_of(min(firsts, default=None)),
        )
    return counts


def _gave_way(pairs: Mapping[Pair, int]) -> dict[str, frozenset[str]]:
    """By file, the others that have rows which gave way to its rows."""
    others: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        if pair.stays != pair.gives_way:
            others[pair.stays].add(pair.gives_way)
    return {path: frozenset(paths) for path, paths in others.items()}


def _is_at_times_of(summaries: Sequence[Row], load: Load) -> Column:
    """Whether a row of the table lies at a time of the good rows of a file, or of files that
    follow upon each other."""
    spans = sorted((row["least"], row["greatest"]) for row in summaries if not row["reasons"])
    gaps = sorted((b[0] - a[1] for a, b in pairwise(spans)), reverse=True)
    least_gap = max(gaps[MOST_RANGES] if len(gaps) > MOST_RANGES else 0, 0)
    ranges: list[tuple[int, int]] = []
    for first, last in spans:
        if ranges and first - ranges[-1][1] <= least_gap:
            ranges[-1] = (ranges[-1][0], max(last, ranges[-1][1]))
        else:
            ranges.append((first, last))
    at, is_within = F.col(str(load.table.replaced_by_file)), F.lit(False)
    for first, last in ranges:
        bounds = F.timestamp_micros(F.lit(first)), F.timestamp_micros(F.lit(last))
        is_within = is_within | at.between(*bounds)
    return is_within


def _is_in(paths: Sequence[str]) -> str:
    literals = ", ".join(rejected_rows.literal(path) for path in paths)
    return f"source_file IN ({literals})"


def _midnight_sql(load: Load) -> str:
    return f"TIMESTAMP '{load.as_of.isoformat()} 00:00:00'"
