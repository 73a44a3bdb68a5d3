"""The best candidates of every item, with how often they were bought together and were expected."""

from datetime import date

from alsobought.copurchase import co_purchases as step
from alsobought.copurchase.settings import CoPurchases
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.stored import Stored


def co_purchases(purchases: Stored, params: CoPurchases, as_of: date) -> Outcome:
    """Count the pairs of each basket, and keep each item's best candidates under every metric."""
    return step.co_purchases(purchases, params, as_of)


JOB = Job(
    co_purchases, CoPurchases, {"purchases": PURCHASES}, CO_PURCHASES, as_files=("purchases",)
)

if __name__ == "__main__":
    main(JOB)
