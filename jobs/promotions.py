"""Whether the day's related items and recommendations become those that are served."""

from datetime import date
from typing import Any

from alsobought.evaluate.gate import promotions as step
from alsobought.evaluate.gate.settings import Limits
from alsobought.runtime.job import Gate, Job
from alsobought.runtime.run import main
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.evaluate import EVALUATIONS, PROMOTIONS
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import RECOMMENDATIONS
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.serving import Serving


def promotions(serving: Serving, params: Limits, as_of: date, **inputs: Any) -> Outcome:
    """Check the day's lists against those that are served; one row says which are from here on."""
    return step.promotions(step.Inputs(**inputs), serving, params, as_of)


JOB = Job(
    promotions,
    Limits,
    {
        "related_items": RELATED_ITEMS,
        "recommendations": RECOMMENDATIONS,
        "statistics": ITEM_STATISTICS,
        "purchases": PURCHASES,
        "returned": RETURNED_PURCHASES,
        "evaluations": EVALUATIONS,
    },
    PROMOTIONS,
    gate=Gate(("related_items", "recommendations"), "evaluations"),
)

if __name__ == "__main__":
    main(JOB)
