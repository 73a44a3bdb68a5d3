"""Whether the weights and their models still do what they promise, each with its bounds."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.outcome import Outcome
from alsobought.tables.training import REDEMPTION_AUDITS, REDEMPTION_EXAMPLES, REDEMPTION_WEIGHTS
from alsobought.training.audits import redemption_audits as step
from alsobought.training.audits.settings import Bounds
from alsobought.training.offers.settings import Redemption


class Params(Settings):
    redemption: Redemption
    bounds: Bounds = Bounds()


def redemption_audits(
    examples: DataFrame, weights: DataFrame, params: Params, as_of: date
) -> Outcome:
    """Measure all of it; alerts are printed and stored, they never fail the job."""
    return step.redemption_audits(examples, weights, params.redemption, params.bounds)


JOB = Job(
    redemption_audits,
    Params,
    {"examples": REDEMPTION_EXAMPLES, "weights": REDEMPTION_WEIGHTS},
    REDEMPTION_AUDITS,
)

if __name__ == "__main__":
    main(JOB)
