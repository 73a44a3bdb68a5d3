"""What customers are shown: the models of this room's sections."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from alsobought.copurchase.settings import Baskets, InMarkets, Lists, Unit
from alsobought.recommend.baselines.settings import BuyAgainModel
from alsobought.settings import Count, Days, Settings, Share

Merge = Literal["sum", "maximum", "calibrated"]


class Source(Settings):
    """One of `sources`: lists of related_items that are merged."""

    unit: Unit
    relation: str
    metric: str
    weight: Annotated[float, Field(gt=0)] = 1.0
    """By which the scores of these lists are multiplied."""


class MaxPerCategory(Settings):
    """[jobs.recommendations.max_per_category]: how many places a category may take in a list."""

    level: Count
    """Of the catalogue's category path: 1 is the widest. An item with a shorter path, or none, is
    not counted."""
    places: Count


class Interests(Settings):
    """[jobs.recommendations.interests]: a customer's purchases in groups, recommended for each."""

    most: Count
    """Groups of a customer; the lightest joins the one that it is most similar to."""
    similarity: Share
    """Groups become one while the mean Jaccard similarity of their items' lists reaches this."""


class Trials(Settings):
    """One of `trials`: customers who buy an item for the first time."""

    days: Days
    """Days before the as-of day in which a first purchase is a trial."""
    weight: Annotated[float, Field(gt=0, lt=1)]
    """Of the log of the trial rate."""


class Taste(Settings):
    """One of `tastes`: a customer's preference for items that have something in common."""

    by: Annotated[list[str], Field(min_length=1)]
    """brand, category, or names of attributes of the catalogue; of several: all of them."""
    level: Count | None = None
    """Of the category path, down to which it counts: 1 is the widest."""
    weight: Annotated[float, Field(gt=0)]
    """The exponent of the preference."""

    @model_validator(mode="after")
    def _has_level(self) -> Self:
        if ("category" in self.by) != (self.level is not None):
            raise ValueError("level goes with category, and with nothing else")
        return self


class BuyAgainPlaces(Settings):
    """[jobs.recommendations.buy_again]: the first places are what customers will buy again."""

    model: BuyAgainModel
    """Whose lists of buy_again."""
    places: Count
    """How many places; those of a shorter list are the others'."""


class Recommendations(InMarkets):
    """[jobs.recommendations]: how the related items of past purchases are merged into lists."""

    baskets: Baskets
    lists: Lists
    models: Annotated[list[Merge], Field(min_length=1)]
    """Ways to merge; each makes a list of its own."""
    sources: Annotated[list[Source], Field(min_length=1)]
    """Which lists of related_items are merged."""
    triggers: Count
    """A customer's newest distinct items whose related items count."""
    look_back_days: Days
    """Days before the as-of day whose purchases count, and whose items are owned."""
    half_life_days: Annotated[float, Field(gt=0)]
    """A purchase this much older weighs half as much."""
    shrinkage: Annotated[float, Field(ge=0)]
    """a of the lift (N + a) / (E + a) of `calibrated`: more draws the lifts of rare pairs to 1."""
    lift_weight: Annotated[float, Field(gt=0)] = 1.0
    """What the mean log lift counts in `calibrated`, beside the log of the chance."""
    trials: list[Trials] = Field(default=[])
    """Whose log rates count in `calibrated`; the log of the customer's chance has the rest of 1."""
    top_k: Count
    """Places per list."""
    reasons: Annotated[int, Field(ge=0)] = 3
    """The most purchases that a place names as its cause."""
    buy_again: BuyAgainPlaces | None = None
    max_per_category: MaxPerCategory | None = None
    repeat_probability_min: Share | None = None
    """An item that the customer has bought stays in where its repeat_probability reaches this;
    None: it never does."""
    interests: Interests | None = None
    tastes: list[Taste] = Field(default=[])
    """By which scores are multiplied."""
    lists_memory_mb: Count = 4096
    """What the merged lists of all items may take, on the driver and in each Python worker."""

    @field_validator("buy_again")
    @classmethod
    def _has_room(
        cls, buy_again: BuyAgainPlaces | None, others: ValidationInfo
    ) -> BuyAgainPlaces | None:
        top_k = others.data.get("top_k")  # none where that is a fault itself
        if buy_again is not None and top_k is not None and buy_again.places > top_k:
            raise ValueError(f"places is {buy_again.places}, more than the {top_k} of top_k")
        return buy_again

    @field_validator("models")
    @classmethod
    def _once(cls, models: list[Merge]) -> list[Merge]:
        return list(dict.fromkeys(models))

    @field_validator("trials")
    @classmethod
    def _leave_a_rest(cls, trials: list[Trials]) -> list[Trials]:
        if sum(trial.weight for trial in trials) >= 1:
            raise ValueError("the weights of trials leave nothing for the customer's chance")
        return trials

    @field_validator("sources")
    @classmethod
    def _are_distinct(cls, sources: list[Source]) -> list[Source]:
        names = [(source.unit, source.relation, source.metric) for source in sources]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"sources names {', '.join(twice[0])} twice")
        return sources
