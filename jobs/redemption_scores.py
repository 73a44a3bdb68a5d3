"""How likely each offer is redeemed, by a two-stage and a one-stage model for each method."""

from datetime import date

from pydantic import BaseModel, ConfigDict
from pyspark.sql import DataFrame

from alsobought.runtime.job import Job, Outcome
from alsobought.runtime.run import main
from alsobought.tables import REDEMPTION_EXAMPLES, REDEMPTION_SCORES, TRAINING_EXAMPLES
from alsobought.training import scoring
from alsobought.training.settings import Redemption


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    redemption: Redemption


def redemption_scores(
    examples: DataFrame, training: DataFrame, params: Params, as_of: date
) -> Outcome:
    """Train on the weighted rows of the split train, and score all offers."""
    made = scoring.redemption_scores(examples, training, params.redemption)
    return Outcome(made.rows, notes=made.notes)


JOB = Job(
    redemption_scores,
    Params,
    {"examples": REDEMPTION_EXAMPLES, "training": TRAINING_EXAMPLES},
    REDEMPTION_SCORES,
)

if __name__ == "__main__":
    main(JOB)
