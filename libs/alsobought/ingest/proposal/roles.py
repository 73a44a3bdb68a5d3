"""Which column is the order, the customer, the item: by its name, and by what its values do."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import permutations

import pyarrow as pa
import pyarrow.compute as pc

from alsobought.ingest.proposal.values import ColumnFacts, determines, distinct_pairs

Columns = Mapping[str, ColumnFacts]
"""The columns of files, by name."""
Roles = dict[str, str]
"""The source's column of each canonical column."""

WORDS = {
    "customer_id": "customer client user visitor household buyer member shopper cust kunde kunden",
    "order_id": "order invoice basket transaction trans receipt cart ticket bestellung bestell "
    "rechnung auftrag beleg bon",
    "item_id": "item product prod sku stockcode article artikel asin ean upc gtin isbn plu",
    "purchased_at": "date time timestamp datum zeit created ordered purchased sold when at",
    "quantity": "quantity qty quant menge anzahl pieces units stueck stück amount",
    "price": "price preis value sales revenue paid prix betrag umsatz amount total",
    "market": "market marketplace country land",
    "line": "line lineno linenumber position pos row zeile nth",
    "title": "name title description descr label bezeichnung titel",
    "brand": "brand manufacturer vendor marke hersteller",
    "category": "category department kategorie warengruppe class group type aisle commodity",
    "is_available": "available active stock enabled sellable lieferbar verfügbar aktiv",
    "first_seen_at": "launched listed launch added since introduced",
    "": "status mail email address discount tax comment note currency hour dow weekday city",
}
"""What columns are called, by what they are; "": by what none of ours is."""
IDS = ("order_id", "customer_id", "item_id")
WITHIN = 5  # letters of a word that counts also within another, as in mycustomerid
MANY_MARKETS = 250
MANY_CATEGORIES = 0.2  # of the items
ALMOST = 0.98


@cache
def named(name: str) -> dict[str, tuple[int, int]]:
    """How well a column's name fits each role that it fits, more is better.

    First 2 where it ends in a word of the role, else 1: the last word says what a thing is (an
    order_date is a date). Then the word's place among the role's, as a negative number.
    """
    spaced = re.sub(r"(?<=[a-zäöüß])(?=[A-Z])", " ", name)
    tokens = [token.lower() for token in re.findall(r"[^\W\d_]+", spaced)]
    places = {}
    for role, words in WORDS.items():
        ends = [(_end(tokens, word), -i) for i, word in enumerate(words.split())]
        if max(ends)[0] > 0:
            places[role] = max(ends)
    last = max((end for end, _ in places.values()), default=0)
    return {role: (2 if end == last else 1, place) for role, (end, place) in places.items()}


def _end(tokens: list[str], word: str) -> int:
    """Where a word last ends in a name, in letters, not counting the signs between; 0: nowhere."""
    squeezed = "".join(tokens)
    if len(word) >= WITHIN and word in squeezed:
        return squeezed.rfind(word) + len(word)
    if len(word) == WITHIN - 1 and squeezed.startswith(word):
        return len(word)  # itemid
    ends = [len("".join(tokens[: i + 1])) for i, token in enumerate(tokens) if token == word]
    return max(ends, default=0)


def purchase_roles(columns: Columns) -> Roles:
    """The column of each role of purchases that has one."""
    roles: Roles = {}
    free = _Free(columns, roles)
    free.take("purchased_at", _has_dates)
    for least in (2, 1):
        for role in IDS:
            free.take(role, _may_be_id, least)
    roles |= _by_values(columns, roles)
    free.take("quantity", lambda column: bool(column.decimal) and column.is_whole)
    free.take("price", lambda column: bool(column.decimal))
    free.take("quantity", lambda column: bool(column.decimal))
    free.take("market", lambda column: not column.decimal and column.distinct <= MANY_MARKETS)
    free.take("line", lambda column: "order_id" in roles and _tells_apart(column, columns, roles))
    return roles


def item_roles(columns: Columns, items: pa.Array) -> dict[str, str | list[str]]:
    """The column of each role of the catalogue that has one, by the ids of the items bought.

    Nothing where no column has a row for each of many of these ids.
    """
    overlaps = {name: overlap(column, items) for name, column in columns.items()}
    ids = [name for name, column in columns.items() if column.distinct >= ALMOST * column.rows]
    best = max(ids, key=lambda name: overlaps[name], default=None)
    if best is None or overlaps[best] == 0:
        return {}
    roles: Roles = {"item_id": best}
    free = _Free(columns, roles)
    free.take("title", lambda column: not column.decimal)
    free.take("brand", lambda column: not column.decimal)
    free.take("is_available", lambda column: column.is_boolean)
    free.take("first_seen_at", _has_dates)
    few = [
        c for c in free.columns() if 1 < c.distinct <= MANY_CATEGORIES * c.rows and not c.decimal
    ]
    categories = [c for c in few if "category" in named(c.name)]
    categories.sort(key=lambda column: column.distinct)
    if "title" not in roles and categories:
        roles["title"] = categories[-1].name  # items are looked for by words of their titles
    lists = {
        "category": [column.name for column in categories],
        "attributes": [c.name for c in few if not named(c.name) and not c.is_nested],
    }
    return {**roles, **{role: names for role, names in lists.items() if names}}


def overlap(column: ColumnFacts, items: pa.Array) -> float:
    """The share of ids that a column has."""
    return float(pc.mean(pc.is_in(items, ids_of(column)).cast(pa.float64())).as_py() or 0)


def ids_of(column: ColumnFacts) -> pa.Array:
    """The distinct values as ids are read: trimmed, whole numbers without '.0'."""
    trimmed = pc.utf8_trim_whitespace(column.values)
    return pc.unique(pc.replace_substring_regex(trimmed, r"^(-?(?:0|[1-9]\d*))\.0$", r"\1"))


class _Free:
    """The columns that have no role yet; one that gets a role is put into `roles`."""

    def __init__(self, columns: Columns, roles: Roles) -> None:
        self._columns, self._roles = columns, roles

    def columns(self) -> list[ColumnFacts]:
        """Those with values that could be mapped."""
        taken = set(self._roles.values())
        every = [column for name, column in self._columns.items() if name not in taken]
        return [column for column in every if column.given and not column.is_nested]

    def take(self, role: str, may: Callable[[ColumnFacts], bool], least: int = 1) -> None:
        """Give the role, if nothing has it, to the column whose name fits it best of those that
        `may` have it; among equal names an id has the most values."""
        fits = {column.name: named(column.name) for column in self.columns()}
        candidates = [
            (fit[0], column.distinct if role in IDS else fit[1], column.name)
            for column in self.columns()
            if (fit := fits[column.name].get(role, (0, 0)))[0] >= least
            and fits[column.name].get("", (0, 0))[0] < 2
            and may(column)
        ]
        if candidates and role not in self._roles:
            self._roles[role] = max(candidates)[-1]


def _has_dates(column: ColumnFacts) -> bool:
    return column.times is not None


def _may_be_id(column: ColumnFacts) -> bool:
    """Whether values may be ids: not times, and no amounts of money."""
    is_time = column.times is not None and not column.decimal
    return not is_time and column.distinct > 1 and (not column.decimal or column.is_whole)


def _by_values(columns: Columns, roles: Roles) -> Roles:
    """The ids that no name tells: every order is of one time and, if it has any, one customer; an
    item is in an order once."""
    taken = set(roles.values())
    missing = [role for role in IDS if role not in roles]
    if not missing:
        return {}
    free = [
        column
        for column in columns.values()
        if column.name not in taken and not named(column.name) and _may_be_id(column)
        and column.distinct < ALMOST * column.rows
    ]  # fmt: skip
    for chosen in permutations(free, len(missing)):
        ids = {role: columns[name] for role, name in roles.items() if role in IDS}
        ids |= dict(zip(missing, chosen, strict=True))
        if _fit_together(ids, columns.get(roles.get("purchased_at", ""))):
            return {role: ids[role].name for role in missing}
    return {}


def _fit_together(ids: Mapping[str, ColumnFacts], time: ColumnFacts | None) -> bool:
    order, customer, item = (ids[role] for role in IDS)
    of_order = [customer] if time is None else [customer, time]
    return (
        all(determines(order, other) >= ALMOST for other in of_order)
        and customer.distinct <= order.distinct
        and determines(customer, order) < ALMOST
        and distinct_pairs(order, item) >= ALMOST * min(order.given, item.given)
        and determines(item, order) < ALMOST
    )


def _tells_apart(column: ColumnFacts, columns: Columns, roles: Roles) -> bool:
    """Whether no two lines of an order have the same value."""
    within = [columns[roles[role]] for role in ("market", "order_id") if role in roles]
    return distinct_pairs(*within, column) >= column.rows
