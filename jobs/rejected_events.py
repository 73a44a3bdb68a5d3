"""Every row of offers, engagements and redemptions that broke a rule, as it was read."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import rejected_events as step
from alsobought.ingest.settings import Sources
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.offers import REJECTED_EVENTS

SOURCES = ("offers", "engagements", "redemptions")


class Params(Settings):
    sources: Sources


def rejected_events(params: Params, as_of: date, **lines: DataFrame) -> DataFrame:
    """Keep the rows that break a rule, however many they are; `lines` by source."""
    return step.rejected_events(lines, params.sources, as_of)


JOB = Job(rejected_events, Params, {name: Files(name) for name in SOURCES}, REJECTED_EVENTS)

if __name__ == "__main__":
    main(JOB)
