"""Rows read = good + rejected: the account of an ingest, and what it refuses."""

from dataclasses import dataclass

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.ingest.files import files_read
from alsobought.ingest.rules import FUTURE, REASONS, good
from alsobought.ingest.settings import Source
from alsobought.tables.outcome import Outcome
from alsobought.tables.table import Table


def accepted(lines: DataFrame, judged: DataFrame, table: Table, limits: "Limits") -> Outcome:
    """The good rows of `judged` for their table, and the account that may refuse them.

    In: `lines` as `files.read` gives them; `judged` the same rows in the table's columns, with
    `reasons`. It is computed once, for the account and for the table.
    """
    kept = judged.select(*table.names, REASONS)
    files = files_read(lines, kept) if table.replaced_by_file else None
    return Outcome(
        good(kept, table), count_rows(lines, kept), limits.judge, reused=(kept,), source_files=files
    )


def count_rows(lines: DataFrame, judged: DataFrame) -> DataFrame:
    """One row: read (a count of `lines` of its own), good, rejected, ahead, and by_reason.

    `rejected` is every row that broke a rule, `ahead` those of them that broke only future_time;
    `by_reason` maps each reason to its rows. Cost: one more scan of the source's files.
    """
    broken = F.size(REASONS) > 0
    only_ahead = F.col(REASONS) == F.array(F.lit(FUTURE))
    totals = judged.agg(
        F.count_if(~broken).alias("good"),
        F.count_if(broken).alias("rejected"),
        F.count_if(only_ahead).alias("ahead"),
    )
    per_reason = judged.select(F.explode(REASONS).alias("reason")).groupBy("reason").count()
    by_reason = per_reason.agg(F.map_from_entries(F.collect_list(F.struct("reason", "count"))))
    read = lines.agg(F.count(F.lit(1)).alias("read"))
    return read.crossJoin(totals).crossJoin(by_reason.toDF("by_reason"))


@dataclass(frozen=True)
class Limits:
    """What a job refuses: too large a share of broken rows, or of rows ahead of the as-of day."""

    source: Source
    what: str
    look_at: str

    def judge(self, account: Row) -> list[str]:
        """The account as sentences. Raises JobError where the rows must not be written."""
        read, good, rejected = account["read"], account["good"], account["rejected"]
        broken, ahead = rejected - account["ahead"], account["ahead"]
        reasons = ", ".join(f"{name} {n:,}" for name, n in sorted(account["by_reason"].items()))
        where = self.source.path
        if read != good + rejected:
            raise JobError(
                f"{where}: {read:,} rows read, but {good:,} good + {rejected:,} rejected; "
                f"the files changed while they were read: run again."
            )
        if read == 0:
            raise JobError(f"{where} has no rows; yesterday's {self.what} stand.")
        if broken > self.source.max_rejected_share * read:
            raise JobError(
                f"{where}: {broken:,} of {read:,} rows ({broken / read:.1%}) broke a rule, more "
                f"than max_rejected_share = {self.source.max_rejected_share} allows "
                f"({reasons}); {self.look_at}"
            )
        if ahead > self.source.max_future_share * read:
            raise JobError(
                f"{where}: {ahead:,} of {read:,} rows ({ahead / read:.1%}) lie at or after the "
                f"as-of day, more than max_future_share = {self.source.max_future_share} "
                f"allows; if this is a backfill, raise it, else correct the time column."
            )
        if good == 0:
            raise JobError(f"{where}: none of {read:,} rows is good ({reasons}).")
        sentence = f"{read:,} rows read = {good:,} good + {rejected:,} rejected"
        return [f"{sentence} ({reasons})" if rejected else sentence]
