"""How likely each offer is redeemed, by a two-stage and a one-stage model for each method."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.outcome import Outcome
from alsobought.tables.training import REDEMPTION_EXAMPLES, REDEMPTION_SCORES, TRAINING_EXAMPLES
from alsobought.training.offers import redemption_scores as step
from alsobought.training.offers.settings import Redemption


class Params(Settings):
    redemption: Redemption


def redemption_scores(
    examples: DataFrame, training: DataFrame, params: Params, as_of: date
) -> Outcome:
    """Train on the split train, choose penalties on validation, and score all offers."""
    return step.redemption_scores(examples, training, params.redemption)


JOB = Job(
    redemption_scores,
    Params,
    {"examples": REDEMPTION_EXAMPLES, "training": TRAINING_EXAMPLES},
    REDEMPTION_SCORES,
)

if __name__ == "__main__":
    main(JOB)
