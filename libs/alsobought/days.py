"""Days, windows of days and ages, all in UTC: the one place that knows how long a day is."""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

DAY_SECONDS = 86_400
DAY_MICROS = 86_400_000_000
EPOCH = date(1970, 1, 1)


def days_before(day: date, days: int) -> date:
    """The day that is `days` days before `day`."""
    return day - timedelta(days=days)


def micros(day: date) -> int:
    """The day's first instant in UTC, as microseconds since 1970."""
    return (day - EPOCH) // timedelta(microseconds=1)


def midnight(day: date) -> Column:
    """The day's first instant in UTC, a timestamp, whatever the session's zone."""
    return F.timestamp_micros(F.lit(micros(day)))


def is_within(at: Column, first: date, end: date) -> Column:
    """Whether an instant lies in [first 00:00, end 00:00) UTC."""
    return (at >= midnight(first)) & (at < midnight(end))


def days_between(earlier: Column, later: Column) -> Column:
    """The time from one instant to another, in days and parts of days: a double."""
    return (F.unix_micros(later) - F.unix_micros(earlier)) / DAY_MICROS


def in_window(purchases: DataFrame, as_of: date, look_back_days: int) -> DataFrame:
    """The purchases of the `look_back_days` days before `as_of`, both in UTC."""
    first = days_before(as_of, look_back_days)
    return purchases.where(is_within(F.col("purchased_at"), first, as_of))
