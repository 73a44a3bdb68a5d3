"""Every row of the source's purchases that broke a rule, as it was read, with all its reasons."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import files, rules
from alsobought.ingest.settings import Sources
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.purchases import REJECTED_PURCHASES


class Params(Settings):
    sources: Sources


def rejected_purchases(lines: DataFrame, params: Params, as_of: date) -> DataFrame:
    """Keep the rows that break a rule, however many they are."""
    own = [name for name in lines.columns if name not in (files.SOURCE_FILE, files.UNREADABLE)]
    return rules.rejected(rules.classified(lines, params.sources.purchases, as_of), own)


JOB = Job(
    rejected_purchases,
    Params,
    {"lines": Files("purchases")},
    REJECTED_PURCHASES,
    may_be_empty=True,
)

if __name__ == "__main__":
    main(JOB)
