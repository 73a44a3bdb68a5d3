"""The base model of every setting, and the kinds of value that settings share."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]
"""A number of things, at least one."""
Days = Annotated[int, Field(ge=1)]
"""A number of whole days, at least one."""
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
