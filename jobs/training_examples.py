"""The weighted rows to train a redemption model on: features, labels, weight, split."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.learn.settings import Split
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.outcome import Outcome
from alsobought.tables.training import REDEMPTION_EXAMPLES, REDEMPTION_WEIGHTS, TRAINING_EXAMPLES
from alsobought.training.offers import training_examples as step


class Params(Settings):
    split: Split


def training_examples(
    examples: DataFrame, weights: DataFrame, params: Params, as_of: date
) -> Outcome:
    """Put each weighted copy beside its offer's features, and say which split it is in."""
    return step.training_examples(examples, weights, params.split, as_of)


JOB = Job(
    training_examples,
    Params,
    {"examples": REDEMPTION_EXAMPLES, "weights": REDEMPTION_WEIGHTS},
    TRAINING_EXAMPLES,
)

if __name__ == "__main__":
    main(JOB)
