"""How a training set is split: a group of settings that jobs take into their own section."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from alsobought.settings import Days, Seed, Settings

TRAIN_PERCENT = 80
VALIDATION_PERCENT = 10

Percent = Annotated[int, Field(ge=1, le=98)]
"""A part of all customers that leaves something for the other splits."""


class Split(Settings):
    """The split of a training set: in percent of the customers, or in days before the as-of day."""

    by: Literal["customer", "time"]
    """customer: all rows of a customer are in one split. time: the newest rows are in test."""
    seed: Seed = 0
    """by customer: chooses which customers are in which split."""
    train_percent: Percent = TRAIN_PERCENT
    """by customer: of the customers, in train."""
    validation_percent: Percent = VALIDATION_PERCENT
    """by customer: of the customers, in validation; the rest is in test."""
    validation_days: Days | None = None
    """by time: the days just before the test days are in validation."""
    test_days: Days | None = None
    """by time: the days just before the as-of day are in test."""

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
