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
    """Learn from the matured offers how labels arrive, and weight all offers by it."""
    return step.redemption_weights(examples, params.redemption)


JOB = Job(redemption_weights, Params, {"examples": REDEMPTION_EXAMPLES}, REDEMPTION_WEIGHTS)

if __name__ == "__main__":
    main(JOB)
