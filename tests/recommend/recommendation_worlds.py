"""Small random markets as tables, what recommendations make of them, and what they should."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from alsobought.recommend.inputs import Inputs
from alsobought.recommend.settings import Recommendations
from alsobought.tables.recommend import RECOMMENDATIONS
from alsobought.tables.stored import Stored
from tests.recommend.recommendation_oracle import Market, rows_of

AS_OF = date(2017, 12, 1)
MIDNIGHT = datetime(2017, 12, 1)  # noqa: DTZ001 - tests run in UTC
SOURCES = [
    {"unit": "order", "relation": "together", "metric": "lift", "weight": 2.0},
    {"unit": "customer", "relation": "after", "metric": "excess"},
]
EXPECTED = [0.5, 2.0, 7.5]
BASE = {
    "baskets": {
        "units": ["order", "customer"],
        "look_back_days": 365,
        "max_items": {"order": 9, "customer": 9},
        "count_repeats": True,
    },
    "lists": {"metrics": ["lift"], "min_support": 1},
    "models": ["sum", "maximum", "calibrated"],
    "sources": SOURCES,
    "triggers": 3,
    "look_back_days": 20,
    "half_life_days": 1.0,
    "shrinkage": 0.5,
    "top_k": 5,
}
PURCHASES = "market string, customer_id string, item_id string, purchased_at timestamp"
RELATED = """unit string, market string, relation string, metric string, item_id string, rank int,
    related_item_id string, score double, `both` bigint, expected double"""
BUY_AGAIN = "market string, customer_id string, model string, rank int, item_id string"
STATISTICS = "unit string, market string, item_id string, share double"
CATALOGUE = """item_id string, is_available boolean, brand string, category array<string>,
    attributes map<string, string>"""
BESTSELLERS = "market string, rank int, item_id string"
COLD_START = """unit string, market string, relation string, metric string, item_id string,
    related_item_id string, score double, `both` double, expected double"""


def settings(**changes):
    return Recommendations.model_validate({**BASE, **changes})


def world(seed):
    """A market of 14 items and 7 customers, some of whom have bought nothing that is a product."""
    dice = random.Random(seed)
    items = [f"i{n}" for n in range(14)]
    market = Market()
    for _ in range(dice.randint(1, 70)):
        customer = dice.choice([None, *(f"c{n}" for n in range(7))])
        age = dice.choice([0.25, 1, 2, 3, 5, 8, 19, 25, -1])
        item = dice.choice([*items, "postage"])
        market.lines.append((customer, item, MIDNIGHT - timedelta(days=age)))
    for source in range(len(SOURCES)):
        for x in dice.sample(items, 10):
            related = dice.sample([y for y in items if y != x], dice.randint(1, 6))
            market.lists[source, x] = {
                y: (
                    dice.choice([-0.5, 1.0, 1.5, 2.0]),
                    dice.randint(1, 9),
                    dice.choice([0.5, 2.0, 7.5]),
                )
                for y in related
            }
        for x in dice.sample(items, 2):
            likes = dice.sample([y for y in items if y != x], 3)
            market.cold_start[source, x] = {y: (dice.choice([0.5, 1.0]), 1.5, 2.0) for y in likes}
    for unit, count in (("order", 12), ("customer", 14)):
        market.shares[unit] = {item: dice.randint(1, 9) / 100 for item in items[:count]}
    market.bestsellers = dice.sample(items, 9)
    market.repeats = {item: dice.choice([0.1, 0.5, 0.9]) for item in items[3:]}
    for customer in ("c1", "c2", "c5", "gone"):
        market.again[customer] = dice.sample([*items, "postage"], 4)
    market.informativeness = {item: dice.choice([0.0, 0.5, 2.0]) for item in items[::3]}
    return market


def worlds(seeds, with_options):
    """Markets with one catalogue; without options they have what every shop has."""
    markets, dice = {f"m{seed}": world(seed) for seed in seeds}, random.Random(5)
    catalogue = {
        f"i{n}": (
            n % 7 > 0,
            dice.choice([None, "acme", "best", "chic"]),
            dice.choice([None, "one", "two"]),
            [["food", "tea"], ["food", "jam"], ["toys"], [], ["food", "tea", "green"]][n % 5],
        )
        for n in range(13)
    }
    for market in markets.values():
        market.catalogue = catalogue
        if not with_options:
            market.repeats, market.informativeness, market.cold_start = {}, {}, {}
            market.again = {}
    return markets


def kind(source):
    return SOURCES[source]["unit"], SOURCES[source]["relation"], SOURCES[source]["metric"]


def list_rows(name, market):
    for (source, x), related in market.lists.items():
        unit, relation, metric = kind(source)
        for rank, (y, evidence) in enumerate(related.items(), 1):
            yield unit, name, relation, metric, x, rank, y, *evidence
    yield "order", name, "together", "cosine", "i1", 1, "i2", 99.0, 99, 0.5


def cold_start_rows(name, market):
    for (source, x), related in market.cold_start.items():
        unit, relation, metric = kind(source)
        for y, evidence in related.items():
            yield unit, name, relation, metric, x, y, *evidence


def catalogue_row(item, facts):
    is_available, brand, maker, category = facts
    return item, is_available, brand, category, {"maker": maker} if maker else {}


def buy_again_rows(name, market):
    for customer, items in market.again.items():
        yield name, customer, "atd", 1, "i3"
        yield from ((name, customer, "pg", *place) for place in enumerate(items, 1))


def statistics_rows(name, market):
    for unit, shares in market.shares.items():
        yield from ((unit, name, *share) for share in shares.items())


def named(rows_of_market):
    """(market, *row) of what a market has."""
    return lambda name, market: [(name, *row) for row in rows_of_market(market)]


def inputs(frame, markets, with_options=True):
    def of_all(columns, rows_of_market):
        return frame(columns, *(row for m in markets.items() for row in rows_of_market(*m)))

    catalogue = next(iter(markets.values())).catalogue
    made = Inputs(
        Stored(of_all(PURCHASES, named(lambda m: m.lines))),
        of_all(RELATED, list_rows),
        of_all(STATISTICS, statistics_rows),
        frame(CATALOGUE, *(catalogue_row(*item) for item in catalogue.items())),
        of_all(BESTSELLERS, named(lambda m: enumerate(m.bestsellers, 1))),
    )
    if not with_options:
        return made
    number = "market string, item_id string, {} double"
    repeats = of_all(number.format("repeat_probability"), named(lambda m: m.repeats.items()))
    weights = of_all(number.format("informativeness"), named(lambda m: m.informativeness.items()))
    return replace(
        made,
        cold_start=of_all(COLD_START, cold_start_rows),
        repeats=repeats,
        informativeness=weights,
        buy_again=of_all(BUY_AGAIN, buy_again_rows),
    )


def made_rows(outcome):
    """(market, customer, model, rank, item, score, source, reasons) of each row, sorted."""
    listed = RECOMMENDATIONS.conform(outcome.frame).toArrow().to_pylist()
    rows = [
        (*list(row.values())[:-1], [(r["item_id"], r["share"]) for r in row["reasons"]])
        for row in listed
    ]
    return sorted(rows)


def wanted_rows(markets, wanted):
    """The oracle's, with floats to 1e-9."""
    window = timedelta(days=wanted.look_back_days)
    in_window = {
        name: replace(market, lines=[li for li in market.lines if li[2] >= MIDNIGHT - window])
        for name, market in markets.items()
    }
    for market in in_window.values():
        market.lines = [line for line in market.lines if line[2] < MIDNIGHT]
    rows = []
    for *place, score, source, reasons in sorted(rows_of(in_window, wanted, MIDNIGHT)):
        shares = [(x, pytest.approx(share)) for x, share in reasons]
        rows.append((*place, pytest.approx(score, rel=1e-9), source, shares))
    return rows
