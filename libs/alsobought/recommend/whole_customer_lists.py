"""Customers' lists as one row each, as a key-value store takes them."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

LIST = ("market", "model", "customer_id")
SEPARATOR = "/"
PLACE = ("rank", "item_id", "score", "source", "reasons")


def whole_customer_lists(places: DataFrame, parts: int) -> DataFrame:
    """One row a list, in `parts` partitions, each sorted by key.

    In:  rows of a table of recommendations (`tables.recommend.LIST`), of one day.
    Out: key (the columns of LIST with SEPARATOR between them; of a list that is every customer's
         market and model alone), these columns, and `items`: array of those columns of PLACE that
         the table has, best first.
    Cost: one shuffle of the rows.
    """
    place = F.struct(*(name for name in PLACE if name in places.columns))
    items = F.sort_array(F.collect_list(place)).alias("items")
    lists = places.repartition(parts, *LIST).groupBy(*LIST).agg(items)
    key = F.concat_ws(SEPARATOR, *LIST).alias("key")  # leaves nulls out
    return lists.select(key, *LIST, "items").sortWithinPartitions("key")
