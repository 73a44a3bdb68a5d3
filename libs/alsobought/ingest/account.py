"""Rows read = good + rejected: the account of an ingest, and what it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.ingest.causes import likely_causes
from alsobought.ingest.rules import FORGOTTEN, FUTURE, REASONS, as_read
from alsobought.ingest.settings import Source
from alsobought.tables.outcome import JudgedRows
from alsobought.tables.table import Table


def judged_by_line(judged: DataFrame, table: Table, limits: "Limits") -> JudgedRows:
    """The rows of `judged`, of which those with one key may differ: the last file's stays."""
    rows = judged.select(*table.names, REASONS, as_read())
    return JudgedRows(rows, limits.judge, precedence="last_file", same_time=False)


def judged_by_content(judged: DataFrame, table: Table, limits: "Limits") -> JudgedRows:
    """The rows of `judged`, of which those with one key say the same: the first file's stays."""
    rows = judged.select(*table.names, REASONS, as_read())
    return JudgedRows(rows, limits.judge, precedence="first_file", same_time=True)


def count_rows(judged: DataFrame) -> DataFrame:
    """One row: read, good, rejected, ahead, and by_reason.

    `rejected` is every row that broke a rule, `ahead` those of them that broke only future_time;
    `by_reason` maps each reason to its rows.
    """
    broken = F.size(REASONS) > 0
    only_ahead = F.col(REASONS) == F.array(F.lit(FUTURE))
    totals = judged.agg(
        F.count(F.lit(1)).alias("read"),
        F.count_if(~broken).alias("good"),
        F.count_if(broken).alias("rejected"),
        F.count_if(only_ahead).alias("ahead"),
    )
    per_reason = judged.select(F.explode(REASONS).alias("reason")).groupBy("reason").count()
    by_reason = per_reason.agg(F.map_from_entries(F.collect_list(F.struct("reason", "count"))))
    return totals.crossJoin(by_reason.toDF("by_reason"))


@dataclass(frozen=True)
class Limits:
    """What a job refuses: too large a share of broken rows, or of rows ahead of the as-of day."""

    source: Source
    what: str
    look_at: str

    def judge_row(self, account: Row) -> list[str]:
        """The same for the row of `count_rows`."""
        return self.judge(account.asDict())

    def judge(self, account: Mapping[str, Any]) -> list[str]:
        """The account as sentences. Raises JobError where the rows must not be written.

        In: read, good, rejected, ahead and by_reason of the files that were read; where a run
        reads only some, also `repeated`, the rejected rows that another file has too, which are no
        fault of theirs, and `unchanged`, the rows of the files that it does not read. Nor are rows
        of customers who were forgotten a fault.
        """
        read, good, rejected = account["read"], account["good"], account["rejected"]
        ahead, unchanged = account["ahead"], account.get("unchanged", 0)
        no_fault = account.get("repeated", 0) + account["by_reason"].get(FORGOTTEN, 0)
        broken = rejected - ahead - no_fault
        reasons = ", ".join(f"{name} {n:,}" for name, n in sorted(account["by_reason"].items()))
        causes = likely_causes(account["by_reason"], self.source, self.what)
        where = self.source.path
        if read == 0 and unchanged == 0:
            raise JobError(f"{where} has no rows: deliver files that have some.")
        if broken > self.source.max_rejected_share * read:
            raise JobError(
                f"{where}: {broken:,} of {read:,} rows ({broken / read:.1%}) broke a rule, more "
                f"than max_rejected_share = {self.source.max_rejected_share} allows "
                f"({reasons}); {' '.join([self.look_at, *causes])}"
            )
        if ahead > self.source.max_future_share * read:
            raise JobError(
                f"{where}: {ahead:,} of {read:,} rows ({ahead / read:.1%}) lie at or after the "
                f"as-of day, more than max_future_share = {self.source.max_future_share} "
                f"allows; if this is a backfill, raise it, else correct the time column."
            )
        if good == 0 and unchanged == 0:
            raise JobError(f"{where}: none of {read:,} rows is good ({reasons}).")
        sentence = f"{read:,} rows read = {good:,} good + {rejected:,} rejected"
        return [f"{sentence} ({reasons})" if rejected else sentence, *causes]
