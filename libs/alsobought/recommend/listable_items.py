"""Which items lists may show."""

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import DataFrame

from alsobought.copurchase.counted_purchases import are_named, has_attribute
from alsobought.copurchase.settings import Exclusions
from alsobought.tables.outcome import Batches


def listable_items(catalogue: DataFrame, exclude: Exclusions) -> DataFrame:
    """The items that lists may show: available ones that are products.

    In:   `items`. Out: item_id, each once.
    Cost: a scan of the catalogue, through Python where ids or patterns exclude items.
    """
    available = catalogue.where("is_available")
    if exclude.attributes:
        available = available.where(~has_attribute(exclude))
    ids = available.select("item_id")
    if not exclude.ids and not exclude.patterns:
        return ids
    names, patterns = list(exclude.ids), list(exclude.patterns)

    def products(batches: Batches) -> Batches:
        for batch in batches:
            yield not_named(batch, names, patterns)

    return ids.mapInArrow(products, "item_id string")


def not_named(
    items: pa.RecordBatch, names: Sequence[str], patterns: Sequence[str]
) -> pa.RecordBatch:
    """The rows whose item_id is not among `names` and matches none of the patterns (RE2)."""
    is_out = are_named(items["item_id"], pa.array(names, pa.string()), patterns)
    return items.filter(pa.array(~is_out))
