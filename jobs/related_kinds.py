"""Whether each related item complements the item, replaces it, or is a variant of it, and why."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.related import related_kinds as step
from alsobought.related.settings import RelatedKinds
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.related import RELATED_KINDS

READS = {
    "pairs": CO_PURCHASES,
    "purchases": PURCHASES,
    "returned": RETURNED_PURCHASES,
    "items": ITEMS,
}


def related_kinds(params: RelatedKinds, as_of: date, **tables: DataFrame) -> Outcome:
    """Compare how often customers have both in one order with how often chance alone would."""
    return step.related_kinds(step.KindInputs(**tables), params, as_of)


JOB = Job(related_kinds, RelatedKinds, READS, RELATED_KINDS)

if __name__ == "__main__":
    main(JOB)
