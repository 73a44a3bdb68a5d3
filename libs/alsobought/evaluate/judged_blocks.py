"""What a task judges at once: rows, customers and lists of a block, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alsobought.evaluate.formulas import Ints, places_of
from alsobought.evaluate.item_factors import ItemFactors
from alsobought.evaluate.list_rows import CommonLists

Booleans = NDArray[np.bool_]

VARIANTS = ("all", "new")
"""Of which items: as listed and bought, or without what the customer had bought before."""
HISTORY_FROM = (1, 2, 5, 20)
SEGMENTS = (
    ("everyone", "all"),
    *(("history", items) for items in ("0", "1", "2-4", "5-19", "20+")),
    *(("tenure", since) for since in ("new", "old")),
)
"""The segments by their codes; those of the markets follow. History: the distinct items that a
customer had bought before the cut-off. Tenure: whether the first of them was NEW_DAYS before."""


class Rows(NamedTuple):
    """list_rows.ROWS of one cut-off, as arrays; rows of a unit stand together.

    Within a block, `unit` and `item` are places among its judged customers and its items.
    """

    unit: Ints
    model: Ints
    place: Ints
    item: Ints
    market: Ints

    def where(self, chosen: Booleans) -> "Rows":
        """The chosen rows."""
        return Rows(*(column[chosen] for column in self))


@dataclass(frozen=True)
class Judge:
    """What every task knows: what is judged how, and the items' factors."""

    models: int
    ks: tuple[int, ...]
    replicates: int
    seed: int
    factors: ItemFactors
    customers: Ints
    """Markets x cut-offs: the customers who had bought something before."""
    common: Mapping[tuple[int, int], CommonLists]
    cut_offs: tuple[int, ...]
    """In microseconds."""


class Customers(NamedTuple):
    """The judged customers of a block, and what they did with the block's items.

    `before`, `wanted`, `seen` (the flags of customer_facts) are pairs that ascend: customer * items
    + item, each by its place in `units` and `items`.
    """

    units: Ints
    segments: Ints
    """Customers x (everyone, history, tenure, market): codes of SEGMENTS."""
    items: Ints
    before: Ints
    wanted: Ints
    seen: Ints

    @property
    def markets(self) -> Ints:
        """The place of each customer's market."""
        return self.segments[:, 3] - len(SEGMENTS)

    def counts(self, pairs: Ints) -> Ints:
        """How many of the pairs each customer has."""
        return np.bincount(pairs // max(len(self.items), 1), minlength=len(self.units))


class Lists(NamedTuple):
    """Ranked items, in order of list and place; list = customer * models + model."""

    list_of: Ints
    items: Ints
    """Their places among the block's items."""
    is_owned: Booleans
    """Whether the customer had bought the item before."""
    places: Ints
    """From 1, without gaps."""

    def where(self, chosen: Booleans) -> "Lists":
        """The chosen items, which close up."""
        list_of = self.list_of[chosen]
        return Lists(list_of, self.items[chosen], self.is_owned[chosen], places_of(list_of))

    def up_to(self, k: int) -> "Lists":
        """The first k places of all lists."""
        return Lists(*(column[self.places <= k] for column in self))  # type: ignore[arg-type]
