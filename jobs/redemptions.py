"""Every good redemption of the source."""

from datetime import date

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from alsobought.ingest import account, events, rules
from alsobought.ingest.settings import Sources, given
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.offers import REDEMPTIONS
from alsobought.tables.outcome import Outcome


class Params(Settings):
    sources: Sources


def redemptions(lines: DataFrame, params: Params, as_of: date) -> Outcome:
    """Keep the rows that break no rule; fail where too many do."""
    source = given(params.sources.redemptions)
    judged = events.redemptions(lines, source, as_of).select(*REDEMPTIONS.names, rules.REASONS)
    judged.persist(StorageLevel.DISK_ONLY)  # read twice: to be counted, then to be written
    limits = account.Limits(source, "redemptions", "run the job rejected_events to see them.")
    return Outcome(rules.good(judged, REDEMPTIONS), account.counted(lines, judged), limits.judge)


JOB = Job(redemptions, Params, {"lines": Files("redemptions")}, REDEMPTIONS)

if __name__ == "__main__":
    main(JOB)
