"""What each customer is shown: the related items of past purchases, merged in several ways."""

from datetime import date
from typing import Any

from alsobought.recommend import recommendations as step
from alsobought.recommend.inputs import Inputs
from alsobought.recommend.settings import Recommendations
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import (
    BESTSELLERS,
    BUY_AGAIN,
    COLD_START_ITEMS,
    ITEM_INFORMATIVENESS,
    RECOMMENDATIONS,
    REPEAT_PURCHASES,
)
from alsobought.tables.related import RELATED_ITEMS

READS = {
    "purchases": PURCHASES,
    "returned": RETURNED_PURCHASES,
    "related": RELATED_ITEMS,
    "cold_start": COLD_START_ITEMS,
    "statistics": ITEM_STATISTICS,
    "catalogue": ITEMS,
    "bestsellers": BESTSELLERS,
    "repeats": REPEAT_PURCHASES,
    "informativeness": ITEM_INFORMATIVENESS,
    "buy_again": BUY_AGAIN,
}


def recommendations(params: Recommendations, as_of: date, **tables: Any) -> Outcome:
    """Merge the lists of each customer's newest purchases; fill them up with bestsellers."""
    return step.recommendations(Inputs(**tables), params, as_of)


JOB = Job(
    recommendations,
    Recommendations,
    READS,
    RECOMMENDATIONS,
    as_files=("purchases", "returned"),
    only_with={"buy_again": ("jobs.recommendations.buy_again",)},
)

if __name__ == "__main__":
    main(JOB)
