"""Every good redemption of the source."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import redemptions as step
from alsobought.ingest.settings import Sources, configured
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.offers import REDEMPTIONS
from alsobought.tables.outcome import Outcome


class Params(Settings):
    sources: Sources


def redemptions(lines: DataFrame, params: Params, as_of: date) -> Outcome:
    """Keep the rows that break no rule; fail where too many do."""
    return step.redemptions(lines, configured(params.sources.redemptions), as_of)


JOB = Job(redemptions, Params, {"lines": Files("redemptions")}, REDEMPTIONS)

if __name__ == "__main__":
    main(JOB)
