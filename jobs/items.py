"""The catalogue as the source has it now."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import items as step
from alsobought.ingest.settings import Sources
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS


class Params(Settings):
    sources: Sources


def items(lines: DataFrame, params: Params, as_of: date) -> Outcome:
    """Keep one row per item that has an id; fail where too many rows have none or repeat one."""
    return step.items(lines, params.sources.items)


JOB = Job(items, Params, {"lines": Files("items")}, ITEMS)

if __name__ == "__main__":
    main(JOB)
