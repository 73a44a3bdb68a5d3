"""For each item and metric, the ranked list of available items to show beside it."""

from datetime import date
from typing import Any

from alsobought.copurchase.settings import InMarkets, Lists
from alsobought.related import related_items as step
from alsobought.related.candidate_files import unknown_items
from alsobought.related.listable_pairs import ListInputs
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Count
from alsobought.tables.copurchase import CO_PURCHASES, ITEM_STATISTICS
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS
from alsobought.tables.related import RELATED_ITEMS, RELATED_KINDS

READS = {
    "pairs": CO_PURCHASES,
    "items": ITEMS,
    "statistics": ITEM_STATISTICS,
    "kinds": RELATED_KINDS,
}


class Params(InMarkets):
    lists: Lists
    top_k: Count
    """Related items kept per list."""


def related_items(params: Params, as_of: date, **tables: Any) -> Outcome:
    """Rank each item's available candidates under every metric; keep the best `top_k`."""
    unknown = unknown_items(tables["items"], tables["statistics"], params.groups)
    inputs = ListInputs(tables["items"], unknown.ids, tables["kinds"])
    rows = step.related_items(tables["pairs"], inputs, params.lists, params.top_k)
    return Outcome(rows, notes=unknown.in_words(params.lists))


JOB = Job(
    related_items,
    Params,
    READS,
    RELATED_ITEMS,
    as_files=("pairs", "items", "statistics"),
    only_with={"kinds": ("lists.kinds", "lists.min_customers")},
)

if __name__ == "__main__":
    main(JOB)
