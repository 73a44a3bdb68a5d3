"""The days that a run looks back on."""

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def in_window(purchases: DataFrame, as_of: date, look_back_days: int) -> DataFrame:
    """The purchases of the `look_back_days` days before `as_of`, both in UTC."""
    first = as_of - timedelta(days=look_back_days)
    at = F.col("purchased_at")
    return purchases.where(
        (at >= F.lit(first).cast("timestamp")) & (at < F.lit(as_of).cast("timestamp"))
    )
