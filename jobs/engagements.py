"""Every good engagement of the source: a click, a clip, a purchase of the offer's product."""

from datetime import date

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from alsobought.ingest import account, events, rules
from alsobought.ingest.settings import Sources, given
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.offers import ENGAGEMENTS
from alsobought.tables.outcome import Outcome


class Params(Settings):
    sources: Sources


def engagements(lines: DataFrame, params: Params, as_of: date) -> Outcome:
    """Keep the rows that break no rule; fail where too many do."""
    source = given(params.sources.engagements)
    judged = events.engagements(lines, source, as_of).select(*ENGAGEMENTS.names, rules.REASONS)
    judged.persist(StorageLevel.DISK_ONLY)  # read twice: to be counted, then to be written
    limits = account.Limits(source, "engagements", "run the job rejected_events to see them.")
    return Outcome(rules.good(judged, ENGAGEMENTS), account.counted(lines, judged), limits.judge)


JOB = Job(engagements, Params, {"lines": Files("engagements")}, ENGAGEMENTS)

if __name__ == "__main__":
    main(JOB)
