"""Rows by market and day: by delta-rs on a path, by Spark on a URI, the same."""

from datetime import date

import pytest
from pyspark.sql.types import StringType, TimestampType

from alsobought.runtime.day_counts import day_counts
from alsobought.tables.outcome import Outcome
from alsobought.tables.table import Table, column

SALES = Table(
    "sales",
    "What was sold.",
    (
        column("market", StringType(), "where"),
        column("at", TimestampType(), "when, UTC"),
    ),
    key=("market", "at"),
    kept="whole",
)
DAYS = [date(2026, 1, 30), date(2026, 1, 23)]


@pytest.mark.parametrize("way", ["workers", "spark"])
def test_the_rows_of_a_day_are_those_between_its_midnights_utc(store, frame):
    assert day_counts(store, SALES, "at", DAYS) == {}
    times = (
        ("DE", "2026-01-29 23:59:59.999999"), ("DE", "2026-01-30 00:00:00"),
        ("DE", "2026-01-30 23:59:59.999999"), ("FR", "2026-01-30 12:00:00"),
        ("DE", "2026-01-31 00:00:00"), ("FR", "2026-01-23 01:00:00"),
        ("FR", "2026-01-24 01:00:00"),
    )  # fmt: skip
    rows = frame("market string, at string", *times)
    sold = rows.selectExpr("market", "to_timestamp(at) AS at")
    store.write(SALES, Outcome(sold), date(2026, 1, 31), {})
    assert day_counts(store, SALES, "at", DAYS) == {
        ("DE", date(2026, 1, 30)): 2, ("FR", date(2026, 1, 30)): 1, ("FR", date(2026, 1, 23)): 1,
    }  # fmt: skip
    assert day_counts(store, SALES, "at", []) == {}
