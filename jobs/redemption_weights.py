"""The weight of every copy of every offer: how much its label, as visible by now, should count."""

from datetime import date

from pydantic import BaseModel, ConfigDict
from pyspark.sql import DataFrame

from alsobought.runtime.job import Job, Outcome
from alsobought.runtime.run import main
from alsobought.tables import REDEMPTION_EXAMPLES, REDEMPTION_WEIGHTS
from alsobought.training import weighting
from alsobought.training.settings import Redemption


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    redemption: Redemption


def redemption_weights(examples: DataFrame, params: Params, as_of: date) -> Outcome:
    """Learn how labels ripen from the matured offers, and weigh all offers by it."""
    made = weighting.redemption_weights(examples, params.redemption)
    return Outcome(made.rows, notes=made.notes)


JOB = Job(redemption_weights, Params, {"examples": REDEMPTION_EXAMPLES}, REDEMPTION_WEIGHTS)

if __name__ == "__main__":
    main(JOB)
