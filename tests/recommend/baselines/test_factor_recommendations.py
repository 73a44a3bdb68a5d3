"""Recommendations by factors: two planted tastes, what is left out, the same rows again."""

import random
from collections import defaultdict

import pytest
from pydantic import ValidationError

from alsobought.copurchase.settings import Lists, Markets
from alsobought.errors import JobError
from alsobought.products import Exclusions, Items
from alsobought.recommend.baselines import factor_recommendations as step
from alsobought.recommend.baselines.factor_recommendations import factor_recommendations
from alsobought.recommend.baselines.product_lines import Purchased
from alsobought.recommend.baselines.settings import FactorRecommendations
from alsobought.tables.recommend import FACTOR_RECOMMENDATIONS
from tests.recommend.baselines import worlds
from tests.recommend.baselines.worlds import AS_OF, GROUPS, line, tables
from tests.rows import rows

TASTES = {"hot": "tea coffee cocoa mate chai", "cold": "juice cola water soda milk"}
DRINKS = [drink for drinks in TASTES.values() for drink in drinks.split()]
CUSTOMERS = 30


def settings(**changed):
    given = {
        "lists": Lists(metrics=["lift"], min_support=1),
        "look_back_days": 50,
        "rank": 2,
        "iterations": 5,
        "regularisation": 0.05,
        "alpha": 10.0,
        "seed": 3,
        "top_k": 4,
    }
    return FactorRecommendations(**{**given, **changed})


def tasteful():
    """Customers of each taste buy four of its five drinks, the guests all; one bought long ago."""
    dice = random.Random(2)
    lines = []
    for taste, drinks in TASTES.items():
        for n in range(CUSTOMERS):
            for drink in dice.sample(drinks.split(), 4):
                lines += [line(f"{taste} {n:02}", drink, dice.randrange(1, 50)) for _ in range(2)]
    long_ago = line("hot 00", "juice", 70)
    asleep = line("asleep", "tea", 60)
    return [*lines, *(line(None, drink, 1) for drink in DRINKS), long_ago, asleep]


def listed(outcome):
    """{(market, customer): [(item, score), …]}, best first."""
    lists = defaultdict(list)
    conform = FACTOR_RECOMMENDATIONS.conform(outcome.frame)
    for row in conform.sort("market", "customer_id", "rank").collect():
        market, customer, model, rank, item, score = row
        lists[market, customer].append((item, score))
        assert (model, rank) == ("als", len(lists[market, customer]))
    return dict(lists)


@pytest.fixture(scope="module")
def drinkers(spark):
    """The tables, the outcome, its lists."""

    def frame(columns, *given):
        return spark.createDataFrame(list(given), columns)

    given = tables(frame, tasteful(), [drink for drink in DRINKS if drink != "soda"], ["soda"])
    outcome = factor_recommendations(given, settings(), AS_OF)
    return given, outcome, listed(outcome)


def test_two_planted_tastes_are_separated(drinkers):
    _, outcome, lists = drinkers
    bought = defaultdict(set)
    for x in tasteful():
        bought[x.customer].add(x.item)
    assert len(lists) == 2 * CUSTOMERS  # neither guests nor who bought nothing lately
    first = {}
    for (_, customer), places in lists.items():
        names = {item for item, _ in places}
        assert not names & (bought[customer] | {"soda"})
        first[customer] = places[0]
        assert [score for _, score in places] == sorted((s for _, s in places), reverse=True)
    missing = {
        customer: next(iter(set(TASTES[customer.split()[0]].split()) - bought[customer]))
        for customer in first
    }
    asked = [customer for customer, drink in missing.items() if drink != "soda"]
    assert len(asked) > 40
    assert {customer: first[customer][0] for customer in asked} == {c: missing[c] for c in asked}
    assert min(first[customer][1] for customer in asked) > 3 * max(
        score for places in lists.values() for _, score in places[1:]
    )
    pairs = len({(x.customer, x.item) for x in tasteful() if x.customer}) - 2
    assert outcome.notes == [
        f"uk: 2 factors of 60 customers and 10 items, from {pairs} pairs of the last 50 days "
        f"(4.0 items a customer); 9 of these items are available"
    ]


def test_the_same_seed_gives_the_same_rows_however_the_purchases_lie(drinkers, spark):
    given, _, lists = drinkers
    scattered = Purchased(given.purchases.repartition(7), given.returned, given.items)
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    try:
        assert listed(factor_recommendations(scattered, settings(), AS_OF)) == lists
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")
    other = listed(factor_recommendations(given, settings(seed=4), AS_OF))
    assert other.keys() == lists.keys()
    assert other != lists


def test_in_many_blocks_the_scores_are_the_same_to_rounding(drinkers, monkeypatch):
    given, _, _ = drinkers
    monkeypatch.setattr(step, "PAIRS_PER_BLOCK", 60)
    once, again = (listed(factor_recommendations(given, settings(), AS_OF)) for _ in range(2))
    assert once.keys() == again.keys()
    for key, places in once.items():
        assert dict(places) == pytest.approx(dict(again[key]), abs=1e-4)


def test_a_market_is_factorised_by_itself_and_groups_again(frame):
    drawn = worlds.world(8, lines=500)
    shared = {"items": Items(exclude=Exclusions(ids=["postage"])), "iterations": 2, "top_k": 3}
    available = [f"item {n}" for n in range(8)] + ["postage"]
    together = tables(frame, drawn, available)
    asked = settings(markets=Markets(groups=GROUPS), **shared)
    lists = listed(factor_recommendations(together, asked, AS_OF))
    assert {market for market, _ in lists} == {"uk", "de", "fr", "EU"}
    alone = tables(frame, [x for x in drawn if x.market == "de"], available)
    of_de = {key: places for key, places in lists.items() if key[0] == "de"}
    assert listed(factor_recommendations(alone, settings(**shared), AS_OF)) == of_de
    bought = {(x.of, x.customer, x.item) for x in worlds.counting(drawn, None, GROUPS)}
    listed_items = {(*key, item) for key, places in lists.items() for item, _ in places}
    assert not bought & listed_items
    assert {item for *_, item in listed_items} <= {*available[:8]}


def test_codes_are_distinct_numbers_of_ids_whatever_the_partitions(frame, monkeypatch):
    monkeypatch.setattr(step, "CODE_BUCKETS", 4)
    pairs = [("uk", f"c{n % 31}", f"i{n % 17}", n % 3) for n in range(31 * 17)]
    columns = "market string, customer_id string, item_id string, purchases int"
    coded = rows(step.with_codes(frame(columns, *pairs)))
    assert rows(step.with_codes(frame(columns, *pairs[::-1]).repartition(5))) == coded
    for name, code in ((1, 4), (2, 5)):
        codes = {(row[name], row[code]) for row in coded}
        assert len(codes) == len({n for n, _ in codes}) == len({c for _, c in codes}) > 15


def test_no_purchase_of_a_customer_is_refused(frame):
    given = tables(frame, [line(None, "tea", 3), line("ann", "tea", 60)], ["tea"])
    with pytest.raises(JobError, match=r"^No customer's purchase lies in the 50 days before 2017"):
        factor_recommendations(given, settings(), AS_OF)


def test_settings_that_do_not_fit_are_refused():
    with pytest.raises(ValidationError, match="less than or equal to 50"):
        settings(iterations=51)
    with pytest.raises(ValidationError, match="greater than 0"):
        settings(alpha=0.0)
