"""For each item and metric, the ranked list of available items to show beside it."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.copurchase.settings import Lists
from alsobought.related.related_items import only_available, ranked
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.settings import Count, Settings
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.purchases import ITEMS
from alsobought.tables.related import RELATED_ITEMS


class Params(Settings):
    lists: Lists
    top_k: Count
    """Related items kept per list."""


def related_items(pairs: DataFrame, items: DataFrame, params: Params, as_of: date) -> DataFrame:
    """Rank each item's available candidates under every metric; keep the best `top_k`."""
    return ranked(only_available(pairs, items), params.lists, params.top_k)


JOB = Job(related_items, Params, {"pairs": CO_PURCHASES, "items": ITEMS}, RELATED_ITEMS)

if __name__ == "__main__":
    main(JOB)
