"""A made-up world of offers whose engagement, redemption and delays depend on the offer.

Five features, each N(0, 1). Engagement and redemption given engagement are logistic in them, so
two logistic stages can be right and a single one cannot. Delays are exponential, cut off at half
the attribution window each; their means depend on the features, engaged offers' of about 3 days and
redemptions' of about 5 more: final labels are what the logistic models say, exactly.
"""

from dataclasses import dataclass

import numpy as np

from alsobought.learn.arrays import Floats
from alsobought.training.offers.copies import VisibleOffers
from alsobought.training.offers.matured_history import MaturedHistory

FEATURES = 5
ENGAGES = np.array([1.0, -0.8, 0.6, 0.0, 0.4])
ENGAGES_AT_0 = -0.8
REDEEMS = np.array([-0.7, -0.6, 0.8, 1.0, 0.0])
REDEEMS_AT_0 = -0.4
ENGAGEMENT_DELAY = np.array([0.3, 0.0, 0.3, 0.0, -0.3])
REDEMPTION_DELAY = np.array([0.0, -0.3, 0.0, 0.4, 0.3])
DAYS_TO_ENGAGE, DAYS_TO_REDEEM = 3.0, 5.0


@dataclass(frozen=True)
class Offers:
    """Offers with all that will happen to them; NaN for what never does. Days since issue."""

    features: Floats
    engaged_after: Floats
    redeemed_after: Floats

    def visible(self, age: Floats) -> VisibleOffers:
        """The offers as they look at these ages."""
        engaged = np.where(self.engaged_after < age, self.engaged_after, np.nan)
        redeemed = np.where(self.redeemed_after < age, self.redeemed_after, np.nan)
        return VisibleOffers(age, engaged, redeemed)


def offers(count: int, attribution_days: float, random: np.random.Generator) -> Offers:
    """So many offers of the world."""
    x = random.normal(size=(count, FEATURES))
    engages = random.random(count) < engagement(x)
    redeems = engages & (random.random(count) < redemption_if_engaged(x))
    half = attribution_days / 2
    engaged_after = _delay(DAYS_TO_ENGAGE * np.exp(x @ ENGAGEMENT_DELAY), half, random)
    later = _delay(DAYS_TO_REDEEM * np.exp(x @ REDEMPTION_DELAY), half, random)
    return Offers(
        x,
        np.where(engages, engaged_after, np.nan),
        np.where(redeems, engaged_after + later, np.nan),
    )


def engagement(x: Floats) -> Floats:
    """P(engages | x), the truth."""
    chance: Floats = 1 / (1 + np.exp(-(x @ ENGAGES + ENGAGES_AT_0)))
    return chance


def redemption_if_engaged(x: Floats) -> Floats:
    """P(redeems | engages, x), the truth."""
    chance: Floats = 1 / (1 + np.exp(-(x @ REDEEMS + REDEEMS_AT_0)))
    return chance


def history(
    count: int, replays: int, attribution_days: float, random: np.random.Generator
) -> MaturedHistory:
    """Matured offers, each replayed at random ages; every offer is a customer's only one."""
    matured = offers(count, attribution_days, random)
    customer = random.integers(0, 2**62, count)
    return MaturedHistory(
        features=np.tile(matured.features, (replays, 1)),
        age=random.uniform(0, attribution_days, count * replays),
        engaged_after=np.tile(matured.engaged_after, replays),
        redeemed_after=np.tile(matured.redeemed_after, replays),
        customer=np.tile(customer, replays),
    )


def _delay(mean: Floats, longest: float, random: np.random.Generator) -> Floats:
    """Exponential delays of these means, given that they are shorter than the longest."""
    share = random.random(len(mean)) * -np.expm1(-longest / mean)
    return -mean * np.log1p(-share)
