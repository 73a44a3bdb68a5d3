"""The lines of purchases that were returned, wholly or in part; made where the TOML has returns."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import returned_purchases as step
from alsobought.ingest.settings import Sources, configured
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES, RETURNED_PURCHASES


class Params(Settings):
    sources: Sources


def returned_purchases(purchases: DataFrame, params: Params, as_of: date) -> Outcome:
    """Match each return to the lines that it takes back."""
    return step.returned_purchases(purchases, configured(params.sources.purchases.returns), as_of)


JOB = Job(returned_purchases, Params, {"purchases": PURCHASES}, RETURNED_PURCHASES)

if __name__ == "__main__":
    main(JOB)
