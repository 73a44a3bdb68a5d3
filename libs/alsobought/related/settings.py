"""What tells complements, substitutes and variants apart: the section of related_kinds."""

from typing import Annotated

from pydantic import Field

from alsobought.copurchase.settings import Counted, Lists
from alsobought.settings import Share


class RelatedKinds(Counted):
    """[jobs.related_kinds]: from which evidence on a pair is of a kind."""

    lists: Lists
    margin: Annotated[float, Field(ge=1)] = 1.25
    """Complements are in one order more than this many times as often as by chance; items of other
    categories are substitutes where that is below one over this, and their customers above it."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """How sure each bound on that ratio must be: pairs with little evidence are unsure."""
    likeness: Share = 0.5
    """Variants of one product have at least this share of their titles' words in common."""
    maker: list[str] = Field(default=["brand"], min_length=1)
    """What variants have in common: the brand, or attributes of the catalogue."""
    max_price_ratio: Annotated[float, Field(gt=1)] = 3.0
    """Substitutes cost at most so many times as much as each other."""
