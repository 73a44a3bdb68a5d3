"""What is counted and what is kept: the settings that several jobs must share."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from alsobought.copurchase.scores import NAMES
from alsobought.products import OfProducts
from alsobought.settings import Count, Days, Section, Settings

Unit = Literal["order", "customer"]
Kind = Literal["complement", "substitute", "variant"]


def require_metrics(names: Sequence[str]) -> list[str]:
    """Each name once; raises ValueError for those that no score is called."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise ValueError(f"no metric {', '.join(unknown)}; there are {', '.join(NAMES)}")
    return list(dict.fromkeys(names))


class After(Settings):
    """[baskets.after]: what a customer buys after an item, for the first time and in time."""

    within_days: Days
    """Y's first purchase counts up to this many days after X's first purchase."""
    lag_days: list[Days] = Field(default=[])
    """Days that cut the horizon into lag buckets, ascending; each makes lists of its own."""

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        edges = [0, *self.lag_days, self.within_days]
        if any(a >= b for a, b in pairwise(edges)):
            raise ValueError("lag_days must ascend and stay below within_days")
        return self


class Baskets(Section):
    """[baskets]: which purchases count as being together."""

    section = "baskets"

    units: Annotated[list[Unit], Field(min_length=1)]
    """order: bought in one order. customer: bought by one customer, whenever."""
    look_back_days: Days
    """How many days before the as-of day count."""
    max_items: dict[Unit, Count]
    """Per unit: a unit with more distinct items is sampled down to this number."""

    count_repeats: bool
    """true: |c| and P count every purchase line, right where purchases are independent. false: an
    item counts once per unit there too, better where people buy the same again and again."""
    expectation: Literal["share", "matched"] = "share"
    """share: each of |c| purchases is Y by Y's share of all. matched: by rates under which chance
    gives every unit its number of distinct items, and every item its number of units."""
    after: After | None = None
    """Where given, the customer unit also counts the relation `after`."""

    @model_validator(mode="after")
    def _a_cap_for_every_unit(self) -> Self:
        missing = [unit for unit in self.units if unit not in self.max_items]
        if missing:
            raise ValueError(f"max_items has no value for {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _matched_counts_distinct_items(self) -> Self:
        if self.expectation == "matched" and self.count_repeats:
            raise ValueError(
                'expectation = "matched" is of distinct items, so it needs count_repeats = false; '
                "with repeats the share of all lines matches both sides already"
            )
        return self


class Lists(Section):
    """[lists]: which scores rank, and how often a pair must be seen."""

    section = "lists"

    metrics: Annotated[list[str], Field(min_length=1)]
    """Names of alsobought.copurchase.scores; each makes a list of its own."""
    min_support: Count
    """A pair in fewer units than this is noise and is dropped."""
    unknown_items: Literal["leave_out", "keep"] = "leave_out"
    """Whether lists may show items that were bought and are not in the catalogue."""
    min_customers: Count | None = None
    """By order, a pair that fewer customers had in one order is left out of lists."""
    kinds: list[Kind] = Field(default=[])
    """Kinds of `related_kinds` that get lists of their own, beside those of all pairs."""
    max_per_title: Count | None = None
    """Most items of one list with the same title."""
    max_per_brand: Count | None = None
    """Most items of one list with the same brand."""
    max_per_category: Count | None = None
    """Most items of one list with the same category, down to the narrowest."""

    @field_validator("metrics")
    @classmethod
    def _are_metrics(cls, names: list[str]) -> list[str]:
        return require_metrics(names)

    @field_validator("kinds")
    @classmethod
    def _are_distinct(cls, kinds: list[Kind]) -> list[Kind]:
        return list(dict.fromkeys(kinds))

    @property
    def limits(self) -> dict[str, int]:
        """The most items of a list that share a column of the catalogue, by its name."""
        limits = {name: getattr(self, f"max_per_{name}") for name in ("title", "brand", "category")}
        return {name: most for name, most in limits.items() if most is not None}


class Markets(Section):
    """[markets]: which market is looked at by default, and which are counted together as well."""

    section = "markets"

    default: str | None = None
    """What `show` and `why` are about without --market."""
    groups: dict[str, Annotated[list[str], Field(min_length=1)]] = Field(default={})
    """Markets that are also counted as one, under a name of its own."""

    @field_validator("groups")
    @classmethod
    def _are_of_markets(cls, groups: dict[str, list[str]]) -> dict[str, list[str]]:
        for group, markets in groups.items():
            nested = [market for market in markets if market in groups]
            if nested:
                raise ValueError(f"{group} names the group {nested[0]}: name its markets")
            twice = [market for market in markets if markets.count(market) > 1]
            if twice:
                raise ValueError(f"{group} names the market {twice[0]} twice")
        return groups


class InMarkets(Settings):
    """What every job shares whose rows are of markets, some of which are counted as one."""

    markets: Markets | None = None

    @property
    def groups(self) -> dict[str, list[str]]:
        """The markets of each group."""
        return {} if self.markets is None else self.markets.groups


class Products(OfProducts, InMarkets):
    """What every job shares that looks at purchases: of what, and in which markets."""


class Counted(Products):
    """What every job shares that counts purchases together: which, beside those of what."""

    baskets: Baskets


class CoPurchases(Counted):
    """[jobs.co_purchases]: how many candidates are kept, and what a counting task may take."""

    lists: Lists
    candidates: Count
    """Kept per item and metric; more than top_k, so that delisted items leave no gap."""
    task_memory_mb: Count
    """What the arrays of one counting task may take."""
