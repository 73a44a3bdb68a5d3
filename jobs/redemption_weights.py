"""The weight of every copy of every offer: how much its label, as visible by now, should count."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.outcome import Outcome
from alsobought.tables.training import REDEMPTION_EXAMPLES, REDEMPTION_WEIGHTS
from alsobought.training.offers import redemption_weights as step
from alsobought.training.offers.settings import Redemption


class Params(Settings):
    redemption: Redemption


def redemption_weights(examples: DataFrame, params: Params, as_of: date) -> Outcome:
    """Learn how labels ripen from the matured offers, and weigh all offers by it."""
    made = step.redemption_weights(examples, params.redemption)
    return Outcome(made.rows, notes=made.notes)


JOB = Job(redemption_weights, Params, {"examples": REDEMPTION_EXAMPLES}, REDEMPTION_WEIGHTS)

if __name__ == "__main__":
    main(JOB)
