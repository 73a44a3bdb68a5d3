"""What is learnt from offers, and with how much history: the section [redemption]."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from alsobought.settings import Count, Days, Section, Seed

Method = Literal[
    "none",
    "drop_newest",
    "fsiw",
    "fnw",
    "fnc",
    "es_dfm",
    "defer",
    "defuse",
    "snapshot_with_engagement",
]


@dataclass(frozen=True)
class Terms:
    """The windows in days, the floor of denominators, the kind of model, and the seed.

    observation_days (w_o) is how long streaming methods wait before they emit an offer;
    attribution_days (w_a) is the age from which labels are final; model is "logistic" or
    "gradient_boosting". The version of a day's models is a hash that includes these terms.
    """

    observation_days: float
    attribution_days: float
    floor: float
    model: str
    seed: int


class Redemption(Section):
    """[redemption]: when a label is final, which weights are made, and by which models."""

    section = "redemption"

    attribution_days: Days
    """Days from issue within which an event counts; at that age a label is final."""
    observation_days: Days
    """Days that a streaming method waits before it first emits an offer."""
    methods: Annotated[list[Method], Field(min_length=1)]
    """The methods whose weights are made, each named once."""
    model: Literal["logistic", "gradient_boosting"]
    """The auxiliary models, and those that are trained with the weights."""
    replays: Count
    """Random ages at which each matured offer is replayed."""
    training_rows: Count
    """About the most replayed rows that train the models; a hash-sample of the offers."""
    min_matured: Count
    """With fewer matured offers nothing is trained."""
    floor: Annotated[float, Field(gt=0, lt=1)]
    """Probabilities in a weight's denominator are clipped here."""
    seed: Seed
    """Chooses the replayed ages and the samples."""

    @field_validator("methods")
    @classmethod
    def _unique(cls, names: list[Method]) -> list[Method]:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} must be named once")
        return names

    @model_validator(mode="after")
    def _observed_within_attribution(self) -> Self:
        if self.observation_days >= self.attribution_days:
            raise ValueError("observation_days must stay below attribution_days")
        return self

    @property
    def terms(self) -> Terms:
        """What the models and weights of these settings agree on."""
        return Terms(
            observation_days=self.observation_days,
            attribution_days=self.attribution_days,
            floor=self.floor,
            model=self.model,
            seed=self.seed,
        )
