"""How many units hold each item, and what else those units hold."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from alsobought.copurchase.engine import run as engine
from alsobought.copurchase.settings import Baskets
from alsobought.runtime.job import Job, Outcome
from alsobought.runtime.run import main
from alsobought.tables import ITEM_STATISTICS, PURCHASES, Stored


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    baskets: Baskets


def item_statistics(purchases: Stored, params: Params, as_of: date) -> Outcome:
    """Count the baskets of the look-back window per item, for every unit."""
    return Outcome(engine.item_statistics(purchases, params.baskets, as_of))


JOB = Job(
    item_statistics, Params, {"purchases": PURCHASES}, ITEM_STATISTICS, as_files=("purchases",)
)

if __name__ == "__main__":
    main(JOB)
