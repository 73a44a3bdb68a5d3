"""A training set from purchases: what customers bought after a cut-off, and what they did not."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.training import PURCHASE_EXAMPLES
from alsobought.training.purchases import purchase_examples as step
from alsobought.training.purchases.settings import PurchaseExamples

READS = {"purchases": PURCHASES, "returned": RETURNED_PURCHASES, "catalogue": ITEMS}


def purchase_examples(
    purchases: DataFrame,
    returned: DataFrame | None,
    catalogue: DataFrame | None,
    params: PurchaseExamples,
    as_of: date,
) -> Outcome:
    """Label what followed the cut-off, draw negatives, weigh, and describe as of the cut-off."""
    return step.purchase_examples(purchases, params, as_of, returned, catalogue)


JOB = Job(
    purchase_examples,
    PurchaseExamples,
    READS,
    PURCHASE_EXAMPLES,
    only_with={"catalogue": ("items.exclude.attributes",)},
)

if __name__ == "__main__":
    main(JOB)
