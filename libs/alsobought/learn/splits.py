"""The train, validation and test split: by customer or by time, never by label."""

from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from alsobought.days import days_before, midnight
from alsobought.learn.settings import TRAIN_PERCENT, VALIDATION_PERCENT, Split
from alsobought.sampling import bucket, keyed


def split_of(split: Split, customer_id: Column, at: Column, as_of: date) -> Column:
    """train, validation or test: the split of a row of this customer at this time."""
    if split.validation_days is None or split.test_days is None:
        return split_by_customer(
            customer_id, split.seed, split.train_percent, split.validation_percent
        )
    return split_by_time(at, as_of, split.validation_days, split.test_days)


def split_by_customer(
    customer_id: Column,
    seed: int,
    train_percent: int = TRAIN_PERCENT,
    validation_percent: int = VALIDATION_PERCENT,
) -> Column:
    """train, validation or test, by xxhash64(customer, seed) mod 100; the same wherever it runs.

    All rows of a customer are in one split, so that no model is judged by a customer it knows.
    """
    percentile = bucket(keyed(customer_id, seed=seed), 100)
    not_train = F.when(percentile < train_percent + validation_percent, "validation")
    return F.when(percentile < train_percent, "train").otherwise(not_train.otherwise("test"))


def split_by_time(at: Column, as_of: date, validation_days: int, test_days: int) -> Column:
    """test in the `test_days` before `as_of`, validation in the days before those, else train.

    A model is judged by what came after all that it learnt from. The newest rows are also the
    ones whose labels are least final: judge with their weights, or wait.
    """
    test_from = days_before(as_of, test_days)
    validation_from = days_before(test_from, validation_days)
    not_test = F.when(at < midnight(validation_from), "train").otherwise("validation")
    return F.when(at < midnight(test_from), not_test).otherwise("test")
