"""The weighted rows to train a redemption model on: features, labels, weight, split."""

from datetime import date

from pydantic import BaseModel, ConfigDict
from pyspark.sql import DataFrame

from alsobought.runtime.job import Job, Outcome
from alsobought.runtime.run import main
from alsobought.tables import REDEMPTION_EXAMPLES, REDEMPTION_WEIGHTS, TRAINING_EXAMPLES
from alsobought.training import joined
from alsobought.training.splits import Split


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    split: Split


def training_examples(
    examples: DataFrame, weights: DataFrame, params: Params, as_of: date
) -> Outcome:
    """Put each weighted copy beside its offer's features, and say which split it is in."""
    rows = joined.training_examples(examples, weights, params.split, as_of)
    return Outcome(rows, joined.counted(examples, weights), joined.judged)


JOB = Job(
    training_examples,
    Params,
    {"examples": REDEMPTION_EXAMPLES, "weights": REDEMPTION_WEIGHTS},
    TRAINING_EXAMPLES,
)

if __name__ == "__main__":
    main(JOB)
