"""Splits: by customer the same everywhere, by time in order, and settings that fit."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError
from pyspark.sql import functions as F

from alsobought.learn.settings import Split
from alsobought.learn.splits import split_by_customer, split_of
from tests.rows import rows
from tests.training.purchases import oracle


def test_a_customers_split_is_the_hash_of_customer_and_seed(spark):
    customers = spark.range(2_000).select(F.concat(F.lit("household "), "id").alias("customer"))
    split_rows = dict(rows(customers.select("customer", split_by_customer(F.col("customer"), -7))))
    assert split_rows == {customer: oracle.split_of(customer, -7) for customer in split_rows}
    counts = {
        name: list(split_rows.values()).count(name) for name in ("train", "validation", "test")
    }
    assert abs(counts["train"] - 1_600) < 90
    assert abs(counts["validation"] - 200) < 70
    assert sum(counts.values()) == 2_000


def test_shares_and_seed_move_customers(spark):
    customers = spark.range(500).select(F.col("id").cast("string").alias("customer"))
    halves, other = (
        split_by_customer(F.col("customer"), 1, 50, 25),
        split_by_customer(F.col("customer"), 2, 50, 25),
    )
    split_rows = rows(customers.select("customer", halves, other))
    assert [b for _, b, _ in split_rows] == [
        oracle.split_of(a, 1, 50, 25) for a, _, _ in split_rows
    ]
    assert sum(b != c for _, b, c in split_rows) > 200


def test_by_time_the_newest_days_are_the_test(frame):
    def at(day, hour=0):
        return datetime(2017, 11, day, hour, tzinfo=UTC)

    split = Split(by="time", validation_days=3, test_days=7)
    issued = frame(
        "expected string, at timestamp",
        ("train", at(1)),
        ("train", at(20, 23)),
        ("validation", at(21)),
        ("validation", at(23, 23)),
        ("test", at(24)),
        ("test", at(30, 23)),
    )
    split_rows = issued.select(
        "expected", split_of(split, F.lit("ann"), F.col("at"), date(2017, 12, 1))
    )
    assert all(expected == said for expected, said in rows(split_rows))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"by": "time", "test_days": 7}, "a split by time needs validation_days and test_days"),
        ({"by": "customer", "test_days": 7}, "need by = 'time'"),
        (
            {"by": "customer", "train_percent": 90, "validation_percent": 10},
            "leave nothing for test",
        ),
        ({"by": "label"}, "Input should be 'customer' or 'time'"),
    ],
)
def test_a_split_that_does_not_fit_is_refused(given, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Split.model_validate(given)
