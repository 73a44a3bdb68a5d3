"""Every good engagement of the source: a click, a clip, a purchase of the offer's product."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import engagements as step
from alsobought.ingest.settings import Sources, configured
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.offers import ENGAGEMENTS, REJECTED_EVENTS
from alsobought.tables.outcome import JudgedRows


class Params(Settings):
    sources: Sources


def engagements(lines: DataFrame, params: Params, as_of: date) -> JudgedRows:
    """Judge every row: the good ones are kept, and too many broken ones refused."""
    return step.engagements(lines, configured(params.sources.engagements), as_of)


JOB = Job(
    engagements, Params, {"lines": Files("engagements")}, ENGAGEMENTS, rejects=REJECTED_EVENTS
)

if __name__ == "__main__":
    main(JOB)
