"""The sections [jobs.bestsellers], [jobs.repeat_purchases], [jobs.buy_again] and
[jobs.factor_recommendations]."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from alsobought.copurchase.settings import Lists, Products
from alsobought.settings import Count, Days, Seed, Share

BuyAgainModel = Literal["repeat_probability", "atd", "pg", "mpg", "most_bought"]
Positive = Annotated[float, Field(gt=0)]


class Bestsellers(Products):
    """[jobs.bestsellers]: of which days, and how many."""

    lists: Lists
    days: Days
    """Days before the as-of day whose purchases count."""
    top_k: Count
    """Items per market; some hundreds, so that enough stay when a customer's own are left out."""


class RepeatPurchases(Products):
    """[jobs.repeat_purchases]: from which days, and how firmly items with few buyers are held to
    what is usual in their market."""

    look_back_days: Days
    """Days before the as-of day whose purchases count."""
    shrinkage: Annotated[float, Field(ge=0)]
    """Every item is estimated as if so many more customers, who do as the market's do, had bought
    it; 0: by its own customers alone."""


class BuyAgain(Products):
    """[jobs.buy_again]: which models, of which purchases, for which items."""

    lists: Lists
    models: Annotated[list[BuyAgainModel], Field(min_length=1)]
    """Each makes a list of its own."""
    look_back_days: Days
    """Days before the as-of day whose purchases count."""
    half_life_days: Positive | None = None
    """pg: a purchase that is so many days older says half as much of how often the customer buys
    now; without it all say alike."""
    min_repeat_probability: Share
    """An item that is bought again by fewer of its buyers is in no list but that of most_bought."""
    top_k: Count
    """Places per list."""

    @field_validator("models")
    @classmethod
    def _once(cls, models: list[BuyAgainModel]) -> list[BuyAgainModel]:
        return list(dict.fromkeys(models))


class FactorRecommendations(Products):
    """[jobs.factor_recommendations]: the factorisation, and how many items it recommends."""

    lists: Lists
    look_back_days: Days
    """Days before the as-of day whose purchases are factorised."""
    rank: Count
    """Factors of a customer, and of an item."""
    iterations: Annotated[int, Field(ge=1, le=50)]
    """Times that both are solved for. Spark's plan of more would grow too deep for its stack."""
    regularisation: Positive
    """Of the factors' squares; Spark multiplies it by the purchases of the customer or the item."""
    alpha: Positive
    """A customer's item is believed to be liked 1 + alpha * (days it was bought on) as firmly as an
    item that was not bought is believed not to be."""
    seed: Seed
    """Chooses the factors that the first iteration starts from."""
    top_k: Count
    """Places per list."""
