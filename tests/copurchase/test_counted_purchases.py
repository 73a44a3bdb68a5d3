"""What is no product and groups of markets: the engine against plain Python and the reference."""

import random
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from alsobought.copurchase.co_purchases import co_purchases
from alsobought.copurchase.counted_purchases import counted_purchases, excluded_items
from alsobought.copurchase.item_statistics import item_statistics
from alsobought.copurchase.reference import baskets as reference
from alsobought.copurchase.reference import join, statistics
from alsobought.copurchase.settings import CoPurchases, Lists, Markets
from alsobought.errors import JobError
from alsobought.products import Exclusions, Items
from alsobought.tables.stored import Stored
from tests import oracle
from tests.rows import rows

AS_OF, FIRST = date(2017, 4, 20), datetime(2017, 4, 1, tzinfo=UTC)
LINES = "market string, customer_id string, order_id string, item_id string, purchased_at timestamp"
CATALOGUE = """item_id string, title string, brand string, category array<string>,
    attributes map<string, string>"""
WORLDS = 6
# a market in no group, one in two, one whose customers also buy elsewhere
GROUPS = {
    f"{seed}{group}": [f"{seed}{market}" for market in markets]
    for seed in range(WORLDS)
    for group, markets in {"EU": "ab", "all": "abc"}.items()
}
EXCLUDE = Exclusions(
    ids=["POST", "nowhere"],
    patterns=["gift.", "i"],  # of whole ids: not of i1
    attributes={"category": ["services"], "maker": ["bank"], "brand": ["Us"]},
)
ITEMS = ["POST", "gift1", "gift22", "i1", "i2", "fee", "charge", "own", "plain"]
IN_CATALOGUE = [
    ("fee", None, None, ["misc", "services"], {}),
    ("charge", "Charge", None, [], {"maker": "bank"}),
    ("own", None, "Us", ["misc"], {"maker": "us"}),
    ("plain", "services", "bank", ["misc"], {"owner": "bank"}),
]
PRODUCTS = {"gift22", "i1", "i2", "plain"}


def world(seed):
    """Lines of three markets that share order ids and customers; guests; orders without an id."""
    dice = random.Random(seed)
    lines = []
    for _ in range(90):
        customer, order = dice.choice([None, "ann", "ben", "cid"]), dice.choice("123")
        if customer and dice.random() < 0.2:
            order = None
        seconds = dice.randrange(18) * 86_400
        market = f"{seed}{dice.choice('aabbcd')}"
        lines.append((market, customer, order, dice.choice(ITEMS), seconds))
    return lines


@pytest.fixture(scope="module")
def lines():
    return [line for seed in range(WORLDS) for line in world(seed)]


@pytest.fixture(scope="module")
def purchases(lines, frame):
    made = [(*line[:4], FIRST + timedelta(seconds=line[4])) for line in lines]
    return Stored(frame(LINES, *made).cache())


@pytest.fixture(scope="module")
def catalogue(frame):
    return frame(CATALOGUE, *IN_CATALOGUE)


def settings(cap=99, groups=GROUPS, exclude=EXCLUDE, after=None):
    baskets = {
        "units": ["order", "customer"],
        "look_back_days": 30,
        "max_items": {"order": cap, "customer": cap},
        "count_repeats": True,
        "after": after,
    }
    return CoPurchases.model_validate(
        {
            "baskets": baskets,
            "items": Items(exclude=exclude),
            "markets": Markets(groups=groups),
            "lists": Lists(metrics=["lift"], min_support=1),
            "candidates": 1_000,
            "task_memory_mb": 64,
        }
    )


def evidence(pairs):
    """{(unit, relation, market, x, y): (N, E, n_x, n_y, n)}"""
    columns = ["unit", "relation", "market", "item_id", "related_item_id"]
    counts = ["both", "expected", "buyers", "related_buyers", "units"]
    return {tuple(r[c] for c in columns): tuple(r[c] for c in counts) for r in pairs.collect()}


def same(got, want):
    assert got.keys() == want.keys()
    for key, (both, expected, *counts) in want.items():
        assert (got[key][0], *got[key][2:]) == (both, *counts), key
        assert got[key][1] == pytest.approx(expected, rel=1e-12), key


def test_groups_and_exclusions_equal_the_oracle(lines, purchases, catalogue):
    params = settings(after={"within_days": 9})
    packed = counted_purchases(purchases, None, catalogue, params, AS_OF)
    counted = oracle.in_groups([line for line in lines if line[3] in PRODUCTS], GROUPS)
    want, of_items = {}, []
    for unit in ("order", "customer"):
        of_unit = [line for line in counted if line[2 if unit == "order" else 1]]
        pairs = {"together": oracle.pairs(of_unit, unit)}
        if unit == "customer":
            pairs["after"] = oracle.pairs(of_unit, unit, 0, 9 * oracle.DAY)
        want |= {
            (unit, relation, *pair): n for relation in pairs for pair, n in pairs[relation].items()
        }
        of_items += [(unit, *key, *n) for key, n in oracle.statistics(of_unit, unit).items()]
    assert len({market for _, _, market, *_ in want}) == 6 * WORLDS
    same(evidence(co_purchases(packed, params).frame), want)
    assert rows(item_statistics(packed).frame) == sorted(of_items, key=repr)
    packed.release()


@pytest.mark.parametrize("cap", [2, 99])
def test_groups_and_exclusions_equal_the_reference_with_and_without_a_cap(
    purchases, catalogue, cap
):
    params = settings(cap)
    packed = counted_purchases(purchases, None, catalogue, params, AS_OF)
    products = reference.without_excluded(purchases.rows, EXCLUDE, catalogue)
    by_join = reference.all_units(products, params.baskets, AS_OF, GROUPS).cache()
    of_items = statistics.item_statistics(by_join)
    pairs = join.with_evidence(join.pair_counts(by_join, 1), of_items)
    same(evidence(co_purchases(packed, params).frame), evidence(pairs))
    assert rows(item_statistics(packed).frame) == rows(of_items)
    packed.release()


def test_the_account_says_what_was_left_out_and_counted_together(frame, catalogue):
    made = [("a", "c", "1", item, FIRST) for item in ("POST", "i1", "i2")]
    made += [("b", None, "1", item, FIRST) for item in ("i1", "plain")]
    groups = {"EU": ["a", "b", "z", "y"]}
    purchases = Stored(frame(LINES, *made))
    packed = counted_purchases(purchases, None, catalogue, settings(groups=groups), AS_OF)
    notes = co_purchases(packed, settings()).notes
    assert notes[2:5] == [
        "[items.exclude] left out 1 of 4 items, 20.0% of the lines",
        "group EU: 4 lines count there, too; no purchase is of z, y",
        "2 of 4 lines have no customer: they count by order only",
    ]
    assert item_statistics(packed).notes == notes[2:4]


def test_a_market_that_is_called_like_a_group_is_refused(frame, catalogue):
    made = [(market, "c", "1", "i1", FIRST) for market in ("a", "EU")]
    purchases, params = Stored(frame(LINES, *made)), settings(groups={"EU": ["a"]})
    with pytest.raises(JobError) as refused:
        counted_purchases(purchases, None, catalogue, params, AS_OF)
    assert str(refused.value) == (
        "purchases has a market 'EU': call the group of [markets.groups] otherwise."
    )


def test_purchases_that_are_all_excluded_are_refused(frame):
    purchases = Stored(frame(LINES, ("a", "c", "1", "POST", FIRST)))
    params = settings(groups={}, exclude=Exclusions(ids=["POST"]))
    with pytest.raises(JobError) as refused:
        counted_purchases(purchases, None, None, params, AS_OF)
    assert str(refused.value) == "[items.exclude] leaves out every item that was bought."


def test_attributes_without_a_catalogue_are_refused():
    with pytest.raises(JobError) as refused:
        excluded_items(EXCLUDE, None)
    assert str(refused.value) == (
        "[items.exclude] names attributes, and there is no catalogue that has them."
    )


def test_the_products_of_the_worlds_are_those_that_nothing_excludes():
    by_hand = {item for item in ITEMS if item not in EXCLUDE.ids}
    by_hand = {i for i in by_hand if not any(re.fullmatch(p, i) for p in EXCLUDE.patterns)}
    assert by_hand - {"fee", "charge", "own"} == PRODUCTS
