"""The days that a run looks back on."""

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

EPOCH = date(1970, 1, 1)


def first_day(as_of: date, look_back_days: int) -> date:
    """The first of the `look_back_days` days before `as_of`."""
    return as_of - timedelta(days=look_back_days)


def in_window(purchases: DataFrame, as_of: date, look_back_days: int) -> DataFrame:
    """The purchases of the `look_back_days` days before `as_of`, both in UTC."""
    at = F.col("purchased_at")
    first = F.lit(first_day(as_of, look_back_days)).cast("timestamp")
    return purchases.where((at >= first) & (at < F.lit(as_of).cast("timestamp")))


def micros(day: date) -> int:
    """The day's first instant in UTC, as microseconds since 1970."""
    return (day - EPOCH) // timedelta(microseconds=1)
