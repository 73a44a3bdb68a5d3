"""Every offer as it looked on the as-of day: its features at issue, its age, its state."""

from datetime import date

from pydantic import BaseModel, ConfigDict
from pyspark.sql import DataFrame

from alsobought.ingest.source import Share
from alsobought.runtime.job import Job, Outcome
from alsobought.runtime.run import main
from alsobought.tables import ENGAGEMENTS, OFFERS, PURCHASES, REDEMPTION_EXAMPLES, REDEMPTIONS
from alsobought.training import examples
from alsobought.training.settings import Redemption


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    redemption: Redemption
    max_faulty_share: Share = 0.05
    """A larger share of events before, without or too long after their offer fails the job."""


def redemption_examples(  # noqa: PLR0913
    offers: DataFrame,
    engagements: DataFrame,
    redemptions: DataFrame,
    purchases: DataFrame,
    params: Params,
    as_of: date,
) -> Outcome:
    """Put each offer's visible events and its customer's history beside it."""
    made = examples.redemption_examples(
        offers, engagements, redemptions, purchases, params.redemption, as_of
    )
    return Outcome(
        made.rows, made.account, lambda account: examples.told(account, params.max_faulty_share)
    )


JOB = Job(
    redemption_examples,
    Params,
    {
        "offers": OFFERS,
        "engagements": ENGAGEMENTS,
        "redemptions": REDEMPTIONS,
        "purchases": PURCHASES,
    },
    REDEMPTION_EXAMPLES,
)

if __name__ == "__main__":
    main(JOB)
