"""What shops' files hold beside sales: returns, postage and fees, events that are no purchases."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.ingest.proposal.roles import Columns, Roles
from alsobought.ingest.proposal.times import as_numpy
from alsobought.ingest.proposal.values import ColumnFacts

NUMBERED = r"^\s*\d+(?:\.0)?\s*$"
LETTERED = r"^\s*(?P<prefix>[A-Za-z]{1,4}[-_ ]?)\d+\s*$"
NEGATIVE = r"^\s*[^\d\s]*-"
MOSTLY = 0.9
FEW_TYPES = 20
RETURNS = {"return", "returned", "returns", "refund", "refunded", "retoure", "rückgabe"}
MAY_BE_RETURNS = {
    "cancel", "cancelled", "canceled", "cancellation", "credit", "credit note", "storno",
    "gutschrift",
}  # fmt: skip
"""What is said of returns, and also of purchases that never were."""
NO_PURCHASES = {
    "view", "click", "search", "impression", "pageview", "page_view", "cart", "addtocart",
    "add_to_cart", "wishlist",
}  # fmt: skip
CHARGES = (
    r"(?i)\b(?:postage|shipping|delivery|carriage|freight|bank charges|gift ?(?:card|voucher)|"
    r"voucher|discount|manual|adjust\w*|fees?|commission|samples?|deposit|donation|porto|"
    r"versand\w*|gutschein|rabatt|gebühr|pfand|frais de port|livraison)\b"
)
FEW_WORDS = 5
FEW_IDS = 0.1  # of the items may be unlike the others, else they are not
NAMED = 20


@dataclass(frozen=True)
class Returns:
    """How returns are marked, in the words of [sources.purchases.returns], and why it looks so."""

    setting: Mapping[str, object]
    why: str


@dataclass(frozen=True)
class NoProduct:
    """An id among the items that is likely to be a charge."""

    item_id: str
    title: str
    rows: int

    def __str__(self) -> str:
        """Its id, its title if it has one, and how often it is bought."""
        return f"{self.item_id} {self.title} ({self.rows:,} rows)".replace("  ", " ")


def returns_of(columns: Columns, roles: Roles) -> Returns | None:
    """How the file marks returns; None: it has none that can be seen."""
    negative = _negative_rows(columns, roles)
    by_prefix = _by_prefix(columns[roles["order_id"]], negative) if "order_id" in roles else None
    if by_prefix:
        return by_prefix
    for name, values, _ in _types(columns, roles, negative):
        if values:
            rows = int(_rows_of(columns[name], values).sum())
            setting = {"type_column": name, "type_values": values}
            return Returns(setting, f"{rows:,} rows; {_negative(negative)}")
    if negative.any():
        return Returns({"negative_quantity": True}, _negative(negative))
    return None


def unsure_returns_of(columns: Columns, roles: Roles) -> tuple[str, list[str]] | None:
    """The column, and its values, that may mark returns or purchases that never were."""
    every = _types(columns, roles, _negative_rows(columns, roles))
    return next(((name, unsure) for name, _, unsure in every if unsure), None)


def _types(
    columns: Columns, roles: Roles, negative: np.ndarray
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Columns that may say what a row is: their values of returns, and those that may be such.

    A value is one of returns where its word is, or where its rows have negative quantities.
    """
    for name in sorted(columns.keys() - set(roles.values())):
        column, sure, unsure = columns[name], set[str](), set[str]()
        for value in column.values.to_pylist() if column.distinct <= FEW_TYPES else ():
            text = value.strip()
            if text.lower() in RETURNS | MAY_BE_RETURNS:
                rows = _rows_of(column, [text])
                is_negative = (rows & negative).sum() >= MOSTLY * rows.sum()
                (sure if text.lower() in RETURNS or is_negative else unsure).add(text)
        yield name, sorted(sure), sorted(unsure)


def _by_prefix(orders: ColumnFacts, negative: np.ndarray) -> Returns | None:
    """Letters before order numbers, where most have none and the quantities are negative."""
    if orders.rows_like(NUMBERED) < 0.5 * orders.given:
        return None
    prefixes = pc.extract_regex(orders.values, LETTERED)
    for prefix in pc.unique(prefixes.drop_null().field("prefix")).to_pylist():
        marked = _rows_like(orders, rf"^\s*{re.escape(prefix)}")  # as the job takes it
        both = (marked & negative).sum()
        if both >= MOSTLY * marked.sum() > 0:
            rest = int(negative.sum() - both)
            why = f"{marked.sum():,} rows, of which {both:,} have a negative quantity"
            others = f"; {rest:,} other negative rows will be rejected" if rest else ""
            return Returns({"order_prefix": prefix}, why + others)
    return None


def _negative(negative: np.ndarray) -> str:
    return f"{negative.sum():,} of {len(negative):,} rows have a negative quantity"


def _negative_rows(columns: Columns, roles: Roles) -> np.ndarray:
    if "quantity" in roles:
        return _rows_like(columns[roles["quantity"]], NEGATIVE)
    return np.zeros(next(iter(columns.values())).rows, bool)


def _rows_of(column: ColumnFacts, values: Sequence[str]) -> np.ndarray:
    """Which rows have one of these values, with or without blanks around."""
    texts = pc.utf8_trim_whitespace(column.column.cast(pa.string()))
    return as_numpy(pc.is_in(texts, pa.array(values)).combine_chunks())


def _rows_like(column: ColumnFacts, regex: str) -> np.ndarray:
    """Which rows have a value that matches."""
    values = column.column.cast(pa.string())
    matches = pc.fill_null(pc.match_substring_regex(values, regex), False)
    return as_numpy(matches.combine_chunks())


def no_products_of(items: ColumnFacts, titles: Mapping[str, str]) -> list[NoProduct]:
    """Ids of items that are likely to be postage, fees and the like, those of the most rows first:
    without a digit where nearly all have digits, or called so.

    In: `titles` of the items, by id, as far as there are any.
    """
    ids = pc.utf8_trim_whitespace(items.values)
    has_digit = as_numpy(pc.match_substring_regex(ids, r"\d"))
    if (~has_digit).sum() > FEW_IDS * len(ids):
        has_digit[:] = True
    rows: Counter[str] = Counter()
    for item, count in zip(ids.to_pylist(), items.counts.tolist(), strict=True):
        rows[item] += count
    unlike = {ids[int(i)].as_py() for i in np.flatnonzero(~has_digit)}
    called = {
        item
        for item, title in titles.items()
        if item in rows and len(title.split()) <= FEW_WORDS and re.search(CHARGES, title)
    }
    chosen = sorted(unlike | called, key=lambda item: (-rows[item], item))
    return [NoProduct(item, titles.get(item, ""), rows[item]) for item in chosen[:NAMED]]


def titles_of(columns: Columns, roles: Mapping[str, object]) -> dict[str, str]:
    """A title of each item of a file, by its id; nothing where it has no titles."""
    if "title" not in roles:
        return {}
    items, titles = (columns[str(roles[role])] for role in ("item_id", "title"))
    with_both = np.flatnonzero((items.codes >= 0) & (titles.codes >= 0))
    first = np.full(items.rows, -1)
    first[items.codes[with_both][::-1]] = with_both[::-1]  # of rows with one id the first stays
    rows = pa.array(first[first >= 0])
    ids = pc.utf8_trim_whitespace(items.column.take(rows).cast(pa.string()))
    texts = titles.column.take(rows).cast(pa.string())
    return dict(zip(ids.to_pylist(), texts.to_pylist(), strict=True))


def events_of(columns: Columns, roles: Roles) -> tuple[str, list[str]] | None:
    """The column, and its values, that say that rows are no purchases; None: there is none."""
    for name in sorted(columns.keys() - set(roles.values())):
        column = columns[name]
        events = column.words & NO_PURCHASES if column.distinct <= FEW_TYPES else set()
        if events:
            return name, sorted(events)
    return None
