"""Which rows of a table are given customers': by their ids, their offers, their lines.

Rows on the driver, without Spark; `forgotten_lines` asks the same of source rows by hashes.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.ingest.settings import OfferSource, Source, Sources
from alsobought.tables import ALL
from alsobought.tables.purchases import PURCHASES, RETURNED_PURCHASES
from alsobought.tables.table import Table

CUSTOMER, OFFER, EXAMPLE, ORDER_LINE, REJECTED = (
    "customer_id", "offer_id", "example_id", "line", "row"
)  # fmt: skip
HOLDS_IDS = (CUSTOMER, OFFER, EXAMPLE, ORDER_LINE, REJECTED)
"""Columns of any table in which a customer's id may stand, alone or as a part."""
LINE = ("market", "order_id", "item_id", "line")
WHOLE_AS_FLOAT = re.compile(r"^(-?(?:0|[1-9]\d*))\.0$")  # an id as ingest reads one: without .0
BETWEEN_WIDE, BETWEEN_NARROW = re.compile(r"[\s,;|:\"'{}\[\]()<>=]+"), re.compile(r"\W+")


@dataclass(frozen=True)
class OfferIds:
    """How many of the parts of an offer's id, which '-' joins, come before and after its customer's
    id."""

    before: int
    after: int

    @classmethod
    def of(cls, source: OfferSource | None) -> "OfferIds | None":
        """By the columns of [sources.offers]; None: no part of an offer's id is its customer's."""
        if source is None:
            return None
        parts, (customer,) = source.named("offer_id"), source.named(CUSTOMER)
        if customer not in parts:
            return None
        before = parts.index(customer)
        return cls(before, len(parts) - 1 - before)

    def customer(self, offer_id: str) -> str | None:
        """The customer's id, where no other part has a '-' in it; None: there is none."""
        parts = offer_id.split("-")
        last = len(parts) - self.after
        return "-".join(parts[self.before : last]) if last > self.before else None


@dataclass(frozen=True)
class RejectedIds:
    """Under which names a rejected row, which is JSON of a source's columns or of the table's, has
    the id of a customer, and the parts of an offer's."""

    customers: frozenset[str] = frozenset({CUSTOMER})
    offers: frozenset[tuple[str, ...]] = frozenset({(OFFER,)})

    @classmethod
    def of(cls, sources: Sources) -> "RejectedIds":
        """By the columns of [sources] as they are now."""
        given: list[Source | None] = [
            sources.purchases, sources.offers, sources.engagements, sources.redemptions
        ]  # fmt: skip
        there = [source for source in given if source is not None]
        customers = {name for source in there for name in source.named(CUSTOMER)}
        offers = {tuple(source.named(OFFER)) for source in there} - {()}
        plain = cls()
        return cls(plain.customers | customers, plain.offers | offers)


@dataclass(frozen=True)
class Customers:
    """Customers by their ids, with their offers and lines as far as tables tell them."""

    ids: frozenset[str]
    offers: frozenset[str] = frozenset()
    lines: frozenset[tuple[str | None, ...]] = frozenset()
    """Of LINE, for the lines of their orders."""
    offer_ids: OfferIds | None = None
    rejected: RejectedIds = RejectedIds()

    def of_offer(self, offer_id: str) -> bool:
        """Whether an offer is theirs: by the table of offers, or by its own id."""
        if offer_id in self.offers:
            return True
        return self.offer_ids is not None and self.offer_ids.customer(offer_id) in self.ids

    def of_rejected(self, row: str) -> bool:
        """Whether a rejected row is theirs."""
        return bool(self.ids.intersection(ids_in_rejected(row, self.rejected))) or any(
            self.of_offer(offer) for offer in offers_in_rejected(row, self.rejected)
        )

    def of_example(self, example_id: str) -> bool:
        """Whether a training example is theirs: an offer, or JSON of market, customer and item."""
        return (
            self.of_offer(example_id) or self.ids.intersection(_texts(_json(example_id))) != set()
        )

    def of_line(self, line: str) -> bool:
        """Whether the id of a line that has no order, which its customer's begins, is theirs."""
        return any(line.startswith(f"{customer}-") for customer in self.ids)

    @property
    def holds(self) -> dict[str, Callable[[str], bool]]:
        """By column whether a value of it alone tells an id of theirs."""
        return {
            CUSTOMER: self.ids.__contains__,
            OFFER: self.of_offer,
            EXAMPLE: self.of_example,
            REJECTED: self.of_rejected,
        }


def columns_of(table: Table) -> list[str]:
    """The columns by which a table's rows are known to be a customer's; none: it has no such rows.

    Other columns with an id, as `example_id`, stand beside one of these.
    """
    if table.name == RETURNED_PURCHASES.name:
        return [*LINE]
    if table.name == PURCHASES.name:
        return [CUSTOMER, *LINE]
    return [name for name in (CUSTOMER, OFFER, REJECTED) if name in table.names]


OF_CUSTOMERS = {name: table for name, table in ALL.items() if columns_of(table)}
"""The tables that have rows of customers, by name."""


def is_theirs(rows: pa.Table, customers: Customers) -> np.ndarray:
    """Whether each row is theirs; of the table's columns those of `columns_of` are needed."""
    mask = np.zeros(len(rows), bool)
    names = rows.column_names
    if CUSTOMER in names:
        ids = pa.array(sorted(customers.ids), pa.string())
        mask |= pc.is_in(rows[CUSTOMER].cast(pa.string()), value_set=ids).to_numpy()
    if OFFER in names:
        mask |= of_values(rows[OFFER], customers.of_offer)
    if REJECTED in names:
        mask |= of_values(rows[REJECTED], customers.of_rejected)
    if {*LINE} <= {*names}:
        is_without_order = rows["order_id"].is_null().to_numpy()
        mask |= is_without_order & of_values(rows["line"], customers.of_line)
    if {*LINE} == {*names} and customers.lines:
        lines = zip(*(rows[name].to_pylist() for name in LINE), strict=True)
        mask |= np.fromiter((line in customers.lines for line in lines), bool, len(rows))
    return mask


def of_values(column: pa.ChunkedArray, is_wanted: Callable[[str], bool]) -> np.ndarray:
    """Whether a predicate holds for each value of a text column; it is asked once a value."""
    encoded = pc.dictionary_encode(column.cast(pa.string()).combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    wanted = [is_wanted(value) for value in encoded.dictionary.to_pylist()]
    if not any(wanted):
        return np.zeros(len(column), bool)
    mask: np.ndarray = pa.array([*wanted, False]).take(
        encoded.indices.fill_null(len(wanted))
    ).to_numpy(zero_copy_only=False)  # fmt: skip
    return mask


def ids_in_rejected(row: str, names: RejectedIds) -> Iterator[str]:
    """The texts of a rejected row that may be a customer's id: of a raw line, every word of it."""
    columns = _json(row)
    if isinstance(columns, dict):
        yield from (text for name in names.customers for text in _texts([columns.get(name)]))
    else:
        yield from words(row)


def offers_in_rejected(row: str, names: RejectedIds) -> Iterator[str]:
    """The texts of a rejected row that may be an offer's id."""
    columns = _json(row)
    if not isinstance(columns, dict):
        yield from words(row)
        return
    for parts in names.offers:
        texts = [*_texts(columns.get(name) for name in parts)]
        if len(texts) == len(parts):
            yield "-".join(texts)


def words(line: str) -> Iterator[str]:
    """The words of a raw line, parted by blanks and marks: as narrowly and as widely as ids go."""
    for between in (BETWEEN_WIDE, BETWEEN_NARROW):
        yield from (as_id(word) for word in between.split(line) if word)


def as_id(text: str) -> str:
    """The text as ingest makes an id of it."""
    return WHOLE_AS_FLOAT.sub(r"\1", text.strip())


def _texts(values: Any) -> Sequence[str]:
    """Those of the values that are texts or numbers, as ids; none where they are no list."""
    if isinstance(values, dict | str) or values is None:
        return []
    return [as_id(str(value)) for value in values if isinstance(value, str | int | float)]


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        return None
