"""Customers' lists, row by row against plain Python, with every option; what must not go wrong."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from alsobought.errors import JobError
from alsobought.recommend import customer_parts
from alsobought.recommend import recommendations as step
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


ALL_OPTIONS = {
    "max_per_category": {"level": 1, "places": 2},
    "repeat_probability_min": 0.5,
    "tastes": [
        {"by": ["brand"], "weight": 0.7},
        {"by": ["category", "maker"], "level": 1, "weight": 0.3},
    ],
    "lift_weight": 10.0,
    "trials": [{"days": 4, "weight": 0.25}, {"days": 2, "weight": 0.25}],
    "reasons": 2,
    "baskets": {**BASE["baskets"], "count_repeats": False},
    "lists": {**BASE["lists"], "unknown_items": "keep"},
}
AGAIN = {"buy_again": {"model": "pg", "places": 3}}
INTERESTS = {"interests": {"most": 2, "similarity": 0.3}, "triggers": 7}


@pytest.mark.parametrize(
    ("changes", "with_options"),
    [
        ({}, False),
        ({"triggers": 99, "top_k": 20, "half_life_days": 30.0, "shrinkage": 0.0}, True),
        (ALL_OPTIONS, True),
        ({**ALL_OPTIONS, **AGAIN, "max_per_category": {"level": 2, "places": 1}, "top_k": 9}, True),
        (INTERESTS, False),
        ({**ALL_OPTIONS, **INTERESTS, **AGAIN, "top_k": 9}, True),
    ],
)
def test_lists_are_those_of_plain_python(frame, changes, with_options):
    markets, wanted = worlds(range(40), with_options), settings(**changes)
    outcome = step.recommendations(inputs(frame, markets, with_options), wanted, AS_OF)
    rows = wanted_rows(markets, wanted)
    assert len({row[:2] for row in rows}) > 150
    assert {row[6] for row in rows} >= {"related", "bestseller"}
    assert made_rows(outcome) == rows


def test_rows_are_the_same_on_any_number_of_partitions(frame, monkeypatch):
    markets, wanted = worlds(range(12), True), settings(**ALL_OPTIONS, **INTERESTS, **AGAIN)
    tables = inputs(frame, markets)
    rows = made_rows(step.recommendations(tables, wanted, AS_OF))
    monkeypatch.setattr(customer_parts, "LINES_PER_PART", 20)
    spread = Stored(tables.purchases.rows.repartition(5))
    outcome = step.recommendations(replace(tables, purchases=spread), wanted, AS_OF)
    assert outcome.rows.source.rdd.getNumPartitions() > 5
    assert made_rows(outcome) == rows


def test_a_customer_without_products_gets_bestsellers_and_a_guest_nothing(frame):
    """c0 bought no product, c1 an item in no list; who bought nothing in the window has no row."""
    market = Market(
        lines=[
            ("c0", "postage", MIDNIGHT - timedelta(days=1)),
            ("c1", "i0", MIDNIGHT - timedelta(days=1)),
            (None, "i1", MIDNIGHT - timedelta(days=1)),
            ("c2", "i1", MIDNIGHT - timedelta(days=20, hours=1)),
            ("c3", "i1", MIDNIGHT),
        ],
        lists={(0, "i1"): {"i2": (2.0, 3, 1.0)}, (1, "i1"): {"i2": (2.0, 3, 1.0)}},
        shares={"customer": {"i0": 0.5, "i1": 0.3, "i2": 0.2}},
        catalogue={f"i{n}": (n < 3, None, None, []) for n in range(4)},
        bestsellers=["i3", "i1", "i0", "i2"],
    )
    tables = inputs(frame, {"m": market}, with_options=False)
    outcome = step.recommendations(tables, settings(models=["sum"]), AS_OF)
    assert made_rows(outcome) == [
        ("m", "c0", "sum", 1, "i1", -1.0, "bestseller", []),
        ("m", "c0", "sum", 2, "i0", -2.0, "bestseller", []),
        ("m", "c0", "sum", 3, "i2", -3.0, "bestseller", []),
        ("m", "c1", "sum", 1, "i1", -1.0, "bestseller", []),
        ("m", "c1", "sum", 2, "i2", -2.0, "bestseller", []),
    ]
    assert outcome.notes == [
        "1 of 4 items have a list of order, together, lift",
        "1 of 4 items have a list of customer, after, excess",
    ]


def test_lists_that_are_not_there_are_refused(frame):
    tables = inputs(frame, worlds([1], False), with_options=False)
    source = {"unit": "order", "relation": "together", "metric": "jaccard"}
    with pytest.raises(JobError) as refused:
        step.recommendations(tables, settings(sources=[source]), AS_OF)
    assert str(refused.value) == (
        "related_items has no list of order, together, jaccard, which sources in "
        "[jobs.recommendations] names; there are: customer, after, excess; order, together, "
        "cosine; order, together, lift."
    )
    empty = replace(tables, related=tables.related.limit(0))
    with pytest.raises(JobError, match=r"there are: none at all\.$"):
        step.recommendations(empty, settings(), AS_OF)


def test_a_taste_that_no_item_has_is_refused(frame):
    tables = inputs(frame, worlds([1], False), with_options=False)
    wanted = settings(tastes=[{"by": ["brand", "colour"], "weight": 1.0}])
    with pytest.raises(JobError) as refused:
        step.recommendations(tables, wanted, AS_OF)
    assert str(refused.value) == (
        "No item of the catalogue has brand and colour, which tastes in [jobs.recommendations] "
        "names."
    )


def test_two_people_on_one_account_are_shown_both_of_their_interests(frame):
    """Of ten purchases seven are of the garden, later than three of music: without interests the
    garden takes the whole list."""
    garden, music = ([f"{name}{n}" for n in range(12)] for name in ("g", "m"))
    lists, lines = {}, []
    for people in (garden, music):
        for x in people:
            related = {y: (1.0 + n / 100, 5, 1.0) for n, y in enumerate(people) if y != x}
            lists |= {(0, x): related, (1, x): related}
    bought = [*garden[:7], *music[:3]]
    lines = [("ann", x, MIDNIGHT - timedelta(days=n + 1)) for n, x in enumerate(bought)]
    shares = dict.fromkeys(garden + music, 1 / 24)
    catalogue = {item: (True, None, None, []) for item in garden + music}
    market = Market(lines, lists, {"order": shares}, catalogue, [])
    tables = inputs(frame, {"m": market}, with_options=False)

    def shown(**changes):
        wanted = settings(models=["sum"], triggers=10, half_life_days=9.0, **changes)
        rows = made_rows(step.recommendations(tables, wanted, AS_OF))
        return [(row[4][0], {x[0] for x, _ in row[-1]}) for row in rows]

    assert shown() == [("g", {"g"})] * 5
    split = shown(interests={"most": 3, "similarity": 0.2})
    assert split == [("g", {"g"})] * 3 + [("m", {"m"})] + [("g", {"g"})]


def test_the_job_makes_lists_of_the_shops_files_without_what_was_returned(project):
    """a, b and c bought tea and jam, d tea, f oil; e has brought back the tea."""
    bought = [
        "a,tea,1",
        "a,jam,1",
        "b,tea,1",
        "b,jam,1",
        "c,tea,1",
        "c,jam,1",
        "d,tea,1",
        "f,oil,1",
    ]
    lines = [f"{line},2017-11-20" for line in bought]
    lines += ["e,tea,1,2017-11-20", "e,tea,-1,2017-11-21"]
    project.file("purchases/1.csv", "\n".join(["customer,item,n,time", *lines]))
    project.file("items/1.csv", "item,title\ntea,Tea\njam,Jam\noil,Oil\n")
    project.purchases["columns"] |= {"quantity": "n"}
    del project.purchases["columns"]["order_id"]
    project.purchases["returns"] = {"negative_quantity": True}
    project.conf["baskets"] |= {"units": ["customer"], "max_items": {"customer": 9}}
    source = {"unit": "customer", "relation": "together", "metric": "lift"}
    changes = {"models": ["sum"], "sources": [source]}
    section = {name: BASE[name] for name in BASE.keys() - {"baskets", "lists"}} | changes
    project.conf["jobs"] |= {"recommendations": section, "bestsellers": {"days": 30, "top_k": 9}}
    made = ("item_statistics", "co_purchases", "related_items", "bestsellers", "recommendations")
    said = project.run_jobs("purchases", "items", "returned_purchases", *made)
    assert said[-2:] == [
        "recommendations: 7 rows",
        "2 of 3 items have a list of customer, together, lift",
    ]
    rows = project.read("recommendations").orderBy("customer_id", "rank").collect()
    assert [(r["customer_id"], r["item_id"], r["source"], r["reasons"]) for r in rows] == [
        ("a", "oil", "bestseller", []),
        ("b", "oil", "bestseller", []),
        ("c", "oil", "bestseller", []),
        ("d", "jam", "related", [("tea", 1.0)]),
        ("d", "oil", "bestseller", []),
        ("f", "tea", "bestseller", []),
        ("f", "jam", "bestseller", []),
    ]
