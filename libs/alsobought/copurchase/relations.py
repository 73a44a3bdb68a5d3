"""The ways in which two items are related: bought together, or one after the other."""

from dataclasses import dataclass
from itertools import pairwise

from alsobought.copurchase.settings import Baskets, Unit
from alsobought.days import DAY_SECONDS

ANY_TIME = -1


@dataclass(frozen=True)
class Relation:
    """Which pairs (X, Y) of a unit count: those with Y first (low, high] seconds after X's first.

    high = ANY_TIME: all pairs, whatever their times.
    """

    name: str
    low: int
    high: int

    @property
    def is_directed(self) -> bool:
        """Whether time matters."""
        return self.high != ANY_TIME


TOGETHER = Relation("together", 0, ANY_TIME)


def relations_of(unit: Unit, baskets: Baskets) -> tuple[Relation, ...]:
    """The relations to count for a unit: together, and for customers after and its lag buckets."""
    if unit != "customer" or baskets.after is None:
        return (TOGETHER,)
    horizon = baskets.after.within_days
    buckets = [
        Relation(f"after_{low}_{high}d", low * DAY_SECONDS, high * DAY_SECONDS)
        for low, high in pairwise([0, *baskets.after.lag_days, horizon])
    ]
    after = Relation("after", 0, horizon * DAY_SECONDS)
    return (TOGETHER, after, *(buckets if len(buckets) > 1 else []))
