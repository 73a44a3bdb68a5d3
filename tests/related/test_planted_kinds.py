"""A world with planted complements, substitutes and variants, found again from orders alone."""

from itertools import combinations
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pytest

from alsobought.related.formulas import Likeness, Rules, is_of_kind, ratio
from alsobought.related.kernels.pair_orders import SCALE, PairCounts, count_pairs
from alsobought.related.settings import RelatedKinds
from alsobought.related.together_or_apart import lines_by_customer, pair_index

CUSTOMERS = 2_000
BACKGROUND = 40
SUPPORT = 20
PLANTED = {
    "complement": 20,  # of different categories: who buys the first often adds the second
    "substitute": 20,  # of one category: each time one or the other
    "apart": 10,  # the same, of categories that have the widest level in common
    "variant": 20,  # of one title, maker and category; bought as it comes
    "bundle": 10,  # of one category, and bought together: nobody can be sure
}
KINDS = ("complement", "substitute", "variant")
DEFAULTS = {name: field.default for name, field in RelatedKinds.model_fields.items()}


class World(NamedTuple):
    """Purchases, and what was planted: pair p is of the items 2p and 2p + 1."""

    customers: np.ndarray
    orders: np.ndarray
    items: np.ndarray
    planted: list[str]


@pytest.fixture(scope="module")
def world():
    """2,000 customers with 2 to 40 orders, large and small; each likes a sixth of the pairs."""
    rng = np.random.default_rng(13)
    planted = [name for name, count in PLANTED.items() for _ in range(count)]
    orders_of = 2 + np.minimum(rng.geometric(0.1, CUSTOMERS), 38)
    customer_of = np.repeat(np.arange(CUSTOMERS), orders_of)
    is_large = rng.random(len(customer_of)) < 0.3
    often = np.where(is_large, 0.5, 0.15)
    rows = []
    for p, name in enumerate(planted):
        likes = rng.random(CUSTOMERS) < 1 / 6
        wants = likes[customer_of] & (rng.random(len(customer_of)) < often)
        first, second = bought(name, wants, likes[customer_of], often, rng)
        rows += [(np.flatnonzero(first), 2 * p), (np.flatnonzero(second), 2 * p + 1)]
    for n in range(BACKGROUND):
        wants = rng.random(len(customer_of)) < often * (n + 1.0) ** -0.5
        rows.append((np.flatnonzero(wants), 2 * len(planted) + n))
    orders = np.concatenate([orders for orders, _ in rows])
    items = np.repeat([item for _, item in rows], [len(orders) for orders, _ in rows])
    return World(customer_of[orders], orders, items, planted)


def bought(name, wants, likes, often, rng):
    """In which orders the items of a planted pair are."""
    coin = rng.random(len(wants))
    again = likes & (rng.random(len(wants)) < 0.4 * often)
    if name in ("complement", "bundle"):
        return wants, (wants & (coin < 0.5)) | again
    if name in ("substitute", "apart"):
        return wants & (coin < 0.5), wants & (coin >= 0.5)
    return wants, likes & (coin < often)


def kinds_of(world, pairs):
    """Each pair's kind by the rule, with the default settings, and its counts."""
    lines = lines_by_customer(world.customers, world.orders, world.items.astype(np.int32))
    first, second = pairs.astype(np.int64).T
    index = pair_index(first, second)
    assert index.hashes.tolist() == list(range(pairs.max() + 1))  # an item is its own code
    counts = PairCounts(*(np.zeros(len(pairs), np.int64) for _ in PairCounts._fields))
    count_pairs(lines, index.pairs, counts)
    normal = NormalDist().inv_cdf(DEFAULTS["confidence"])
    bounds = ratio(counts.orders, counts.expected / SCALE, normal, np.maximum)
    like = likeness(world, first, second)
    rules = Rules(*(DEFAULTS[name] for name in Rules._fields))
    bought_by = np.unique(np.stack([world.items, world.customers]), axis=1)[0]
    buyers = np.bincount(bought_by, minlength=pairs.max() + 1)
    chance = buyers[first] * buyers[second] / len(np.unique(world.customers))
    lift = counts.customers / np.maximum(chance, 1e-9)
    of_kinds = is_of_kind(bounds, lift, like, rules)
    return np.select([*of_kinds.values()], [*of_kinds], "unsure"), counts


def is_planted(world, first, second):
    return (first % 2 == 0) & (second == first + 1) & (first < 2 * len(world.planted))


def likeness(world, first, second):
    """What the catalogue would say: pairs share what was planted, other items nothing."""
    names = np.array([*world.planted, "none"])
    name = names[np.where(is_planted(world, first, second), first // 2, len(world.planted))]
    of_one = np.isin(name, ("substitute", "variant", "bundle"))
    is_variant = name == "variant"
    nothing = np.zeros(len(first), bool)
    return Likeness(
        of_one,
        ~of_one,
        ~of_one & (name != "apart"),
        is_variant,
        nothing,
        np.ones(len(first)),
        np.where(is_variant, 0.7, 0.0),
    )


def test_planted_kinds_are_found_again_and_few_others_pass_for_them(world):
    pairs = np.array(list(combinations(range(2 * len(world.planted) + BACKGROUND), 2)))
    kinds, counts = kinds_of(world, pairs)
    is_of_pair = is_planted(world, *pairs.T)
    truth = np.full(len(pairs), "unsure", object)
    as_kind = {"apart": "substitute", "bundle": "unsure"}
    truth[is_of_pair] = [as_kind.get(name, name) for name in world.planted]
    supported = counts.customers >= SUPPORT
    assert supported.sum() > 5_000
    for kind in KINDS:
        is_said = supported & (kinds == kind)
        assert (truth[is_said] == kind).mean() >= 0.9, kind
        is_true = supported & (truth == kind)
        assert (kinds[is_true] == kind).mean() >= 0.8, kind
    # of pairs that are nothing to each other, as few as the confidence promises
    assert (kinds[supported & (truth == "unsure")] == "unsure").mean() > 0.99


def test_with_little_evidence_everything_but_variants_is_unsure(world):
    """The same of 40 customers' first orders, five at most."""
    first_order = np.full(CUSTOMERS, world.orders.max())
    np.minimum.at(first_order, world.customers, world.orders)
    few = (world.customers < 40) & (world.orders < first_order[world.customers] + 5)
    small = World(*(column[few] for column in world[:3]), world.planted)
    pairs = np.array(list(combinations(range(2 * len(world.planted) + BACKGROUND), 2)))
    kinds, counts = kinds_of(small, pairs)
    is_little = (counts.orders < 3) & (counts.expected < SCALE)
    assert (counts.customers[is_little & is_planted(world, *pairs.T)] > 0).sum() > 20
    assert set(kinds[is_little]) == {"unsure", "variant"}
