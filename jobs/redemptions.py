"""Every good redemption of the source."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import redemptions as step
from alsobought.ingest.settings import Sources, configured
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.offers import REDEMPTIONS, REJECTED_EVENTS
from alsobought.tables.outcome import JudgedRows


class Params(Settings):
    sources: Sources


def redemptions(lines: DataFrame, params: Params, as_of: date) -> JudgedRows:
    """Judge every row: the good ones are kept, and too many broken ones refused."""
    return step.redemptions(lines, configured(params.sources.redemptions), as_of)


JOB = Job(
    redemptions, Params, {"lines": Files("redemptions")}, REDEMPTIONS, rejects=REJECTED_EVENTS
)

if __name__ == "__main__":
    main(JOB)
