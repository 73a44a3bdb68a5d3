"""The whole way from a shop's CSV files to its lists: what `python -m benchmarks.night` runs."""

from datetime import date, timedelta

from benchmarks.data_sets import AS_OF

CANDIDATES = 50  # kept per item by co_purchases
PLACES = 20  # of each list
SUPPORT = 2  # pairs that one customer alone bought are noise
METRIC = "pearson_residual"
MOST_ITEMS = 5_000  # of one customer: more than anyone in the data has
SMALL_ROWS = 1_000  # of the small job


def night(number: int) -> date:
    """The as-of day of a night; the first is numbered 0."""
    return AS_OF + timedelta(days=number)
