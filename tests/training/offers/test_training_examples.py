"""Weights and features put together: one row per weighted copy, none lost in silence."""

from datetime import UTC, date, datetime

import pytest
from pyspark.sql.types import StructType

from alsobought.errors import JobError
from alsobought.learn.settings import Split
from alsobought.tables.training import REDEMPTION_EXAMPLES, REDEMPTION_WEIGHTS, TRAINING_EXAMPLES
from alsobought.training.offers.training_examples import training_examples
from tests.rows import rows
from tests.training.purchases import oracle

AS_OF = date(2017, 12, 1)
BY_TIME = Split(by="time", validation_days=10, test_days=10)


def issued(day):
    return datetime(2017, 11, day, 12, tzinfo=UTC)


def examples(spark):
    """Three offers: redeemed, engaged with, untouched."""
    literal_rows = [
        ("o1", "ann", issued(1), 29.5, {"age": 3.0}, "11", issued(2), issued(3), False),
        ("o2", "ben", issued(15), 15.5, {"age": 1.0, "town=york": 1.0}, "10", issued(16),
         None, False),
        ("o3", "ann", issued(25), 5.5, {}, "00", None, None, False),
    ]  # fmt: skip
    return spark.createDataFrame(literal_rows, StructType(list(REDEMPTION_EXAMPLES.columns)))


def weights(spark, *more):
    """Two methods; es_dfm emits o1 twice and o3 not yet."""
    parts = {"floor": 0.05}
    literal_rows = [
        ("es_dfm", "o1", 0, "first", 29.5, "11", 1.0, 0, 0, 0.75, parts, "v1"),
        ("es_dfm", "o1", 1, "late", 29.5, "11", 2.0, 1, 1, 1.25, parts, "v1"),
        ("es_dfm", "o2", 0, "first", 15.5, "10", 1.0, 1, 0, 0.5, parts, "v1"),
        ("none", "o3", 0, "first", 5.5, "00", 5.5, 0, 0, 1.0, parts, "v1"),
        *more,
    ]
    return spark.createDataFrame(literal_rows, StructType(list(REDEMPTION_WEIGHTS.columns)))


def sentences(outcome):
    return outcome.judge(outcome.account.collect()[0])


def test_every_weighted_copy_has_its_offers_features_and_its_own_labels(spark):
    made = training_examples(examples(spark), weights(spark), BY_TIME, AS_OF).rows
    assert rows(TRAINING_EXAMPLES.conform(made)) == [
        ("es_dfm", "o1", 0, "ann", None, {"age": 3.0}, 0, 0, 0.75, None, "train"),
        ("es_dfm", "o1", 1, "ann", None, {"age": 3.0}, 1, 1, 1.25, None, "train"),
        (
            "es_dfm", "o2", 0, "ben", None, {"age": 1.0, "town=york": 1.0},
            1, 0, 0.5, None, "validation",
        ),
        ("none", "o3", 0, "ann", None, {}, 0, 0, 1.0, None, "test"),
    ]  # fmt: skip


def test_by_customer_all_rows_of_a_customer_are_in_one_split(spark):
    by_customer = Split(by="customer", seed=3)
    made = training_examples(examples(spark), weights(spark), by_customer, AS_OF).rows
    assert rows(made.select("customer_id", "split").distinct()) == [
        ("ann", oracle.split_of("ann", 3)),
        ("ben", oracle.split_of("ben", 3)),
    ]


def test_the_account_and_a_weight_without_its_offer(spark):
    offers = examples(spark)
    assert sentences(training_examples(offers, weights(spark), BY_TIME, AS_OF)) == [
        "4 weighted copies of 3 offers, issued from 2017-11-01 to 2017-11-25"
    ]
    stray = ("none", "gone", 0, "first", 1.5, "00", 1.5, 0, 0, 1.0, {"floor": 0.05}, "v1")
    with pytest.raises(JobError, match=r"^1 of 5 rows of redemption_weights are of offers that"):
        sentences(training_examples(offers, weights(spark, stray), BY_TIME, AS_OF))
