"""What is packed of a window's purchases, and over which parts it is spread."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from alsobought.compiled.array_types import Bools
from alsobought.copurchase.relations import Relation, relations_of
from alsobought.copurchase.settings import Baskets, Unit

ITEMS_PER_RANGE = 1 << 16


@dataclass(frozen=True)
class Scope:
    """What counts beside the plain lines, and what does not.

    groups: the markets of each group that is counted as a market, too; is_excluded: which of
    these item ids are of no products, None: of none.
    """

    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_excluded: Callable[[pa.Array], Bools] | None = None


@dataclass(frozen=True)
class CountedUnit:
    """A unit whose pairs are counted: its cap on distinct items, and the relations.

    Without `count_repeats` an item's lines in a basket count as one. `is_matched`: E is by rates
    that match the baskets' sizes and the items' popularities.
    """

    name: Unit
    max_items: int
    relations: tuple[Relation, ...]
    count_repeats: bool
    is_matched: bool = False

    @property
    def is_timed(self) -> bool:
        """Whether any of its relations asks for times."""
        return any(relation.is_directed for relation in self.relations)


@dataclass(frozen=True)
class Layout:
    """Unit u's share p is part u * parts + p; items are in ranges of ITEMS_PER_RANGE codes.

    `groups` are the markets of each group, whose lines count in the group as well.
    """

    units: tuple[CountedUnit, ...]
    parts: int
    groups: Mapping[str, Sequence[str]]

    @property
    def is_timed(self) -> bool:
        """Whether times are read."""
        return any(unit.is_timed for unit in self.units)

    @property
    def all_parts(self) -> int:
        """The parts of all units."""
        return len(self.units) * self.parts

    def unit_of(self, part: int) -> int:
        """The position of the part's unit."""
        return part // self.parts


def layout_of(baskets: Baskets, parts: int, groups: Mapping[str, Sequence[str]]) -> Layout:
    """The layout for the configured units with `parts` parts each, and for groups of markets."""
    units = tuple(
        CountedUnit(
            unit,
            baskets.max_items[unit],
            relations_of(unit, baskets),
            baskets.count_repeats,
            baskets.expectation == "matched",
        )
        for unit in baskets.units
    )
    return Layout(units, parts, groups)


def ranges_of(items: int) -> int:
    """The number of ranges that the items are cut into."""
    return max(1, -(-items // ITEMS_PER_RANGE))
