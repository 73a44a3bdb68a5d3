"""What is in lists that nobody could know before their day, by the purchases that there are now."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from alsobought.evaluate.formulas import Ints
from alsobought.evaluate.item_factors import places_in
from alsobought.evaluate.judged_blocks import Booleans, Customers, Judge, Rows
from alsobought.evaluate.list_rows import FIRST_REASON

KINDS = ("customer", "item", "reason")
"""A list of a customer who had bought nothing; a listed item that was first bought, or seen by the
catalogue, on or after the day; a reason that its customer had not bought."""
UNKNOWN_CUSTOMER, UNKNOWN_ITEM, UNKNOWN_REASON = KINDS


class Faults(NamedTuple):
    """The distinct faults of a block, and in how many rows they are."""

    kinds: Ints
    """Their places in KINDS."""
    models: Ints
    units: Ints
    """The hashes of market and customer; 0 where an item is wrong for everybody."""
    items: Ints
    """The hashes of items; 0 where the customer is wrong."""
    rows: Ints


def faults_of(rows: Rows, customers: Customers, cut_off: int, judge: Judge) -> Faults:
    """The faults of a block's lists and reasons."""
    is_bought = customers.counts(customers.seen) > 0
    is_listed, is_reason = rows.model >= 0, rows.model <= FIRST_REASON
    pairs = rows.unit * len(customers.items) + rows.item
    is_later = is_from_later(customers.items, cut_off, judge)[rows.item]
    wrong = {
        UNKNOWN_CUSTOMER: is_listed & (rows.place == 1) & ~is_bought[rows.unit],
        UNKNOWN_ITEM: is_listed & is_later,
        UNKNOWN_REASON: is_reason & (places_in(customers.seen, pairs) < 0),
    }
    model = np.where(is_reason, FIRST_REASON - rows.model, rows.model)
    parts = []
    for kind, is_wrong in wrong.items():
        units = customers.units[rows.unit[is_wrong]] * (kind != UNKNOWN_ITEM)
        items = customers.items[rows.item[is_wrong]] * (kind != UNKNOWN_CUSTOMER)
        kinds = np.full(len(units), KINDS.index(kind))
        parts.append(np.stack([kinds, model[is_wrong], units, items]))
    every = np.concatenate(parts, axis=1)
    return together([Faults._make([*every, np.ones(every.shape[1], np.int64)])])


def together(parts: Sequence[Faults]) -> Faults:
    """The distinct faults of all parts."""
    *keys, rows = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not len(rows):
        return Faults._make([*keys, rows])
    every, place = np.unique(np.stack(keys), axis=1, return_inverse=True)
    counts = np.bincount(place.ravel(), weights=rows, minlength=every.shape[1])
    return Faults._make([*every, counts.astype(np.int64)])


def is_from_later(items: Ints, cut_off: int, judge: Judge) -> Booleans:
    """Whether an item was first bought, or seen by the catalogue, on or after the cut-off."""
    codes = judge.factors.codes(items)
    since = judge.factors.known_since[codes]
    return (codes >= 0) & (since >= judge.cut_offs[cut_off])
