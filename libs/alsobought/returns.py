"""Which purchases count: those that were bought, and were not wholly returned by then."""

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.days import midnight

LINE = ("market", "order_id", "item_id", "line")


def counting(purchases: DataFrame, returned: DataFrame | None, before: date) -> DataFrame:
    """The lines that count on the day `before`: those that were bought, but for those that were
    wholly returned before that day.

    In:   `purchases`; `returned_purchases` of that day or of a later one, None: there are none.
    Cost: None: nothing. Else a join of the purchases with the returned lines, by key.
    """
    if returned is None:
        return purchases
    is_kept = F.col("returned_at").isNull() | (F.col("returned_at") >= midnight(before))
    return with_return_times(purchases, returned).where(is_kept).drop("returned_at")


def with_return_times(purchases: DataFrame, returned: DataFrame) -> DataFrame:
    """The lines that were bought, with `returned_at`: when the last unit was returned; null where
    something was kept. Cost: a join of the purchases with the returned lines, by key."""
    keys = [F.col(name).alias(f"_{name}") for name in LINE]
    # lines without an order have none alike
    is_same = (F.col(name).eqNullSafe(F.col(f"_{name}")) for name in LINE)
    times = returned.where("returned_at IS NOT NULL").select(*keys, "returned_at")
    bought = purchases.where("quantity > 0")
    return bought.join(times, reduce(Column.__and__, is_same), "left").drop(*times.columns[:-1])
