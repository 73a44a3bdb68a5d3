"""A training set from purchases: what customers bought after a cut-off, and what they did not."""

from datetime import date

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.training import PURCHASE_EXAMPLES
from alsobought.training.purchases import purchase_examples as step
from alsobought.training.purchases.settings import PurchaseExamples


def purchase_examples(purchases: DataFrame, params: PurchaseExamples, as_of: date) -> Outcome:
    """Label what followed the cut-off, draw negatives, weigh, and describe as of the cut-off."""

    def keep(df: DataFrame) -> DataFrame:  # until the job ends: each is read several times
        return df.persist(StorageLevel.DISK_ONLY)

    rows = keep(step.purchase_examples(purchases, params, as_of, keep))
    account = step.counted(purchases, rows, params, as_of)
    return Outcome(rows, account, lambda row: step.judged(row, params, as_of))


JOB = Job(purchase_examples, PurchaseExamples, {"purchases": PURCHASES}, PURCHASE_EXAMPLES)

if __name__ == "__main__":
    main(JOB)
