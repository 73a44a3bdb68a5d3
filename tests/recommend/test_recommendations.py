"""Customers' lists, row by row against plain Python, with every option; what must not go wrong."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from alsobought.errors import JobError
from alsobought.recommend import customer_parts
from alsobought.recommend import recommendations as step
from alsobought.tables.stored import Stored
from tests.recommend.recommendation_oracle import Market
from tests.recommend.recommendation_worlds import (
    AS_OF,
    BASE,
    MIDNIGHT,
    inputs,
    made_rows,
    settings,
    wanted_rows,
    worlds,
)

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


def test_rows_are_the_same_on_any_number_of_partitions_and_beside_groups(frame, monkeypatch):
    """A group of markets has lists and statistics, too, and no customers."""
    markets, options = worlds(range(12), True), ALL_OPTIONS | INTERESTS | AGAIN
    first = step.recommendations(inputs(frame, markets), settings(**options), AS_OF)
    rows = made_rows(first)
    monkeypatch.setattr(customer_parts, "LINES_PER_PART", 20)
    with_group = markets | {"EU": replace(markets["m3"], lines=[])}
    tables = inputs(frame, with_group)
    spread = replace(tables, purchases=Stored(tables.purchases.rows.repartition(5)))
    grouped = settings(**options, markets={"groups": {"EU": ["m1", "m2"]}})
    outcome = step.recommendations(spread, grouped, AS_OF)
    assert outcome.rows.source.rdd.getNumPartitions() > 5
    assert made_rows(outcome) == rows
    assert outcome.notes == first.notes


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


@pytest.mark.parametrize("table", ["bestsellers", "buy_again"])
def test_tables_that_the_settings_need_are_asked_for(frame, table):
    tables = replace(inputs(frame, worlds([1], True)), **{table: None})
    with pytest.raises(JobError) as refused:
        step.recommendations(tables, settings(buy_again={"model": "pg", "places": 2}), AS_OF)
    assert str(refused.value) == f"recommendations needs the table {table}: add [jobs.{table}]."


def test_places_of_buy_again_that_are_missing_are_told(frame):
    tables = inputs(frame, worlds([1], True))

    def last_note(model, places):
        wanted = settings(buy_again={"model": model, "places": places})
        return step.recommendations(tables, wanted, AS_OF).notes[-1]

    assert last_note("mpg", 3) == (
        "no list begins with mpg, which [jobs.recommendations.buy_again] names: buy_again has no "
        "list of it, but of atd, pg"
    )
    assert last_note("pg", 5) == (
        "lists begin with 4 places of pg at most, not with 5 as [jobs.recommendations.buy_again] "
        "says: no list of it in buy_again is longer"
    )
    assert "places" not in last_note("pg", 4)
    with pytest.raises(ValidationError, match="places is 6, more than the 5 of top_k"):
        settings(buy_again={"model": "pg", "places": 6})


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
