"""Every good offer of the source, with what was known of it at issue."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import offers as step
from alsobought.ingest.settings import Sources, configured
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.offers import OFFERS, REJECTED_EVENTS
from alsobought.tables.outcome import JudgedRows


class Params(Settings):
    sources: Sources


def offers(lines: DataFrame, params: Params, as_of: date) -> JudgedRows:
    """Judge every row: the good ones are kept, and too many broken ones refused."""
    return step.offers(lines, configured(params.sources.offers), as_of)


JOB = Job(offers, Params, {"lines": Files("offers")}, OFFERS, rejects=REJECTED_EVENTS)

if __name__ == "__main__":
    main(JOB)
