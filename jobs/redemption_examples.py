"""Every offer as it looked on the as-of day: its features at issue, its age, its state."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Settings, Share
from alsobought.tables.offers import ENGAGEMENTS, OFFERS, REDEMPTIONS
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES, RETURNED_PURCHASES
from alsobought.tables.training import REDEMPTION_EXAMPLES
from alsobought.training.offers import redemption_examples as step
from alsobought.training.offers.settings import Redemption

READS = {
    "offers": OFFERS,
    "engagements": ENGAGEMENTS,
    "redemptions": REDEMPTIONS,
    "purchases": PURCHASES,
    "returned": RETURNED_PURCHASES,
}


class Params(Settings):
    redemption: Redemption
    max_faulty_share: Share = 0.05
    """A larger share of events before, without or too long after their offer fails the job."""


def redemption_examples(params: Params, as_of: date, **tables: DataFrame) -> Outcome:
    """Put each offer's visible events and its customer's history beside it."""
    limit = params.max_faulty_share
    return step.redemption_examples(step.OfferTables(**tables), params.redemption, as_of, limit)


JOB = Job(redemption_examples, Params, READS, REDEMPTION_EXAMPLES)

if __name__ == "__main__":
    main(JOB)
