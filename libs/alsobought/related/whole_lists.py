"""Ranked lists as one row each, as a key-value store takes them."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

SEPARATOR = "/"


@dataclass(frozen=True)
class ListShape:
    """Which columns name a list, and what each of its places becomes."""

    key: tuple[str, ...]
    places: str
    """What the array of places is called."""
    place: Mapping[str, str]
    """What each place has, the rank first: the name there, and the column; what a table does not
    have is left out."""


OF_ITEMS = ListShape(
    ("market", "unit", "relation", "metric", "item_id"),
    "related_items",
    {
        "rank": "rank",
        "item_id": "related_item_id",
        "score": "score",
        "both": "both",
        "expected": "expected",
    },
)
OF_CUSTOMERS = ListShape(
    ("market", "model", "customer_id"),
    "items",
    {name: name for name in ("rank", "item_id", "score", "source", "reasons")},
)


def whole_lists(ranked: DataFrame, shape: ListShape, parts: int) -> DataFrame:
    """One row a list, in `parts` partitions, each sorted by key.

    In:  rows of `related_items` (OF_ITEMS) or of `tables.recommend.LIST` (OF_CUSTOMERS), of a day.
    Out: key (the columns of the shape's key with SEPARATOR between them; without the customer where
         a list is every customer's), these columns, and the array of places, best first.
    Cost: one shuffle of the rows.
    """
    columns = {name: column for name, column in shape.place.items() if column in ranked.columns}
    place = F.struct(*(F.col(column).alias(name) for name, column in columns.items()))
    places = F.sort_array(F.collect_list(place)).alias(shape.places)
    lists = ranked.repartition(parts, *shape.key).groupBy(*shape.key).agg(places)
    key = F.concat_ws(SEPARATOR, *shape.key).alias("key")  # leaves nulls out
    return lists.select(key, *shape.key, shape.places).sortWithinPartitions("key")
