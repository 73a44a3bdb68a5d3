"""Every good line of the source's purchases; a new file adds its lines, the same file nothing."""

from datetime import date

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from alsobought.ingest import account, rules
from alsobought.ingest.settings import Sources
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES


class Params(Settings):
    sources: Sources


def purchases(lines: DataFrame, params: Params, as_of: date) -> Outcome:
    """Keep the rows that break no rule; fail where too many do."""
    source = params.sources.purchases
    judged = rules.classified(lines, source, as_of).select(*PURCHASES.names, rules.REASONS)
    judged.persist(StorageLevel.DISK_ONLY)  # read twice: to be counted, then to be written
    limits = account.Limits(source, "purchases", "run the job rejected_purchases to see them.")
    return Outcome(rules.good(judged, PURCHASES), account.counted(lines, judged), limits.judge)


JOB = Job(purchases, Params, {"lines": Files("purchases")}, PURCHASES)

if __name__ == "__main__":
    main(JOB)
