"""Every good offer of the source, with what was known of it at issue."""

from datetime import date

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from alsobought.ingest import account, events, rules
from alsobought.ingest.settings import Sources, given
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.offers import OFFERS
from alsobought.tables.outcome import Outcome


class Params(Settings):
    sources: Sources


def offers(lines: DataFrame, params: Params, as_of: date) -> Outcome:
    """Keep the rows that break no rule; fail where too many do."""
    source = given(params.sources.offers)
    judged = events.offers(lines, source, as_of).select(*OFFERS.names, rules.REASONS)
    judged.persist(StorageLevel.DISK_ONLY)  # read twice: to be counted, then to be written
    limits = account.Limits(source, "offers", "run the job rejected_events to see them.")
    return Outcome(rules.good(judged, OFFERS), account.counted(lines, judged), limits.judge)


JOB = Job(offers, Params, {"lines": Files("offers")}, OFFERS)

if __name__ == "__main__":
    main(JOB)
