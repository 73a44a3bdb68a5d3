"""Every row of the source's purchases that broke a rule, as it was read, with all its reasons."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import rejected_purchases as step
from alsobought.ingest.settings import Sources
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.purchases import REJECTED_PURCHASES


class Params(Settings):
    sources: Sources


def rejected_purchases(lines: DataFrame, params: Params, as_of: date) -> DataFrame:
    """Keep the rows that break a rule, however many they are."""
    return step.rejected_purchases(lines, params.sources.purchases, as_of)


JOB = Job(rejected_purchases, Params, {"lines": Files("purchases")}, REJECTED_PURCHASES)

if __name__ == "__main__":
    main(JOB)
