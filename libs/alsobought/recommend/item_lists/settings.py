"""What is known of items: the sections [jobs.item_informativeness] and [jobs.cold_start_items]."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from alsobought.copurchase.scores import METRICS, SHRUNKEN
from alsobought.copurchase.settings import Unit, require_metrics
from alsobought.products import OfProducts
from alsobought.settings import Count, Days, Settings


class ItemInformativeness(Settings):
    """[jobs.item_informativeness]: by which lists and purchases an item's weight is measured."""

    unit: Unit
    relation: str = "together"
    metric: str
    """With unit and relation: which lists are measured."""
    top_k: Count
    """The places of a list that count; as many bestsellers are asked beside them."""
    truth_days: Days
    """The lists are those of so many days before the as-of day; they predict what is bought since.
    """
    look_back_days: Days
    """The days before the lists' day whose purchases are asked for their lists."""
    triggers: Count
    """At most so many items a customer: those bought last."""
    bestseller_days: Days
    """Bestsellers are what most customers bought in so many days before the lists' day."""
    prior_hits: Annotated[float, Field(gt=0)]
    """a of (hits + a) / (expected hits + a): with so many expected hits an item's weight is halfway
    between its own ratio and the usual one."""

    @field_validator("metric")
    @classmethod
    def _is_metric(cls, name: str) -> str:
        return require_metrics([name])[0]


class ColdStartItems(OfProducts):
    """[jobs.cold_start_items]: which items borrow, from how many, and how much."""

    metrics: Annotated[list[str], Field(min_length=1)]
    """The lists of these scores borrow and lend."""
    prior_buyers: Count
    """n_0: an item with so many buyers has as much of its own as is borrowed."""
    enough_buyers: Count
    """From so many buyers on an item borrows nothing, and lends its list to items like it."""
    likes: Count
    """At most so many items are borrowed from: those with the most buyers."""
    top_k: Count
    """Places per list."""

    @field_validator("metrics")
    @classmethod
    def _are_metrics(cls, names: list[str]) -> list[str]:
        names = require_metrics(names)
        for name in names:
            if name in SHRUNKEN:
                raise ValueError(
                    f"{name} takes the prior of all pairs, which borrowed evidence is not of; there"
                    f" are {', '.join(METRICS)}"
                )
        return names

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.enough_buyers < self.prior_buyers:
            raise ValueError("enough_buyers must be at least prior_buyers")
        return self
