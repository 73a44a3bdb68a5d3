"""Every good line of the source's purchases; a file's rows are what the file says now."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import arrival
from alsobought.ingest import purchases as step
from alsobought.ingest.settings import Sources
from alsobought.runtime.job import Arrival, Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.outcome import JudgedRows
from alsobought.tables.purchases import PURCHASES, REJECTED_PURCHASES


class Params(Settings):
    sources: Sources


def purchases(lines: DataFrame, params: Params, as_of: date) -> JudgedRows:
    """Judge every row: the good ones are kept, and too many broken ones refused."""
    return step.purchases(lines, params.sources.purchases, as_of)


def days_compared(params: Params, as_of: date) -> list[date]:
    """The last day, and those that it is compared with."""
    return arrival.days_compared(params.sources.purchases.arrival, as_of)


def require_arrived(lines: arrival.Lines, params: Params, as_of: date) -> None:
    """Refuse to go on with a day that is half there."""
    arrival.require_arrived(lines, params.sources.purchases.arrival, as_of)


JOB = Job(
    purchases,
    Params,
    {"lines": Files("purchases")},
    PURCHASES,
    rejects=REJECTED_PURCHASES,
    arrival=Arrival("purchased_at", days_compared, require_arrived),
)

if __name__ == "__main__":
    main(JOB)
