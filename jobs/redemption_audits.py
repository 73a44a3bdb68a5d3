"""Whether the weights and their models still do what they promise, each with its bounds."""

from datetime import date

from pydantic import BaseModel, ConfigDict
from pyspark.sql import DataFrame

from alsobought.runtime.job import Job, Outcome
from alsobought.runtime.run import main
from alsobought.tables import REDEMPTION_AUDITS, REDEMPTION_EXAMPLES, REDEMPTION_WEIGHTS
from alsobought.training import audits
from alsobought.training.settings import Redemption


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    redemption: Redemption
    bounds: audits.Bounds = audits.Bounds()


def redemption_audits(
    examples: DataFrame, weights: DataFrame, params: Params, as_of: date
) -> Outcome:
    """Measure all of it; an alert is told and written, and fails nothing."""
    measured = audits.redemption_audits(examples, weights, params.redemption, params.bounds)
    return Outcome(audits.as_rows(examples, measured), notes=audits.told(measured))


JOB = Job(
    redemption_audits,
    Params,
    {"examples": REDEMPTION_EXAMPLES, "weights": REDEMPTION_WEIGHTS},
    REDEMPTION_AUDITS,
)

if __name__ == "__main__":
    main(JOB)
