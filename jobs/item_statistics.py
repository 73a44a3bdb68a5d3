"""How many units hold each item, and what else those units hold."""

from datetime import date

from alsobought.copurchase import item_statistics as step
from alsobought.copurchase.settings import Baskets
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.stored import Stored


class Params(Settings):
    baskets: Baskets


def item_statistics(purchases: Stored, params: Params, as_of: date) -> Outcome:
    """Count the baskets of the look-back window per item, for every unit."""
    return step.item_statistics(purchases, params.baskets, as_of)


JOB = Job(
    item_statistics, Params, {"purchases": PURCHASES}, ITEM_STATISTICS, as_files=("purchases",)
)

if __name__ == "__main__":
    main(JOB)
