"""Every row of offers, engagements and redemptions that broke a rule, as it was read."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.ingest import events, rules
from alsobought.ingest.settings import Sources, given
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.offers import REJECTED_EVENTS


class Params(Settings):
    sources: Sources


def rejected_events(
    offers: DataFrame,
    engagements: DataFrame,
    redemptions: DataFrame,
    params: Params,
    as_of: date,
) -> DataFrame:
    """Keep the rows that break a rule, however many they are."""
    of = params.sources
    broken = {
        "offers": (offers, events.offers(offers, given(of.offers), as_of)),
        "engagements": (engagements, events.engagements(engagements, given(of.engagements), as_of)),
        "redemptions": (redemptions, events.redemptions(redemptions, given(of.redemptions), as_of)),
    }
    first, second, third = (
        rules.rejected(judged, rules.own_columns(lines)).withColumn("source", F.lit(source))
        for source, (lines, judged) in broken.items()
    )
    return first.union(second).union(third)


JOB = Job(
    rejected_events,
    Params,
    {name: Files(name) for name in ("offers", "engagements", "redemptions")},
    REJECTED_EVENTS,
    may_be_empty=True,
)

if __name__ == "__main__":
    main(JOB)
