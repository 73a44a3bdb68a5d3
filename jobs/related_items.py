"""For each item and metric, the ranked list of available items to show beside it."""

from datetime import date

from pydantic import BaseModel, ConfigDict
from pyspark.sql import DataFrame

from alsobought.copurchase.settings import Count, Lists
from alsobought.related.ranking import only_available, ranked
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables import CO_PURCHASES, ITEMS, RELATED_ITEMS


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    lists: Lists
    top_k: Count
    """Related items kept per list."""


def related_items(pairs: DataFrame, items: DataFrame, params: Params, as_of: date) -> DataFrame:
    """Rank each item's available candidates under every metric; keep the best `top_k`."""
    return ranked(only_available(pairs, items), params.lists, params.top_k)


JOB = Job(related_items, Params, {"pairs": CO_PURCHASES, "items": ITEMS}, RELATED_ITEMS)

if __name__ == "__main__":
    main(JOB)
