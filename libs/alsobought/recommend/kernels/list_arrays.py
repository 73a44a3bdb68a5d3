"""The arrays by which lists are merged in compiled loops, each under its name.

Items are int32 codes; an item has one in each market, and codes ascend by market, then by item_id
as text. Times are seconds from the window's first day.
"""

from typing import NamedTuple

from alsobought.compiled.array_types import Bools, Float32s, Floats, Int32s, Int64s

SUM, MAXIMUM, CALIBRATED = range(3)
"""Numbers of the ways to merge, in the order of settings.Merge."""
RELATED, BUY_AGAIN, BESTSELLER = range(3)
"""Where an item of a list is from."""
NO_GROUP, FIRST = -1, -2
"""In the place of the number of a group of triggers."""
NO_STAMP = -1
"""A stamp that no item has."""


class CustomerLines(NamedTuple):
    """Purchase lines: the hash of the customer, the code of the item or -1, the time, and how many
    lines of the source it stands for. `counts` are empty where each is one."""

    customers: Int64s
    codes: Int32s
    times: Int32s
    counts: Int32s


class GroupedLines(NamedTuple):
    """Purchase lines; customer u has the lines order[starts[u]:starts[u + 1]].

    The arrays are those of CustomerLines.
    """

    order: Int64s
    starts: Int64s
    codes: Int32s
    times: Int32s
    counts: Int32s


class Histories(NamedTuple):
    """The distinct items of each customer, newest first: u has starts[u] to starts[u + 1].

    `times` are of the item's newest line, `firsts` of the oldest, `lines` is their number.
    """

    starts: Int64s
    codes: Int32s
    times: Int32s
    firsts: Int32s
    lines: Int32s


class FirstItems(NamedTuple):
    """The items that customer u's lists begin with: codes[starts[u]:starts[u + 1]]."""

    starts: Int64s
    codes: Int32s


class Shoppers(NamedTuple):
    """Customers: the number of each one's market, -1 for none, and what each has bought."""

    markets: Int32s
    histories: Histories
    first_items: FirstItems


class RelatedLists(NamedTuple):
    """Item X lists related[starts[X]:starts[X + 1]], in no order, with what each adds to Y.

    Values are rounded to 24 bits; what they are multiplied by and added to has 53.
    """

    starts: Int64s
    related: Int32s
    values: Float32s


class ItemFacts(NamedTuple):
    """What is known of each item.

    log_misses: ln(1 - P), 0 where nobody bought it; trials: what the log of the trial rate adds to
    a calibrated score of those who lack it; bounds: the most that this and the chance of one
    purchase are; weights: of the item as a trigger; categories: those that are limited, -1 for
    none; tastes[i, t]: of taste t the group of item i, -1 for none.
    """

    is_listable: Bools
    is_repeated: Bools
    log_misses: Floats
    trials: Floats
    bounds: Floats
    weights: Floats
    categories: Int32s
    tastes: Int32s


class MarketFacts(NamedTuple):
    """Items of each market in their order: the bestsellers, and those most bought.

    Market m has bestsellers[bestseller_starts[m]:bestseller_starts[m + 1]], and so on.
    taste_shares: of each group of a taste, its part of its market's purchases; taste_weights: of
    each taste.
    """

    bestseller_starts: Int64s
    bestsellers: Int32s
    popular_starts: Int64s
    popular: Int32s
    taste_shares: Floats
    taste_weights: Floats


class ListRules(NamedTuple):
    """The settings of one model; `per_category` and `interests` are 0 where they are off.

    `window_seconds` are those from the window's first day to the as-of day; `counts_lines` says
    whether |c| are lines or distinct items.
    """

    model: int
    triggers: int
    top_k: int
    reasons: int
    per_category: int
    interests: int
    counts_lines: bool
    window_seconds: int
    half_life_days: float
    similarity: float
    lift_weight: float
    chance_weight: float


class Shop(NamedTuple):
    """All that does not depend on the customer."""

    lists: RelatedLists
    items: ItemFacts
    markets: MarketFacts
    rules: ListRules


class Shopper(NamedTuple):
    """A customer: the market, |c| (1 at least), the distinct items and their mark, and the most
    that the tastes add to the log of a score."""

    market: int
    purchases: float
    owned: Int32s
    mark: int
    most_taste: float


class Triggers(NamedTuple):
    """Items that a customer has bought, newest first, and what each weighs."""

    codes: Int32s
    weights: Floats


class Scratch(NamedTuple):
    """Room to work in, of which nothing need be cleared between customers.

    A stamp or mark that is not the current one means: not met. `stamp` holds the last one given.
    stamps, scores and met are of the items that lists name; places of the items that are shown.
    """

    stamp: Int64s
    stamps: Int64s
    scores: Floats
    met: Int32s
    owned: Int64s
    shown: Int64s
    places: Int32s
    taste_marks: Int64s
    taste_items: Floats


class Chosen(NamedTuple):
    """The best items so far, best first; size[0] of them, and there is room for top_k.

    `groups` are those of the triggers that an item is chosen by; NO_GROUP: it is a bestseller,
    FIRST: one of the customer's FirstItems.
    """

    size: Int64s
    codes: Int32s
    scores: Floats
    groups: Int32s


class ListedRows(NamedTuple):
    """Room for lists. Row i has the reasons reason_starts[i] to reason_starts[i + 1]."""

    customers: Int32s
    ranks: Int32s
    codes: Int32s
    scores: Floats
    sources: Int32s
    reason_starts: Int32s
    reason_codes: Int32s
    reason_shares: Floats
