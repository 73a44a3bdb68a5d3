"""Which lists are judged, and by what was bought after them: the section [jobs.evaluations]."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from alsobought.days import days_before
from alsobought.settings import Count, Days, Seed, Settings
from alsobought.tables import recommend
from alsobought.tables.related import RELATED_ITEMS

PLACES = Annotated[int, Field(ge=1, le=250)]
JUDGED = (
    recommend.BESTSELLERS,
    recommend.BUY_AGAIN,
    recommend.FACTOR_RECOMMENDATIONS,
    recommend.RECOMMENDATIONS,
    RELATED_ITEMS,
)
"""The project's tables of lists."""


class Evaluations(Settings):
    """Cut-offs, what is bought after them, and how sure the figures are."""

    truth_days: Days
    """Days from a cut-off on whose purchases the lists must foretell."""
    cut_offs: Count
    """Cut-offs; the newest lies truth_days before the as-of day."""
    every_days: Days
    """Days from one cut-off to the next."""
    ks: Annotated[list[PLACES], Field(min_length=1)] = Field(default=[6, 10, 20])
    """Places of a list that count."""
    replicates: Count = 200
    """Bootstrap samples of the customers, from which intervals come."""
    seed: Seed
    """Chooses these samples."""
    compared_with: list[str] = Field(default=["bestsellers"])
    """Models from which every other model's differences are told."""
    others: list[Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")]] = Field(default=[])
    """Other programs' tables of lists, which lie beside the project's: small letters, digits, _."""

    @field_validator("ks")
    @classmethod
    def _ascend(cls, ks: list[int]) -> list[int]:
        if ks != sorted(set(ks)):
            raise ValueError("must ascend")
        return ks

    @model_validator(mode="after")
    def _others_are_others(self) -> Self:
        ours = [table.name for table in JUDGED if table.name in self.others]
        if ours:
            raise ValueError(f"others names {ours[0]}, which is judged without being named")
        return self

    def cut_off_days(self, as_of: date) -> list[date]:
        """The cut-offs of a run, which all lie truth_days or more before `as_of`; they ascend."""
        newest = days_before(as_of, self.truth_days)
        return [days_before(newest, n * self.every_days) for n in reversed(range(self.cut_offs))]
