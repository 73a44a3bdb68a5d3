"""How purchases become a training set: the section [jobs.purchase_examples]."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from alsobought.learn.settings import Percent
from alsobought.products import OfProducts
from alsobought.settings import Days, Seed, Share


class PurchaseExamples(OfProducts):
    """What is a positive, which items are the negatives, and how much each row counts."""

    cut_off_days: Days
    """Days before the as-of day in which positives are bought; features are older."""
    history_days: Days
    """Days before the cut-off from which features and popularity come."""
    negatives: Literal["uniform", "popularity", "in_batch"]
    """uniform: any item alike. popularity: as often as purchases^popularity_exponent says.
    in_batch: none is stored; a trainer takes the other positives of its batch."""
    negatives_per_positive: Annotated[int, Field(ge=0, le=1000)]
    """Negatives drawn for each positive; 0 with in_batch."""
    popularity_exponent: Share
    """1 draws items as often as they are bought, 0 all alike; 0.75 is word2vec's."""
    half_life_days: Annotated[float, Field(gt=0)]
    """A purchase this much older weighs half as much; with a long half-life all weigh alike."""
    propensity_exponent: Share
    """How steeply the chance to be seen grows with popularity; 0: all items alike, no weight."""
    propensity_floor: Annotated[float, Field(gt=0, le=1)]
    """Propensities are clipped here, so that no row weighs more than 1 / floor by them."""
    seed: Seed
    """Chooses the negatives and the split."""
    train_percent: Percent
    """Of the customers, in train."""
    validation_percent: Percent
    """Of the customers, in validation; the rest is in test."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.negatives == "in_batch") != (self.negatives_per_positive == 0):
            raise ValueError("negatives_per_positive is 0 with in_batch, and with nothing else")
        if self.train_percent + self.validation_percent >= 100:
            raise ValueError("train_percent and validation_percent leave nothing for test")
        return self
