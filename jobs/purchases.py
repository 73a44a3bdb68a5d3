"""Every good line of the source's purchases; a file's rows are what the file says now."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import purchases as step
from alsobought.ingest.settings import Sources
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.outcome import JudgedRows
from alsobought.tables.purchases import PURCHASES, REJECTED_PURCHASES


class Params(Settings):
    sources: Sources


def purchases(lines: DataFrame, params: Params, as_of: date) -> JudgedRows:
    """Judge every row: the good ones are kept, and too many broken ones refused."""
    return step.purchases(lines, params.sources.purchases, as_of)


JOB = Job(purchases, Params, {"lines": Files("purchases")}, PURCHASES, rejects=REJECTED_PURCHASES)

if __name__ == "__main__":
    main(JOB)
