"""The base model of every setting, and the kinds of value that settings share."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MOST_DAYS = 24_855  # their seconds still fit 32 bits, in which the engine keeps times


def _few_enough(days: int) -> int:
    if days > MOST_DAYS:
        raise ValueError(f"must be at most {MOST_DAYS:,} days, which are 68 years")
    return days


Count = Annotated[int, Field(ge=1)]
"""A number of things, at least one."""
Days = Annotated[int, Field(ge=1), AfterValidator(_few_enough)]
"""A number of whole days, from one to MOST_DAYS."""
Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, from 0 to 1."""
Seed = int
"""Chooses one of many equally good samples; the same seed gives the same one."""


class Settings(BaseModel):
    """A group of settings: immutable, an unknown key is an error, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Section(Settings):
    """Settings that several jobs share: the section `section` of the environment's TOML.

    A job asks for a section by a field of its Params that has the section's name and type.
    """

    section: ClassVar[str]
