"""For each item and metric, the ranked list of available items to show beside it."""

from datetime import date

from alsobought.copurchase.settings import Lists, Markets
from alsobought.related import related_items as step
from alsobought.related.candidate_files import unknown_items
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Count, Settings
from alsobought.tables.copurchase import CO_PURCHASES, ITEM_STATISTICS
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import Stored


class Params(Settings):
    lists: Lists
    markets: Markets | None = None
    top_k: Count
    """Related items kept per list."""


def related_items(
    pairs: Stored, items: Stored, statistics: Stored, params: Params, as_of: date
) -> Outcome:
    """Rank each item's available candidates under every metric; keep the best `top_k`."""
    groups = params.markets.groups if params.markets else {}
    unknown = unknown_items(items, statistics, groups)
    rows = step.related_items(pairs, items, params.lists, params.top_k, unknown.ids)
    return Outcome(rows, notes=unknown.in_words(params.lists))


JOB = Job(
    related_items,
    Params,
    {"pairs": CO_PURCHASES, "items": ITEMS, "statistics": ITEM_STATISTICS},
    RELATED_ITEMS,
    as_files=("pairs", "items", "statistics"),
)

if __name__ == "__main__":
    main(JOB)
