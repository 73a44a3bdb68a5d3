"""For each item and metric, the ranked list of available items to show beside it."""

from datetime import date

from alsobought.copurchase.settings import Lists
from alsobought.related import related_items as step
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Count, Settings
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import Stored


class Params(Settings):
    lists: Lists
    top_k: Count
    """Related items kept per list."""


def related_items(pairs: Stored, items: Stored, params: Params, as_of: date) -> Outcome:
    """Rank each item's available candidates under every metric; keep the best `top_k`."""
    return Outcome(step.related_items(pairs, items, params.lists, params.top_k))


JOB = Job(
    related_items,
    Params,
    {"pairs": CO_PURCHASES, "items": ITEMS},
    RELATED_ITEMS,
    as_files=("pairs", "items"),
    looked_at_with=("item_statistics",),
)

if __name__ == "__main__":
    main(JOB)
