"""The lists of a block of customers at one cut-off, judged by what these customers bought after."""

from typing import NamedTuple

import numpy as np

from alsobought.evaluate.customer_facts import BEFORE, OLD, SEEN, WANTED
from alsobought.evaluate.formulas import (
    METRICS,
    Floats,
    Hits,
    Ints,
    equal_before,
    novelty,
    places_of,
    ranking_metrics,
)
from alsobought.evaluate.item_factors import places_in
from alsobought.evaluate.judged_blocks import (
    HISTORY_FROM,
    SEGMENTS,
    Booleans,
    Customers,
    Judge,
    Lists,
    Rows,
)
from alsobought.evaluate.list_faults import Faults, faults_of
from alsobought.evaluate.list_rows import FACT

QUALITIES = ("lists", "novelty", "repeat_share", "lists_of_two", "diversity")
"""What is summed of lists, whatever was bought after: how many have an item, their means of novelty
and of items bought before, how many have two, and the mean difference of these."""


class Listed(NamedTuple):
    """Which known items are where in whose lists, for the coverage."""

    customers: Ints
    models: Ints
    codes: Ints
    places: Ints


class Judged(NamedTuple):
    """What is to be summed of a block's customers, and what is wrong with its rows."""

    customers: Customers
    measures: Floats
    """Customers x (of each variant whether there is anything to foretell, then of each variant,
    model and k the METRICS)."""
    qualities: Floats
    """Customers x variants x models x ks x QUALITIES."""
    listed: tuple[Listed, ...]
    """Of each variant."""
    faults: Faults
    """What the purchases that there are now do not say of the time before the cut-off."""


def judge_block(rows: Rows, cut_off: int, judge: Judge) -> Judged | None:
    """Judge the lists of a block's customers; None: none of them has anything to foretell.

    Cost: a few sorts of the rows, and customers x models x ks x metrics numbers.
    """
    units, rows = _of_judged(rows)
    if not len(units):
        return None
    every_item = np.concatenate([rows.item, _common_items(cut_off, judge)])
    items, codes = np.unique(every_item, return_inverse=True)
    rows = rows._replace(item=codes[: len(rows.item)])
    customers = _customers(rows, units, items)
    lists = _lists(rows, customers, cut_off, judge)
    is_new = places_in(customers.before, customers.wanted) < 0
    of_new = customers._replace(wanted=customers.wanted[is_new])
    new_lists = lists.where(~lists.is_owned)
    variants = ((lists, customers), (new_lists, of_new))
    has_wanted = [of_variant.counts(of_variant.wanted) > 0 for _, of_variant in variants]
    measures = [_measures(*variant, judge) for variant in variants]
    qualities = [_qualities(*variant, (cut_off, judge)) for variant in variants]
    return Judged(
        customers,
        np.concatenate([np.stack(has_wanted, axis=1), *measures], axis=1),
        np.stack(qualities, axis=1) * np.stack(has_wanted, axis=1)[:, :, None, None, None],
        tuple(_listed(*variant, judge) for variant in variants),
        faults_of(rows, customers, cut_off, judge),
    )


def _of_judged(rows: Rows) -> tuple[Ints, Rows]:
    """The units that have facts, and their rows."""
    is_first = np.ones(len(rows.unit), bool)
    is_first[1:] = rows.unit[1:] != rows.unit[:-1]
    number = np.cumsum(is_first) - 1
    units = rows.unit[is_first]
    is_judged = np.zeros(len(units), bool)
    is_judged[number[rows.model == FACT]] = True
    of_judged = rows._replace(unit=(np.cumsum(is_judged) - 1)[number]).where(is_judged[number])
    return units[is_judged], of_judged


def _common_items(cut_off: int, judge: Judge) -> Ints:
    lists = [one.items for (at, _), one in judge.common.items() if at == cut_off]
    return np.concatenate([np.empty(0, np.int64), *lists])


def _customers(rows: Rows, units: Ints, items: Ints) -> Customers:
    facts = rows.where(rows.model == FACT)
    customer = facts.unit
    pairs = customer * len(items) + facts.item
    before, wanted, seen = (
        np.sort(pairs[facts.place & flag > 0]) for flag in (BEFORE, WANTED, SEEN)
    )
    is_old = np.zeros(len(units), np.int64)
    is_old[customer[facts.place & OLD > 0]] = 1
    market = np.zeros(len(units), np.int64)
    market[customer] = facts.market
    history = np.digitize(np.bincount(before // len(items), minlength=len(units)), HISTORY_FROM)
    tenure = 1 + len(HISTORY_FROM) + 1 + is_old
    everyone = np.zeros(len(units), np.int64)
    segments = np.stack([everyone, 1 + history, tenure, len(SEGMENTS) + market], axis=1)
    return Customers(units, segments, items, before, wanted, seen)


def _lists(rows: Rows, customers: Customers, cut_off: int, judge: Judge) -> Lists:
    """Every list of the customers: their own, and for models without one that of everybody.

    An item that is twice in a list counts at its first place.
    """
    listed = rows.where(rows.model >= 0)
    list_of = listed.unit * judge.models + listed.model
    has_list = np.zeros(len(customers.units) * judge.models, bool)
    has_list[list_of] = True
    parts = [(list_of, listed.item, listed.place)]
    for market in np.unique(customers.markets):
        common = judge.common.get((cut_off, int(market)))
        if common is not None:
            of_market = np.flatnonzero(customers.markets == market)
            every = (of_market[:, None] * judge.models + common.models[None, :]).ravel()
            is_needed = ~has_list[every]
            codes = np.searchsorted(customers.items, common.items)
            items, places = (np.tile(c, len(of_market)) for c in (codes, common.places))
            parts.append((every[is_needed], items[is_needed], places[is_needed]))
    list_of, items, places = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    best_first = np.lexsort((places, list_of))
    pairs = (list_of * len(customers.items) + items)[best_first]
    first = np.sort(np.unique(pairs, return_index=True)[1])
    chosen = best_first[first]
    list_of, items = list_of[chosen], items[chosen]
    owned = places_in(customers.before, list_of // judge.models * len(customers.items) + items)
    return Lists(list_of, items, owned >= 0, places_of(list_of))


def _measures(lists: Lists, customers: Customers, judge: Judge) -> Floats:
    """Customers x (models, ks, METRICS): how well each list foretold what is wanted."""
    pairs = lists.list_of // judge.models * len(customers.items) + lists.items
    is_hit = places_in(customers.wanted, pairs) >= 0
    wanted = np.maximum(customers.counts(customers.wanted), 1)  # none: no hits either
    hits = Hits(lists.list_of[is_hit], lists.places[is_hit], np.repeat(wanted, judge.models))
    at_each_k = np.stack([ranking_metrics(hits, k) for k in judge.ks], axis=1)
    return at_each_k.reshape(len(customers.units), judge.models * len(judge.ks) * len(METRICS))


def _qualities(lists: Lists, customers: Customers, at: tuple[int, Judge]) -> Floats:
    """Customers x models x ks x QUALITIES."""
    cut_off, judge = at
    lists = lists.up_to(judge.ks[-1])
    factors, every = judge.factors, len(customers.units) * judge.models
    codes = factors.codes(customers.items)[lists.items]
    market = customers.markets[lists.list_of // judge.models]
    buyers = factors.buyers_of(market, codes, cut_off)
    is_novel = novelty(buyers, judge.customers[market, cut_off])
    levels = factors.categories.shape[1]
    kinds = np.where(
        (codes >= 0)[:, None], factors.categories[codes], customers.items[lists.items, None]
    )
    alike = np.zeros(len(codes))
    for level in range(levels):
        alike += equal_before(lists.list_of, kinds[:, level], judge.ks[-1]) / levels
    places = lists.places

    def to(k: int, worth: Floats | Booleans | None = None) -> Floats:
        is_in = places <= k
        weights = None if worth is None else worth[is_in].astype(np.float64)
        sums = np.bincount(lists.list_of[is_in], weights=weights, minlength=every)
        return sums.astype(np.float64)

    columns = []
    for k in judge.ks:
        size = to(k)
        has_one, has_two = size > 0, (size > 1) & (levels > 0)
        couples = np.maximum(size * (size - 1) / 2, 1)
        some = np.maximum(size, 1)
        different = np.where(has_two, 1 - to(k, alike) / couples, 0.0)
        columns.append(
            [has_one, to(k, is_novel) / some, to(k, lists.is_owned) / some, has_two, different]
        )
    stacked = np.array(columns, np.float64).transpose(2, 0, 1)
    return stacked.reshape(len(customers.units), judge.models, len(judge.ks), len(QUALITIES))


def _listed(lists: Lists, customers: Customers, judge: Judge) -> Listed:
    """The known items within the largest k, of customers with something to foretell."""
    lists = lists.up_to(judge.ks[-1])
    codes = judge.factors.codes(customers.items)[lists.items]
    customer, model = np.divmod(lists.list_of, judge.models)
    is_in = (codes >= 0) & (customers.counts(customers.wanted) > 0)[customer]
    columns = (customer, model, codes, lists.places)
    return Listed(*(column[is_in] for column in columns))
