"""Which rows train, which choose, which judge: by customer, or by time; never by label."""

from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pyspark.sql import Column
from pyspark.sql import functions as F

from alsobought.settings import Settings

TRAIN_PERCENT = 80
VALIDATION_PERCENT = 10

Percent = Annotated[int, Field(ge=1, le=98)]


class Split(Settings):
    """The split of a training set: in percent of the customers, or in days before the as-of day."""

    by: Literal["customer", "time"]
    """customer: all rows of a customer are in one split. time: the newest rows judge."""
    seed: int = 0
    """by customer: chooses who is where."""
    train_percent: Percent = TRAIN_PERCENT
    """by customer: of the customers, in train."""
    validation_percent: Percent = VALIDATION_PERCENT
    """by customer: of the customers, in validation; the rest is in test."""
    validation_days: Annotated[int, Field(ge=1)] | None = None
    """by time: the days just before the test days are in validation."""
    test_days: Annotated[int, Field(ge=1)] | None = None
    """by time: so many days before the as-of day are in test."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.train_percent + self.validation_percent >= 100:
            raise ValueError("train_percent and validation_percent leave nothing for test")
        days = (self.validation_days, self.test_days)
        if self.by == "time" and None in days:
            raise ValueError("a split by time needs validation_days and test_days")
        if self.by == "customer" and days != (None, None):
            raise ValueError("validation_days and test_days need by = 'time'")
        return self

    def of(self, customer_id: Column, at: Column, as_of: date) -> Column:
        """The split of a row of this customer at this time."""
        if self.validation_days is None or self.test_days is None:
            return split_of(customer_id, self.seed, self.train_percent, self.validation_percent)
        return split_at(at, as_of, self.validation_days, self.test_days)


def split_of(
    customer_id: Column,
    seed: int,
    train_percent: int = TRAIN_PERCENT,
    validation_percent: int = VALIDATION_PERCENT,
) -> Column:
    """train, validation or test, by xxhash64(customer, seed) mod 100; the same wherever it runs.

    All rows of a customer are in one split, so that no model is judged by a customer it knows.
    """
    bucket = F.pmod(F.xxhash64(customer_id, F.lit(seed).cast("bigint")), F.lit(100))
    edge = train_percent + validation_percent
    later = F.when(bucket < edge, "validation").otherwise("test")
    return F.when(bucket < train_percent, "train").otherwise(later)


def split_at(at: Column, as_of: date, validation_days: int, test_days: int) -> Column:
    """test in the `test_days` before `as_of`, validation in the days before those, else train.

    A model is judged by what came after all that it learnt from. The newest rows are also the
    ones whose labels are least final: judge with their weights, or wait.
    """
    test_from = as_of - timedelta(days=test_days)
    validation_from = test_from - timedelta(days=validation_days)
    earlier = F.when(at < F.lit(validation_from).cast("timestamp"), "train").otherwise("validation")
    return F.when(at < F.lit(test_from).cast("timestamp"), earlier).otherwise("test")
