"""Repeat purchases by hand, in plain Python on random worlds, and as they were planted."""

import math
from datetime import timedelta

import numpy as np
import pytest
from pyspark.sql import Row

from alsobought.copurchase.settings import Markets
from alsobought.errors import JobError
from alsobought.products import Exclusions, Items
from alsobought.recommend.baselines.product_lines import Purchased
from alsobought.recommend.baselines.repeat_purchases import judge, repeat_purchases
from alsobought.recommend.baselines.settings import RepeatPurchases
from alsobought.tables.recommend import REPEAT_PURCHASES
from tests.recommend.baselines import repeat_oracle, worlds
from tests.recommend.baselines.worlds import AS_OF, GROUPS, LINES, MIDNIGHT, ago, line, tables


def settings(**changed):
    return RepeatPurchases(**{"look_back_days": 100, "shrinkage": 0.0, **changed})


def estimated(outcome):
    """{(market, item): the other columns}."""
    collected = REPEAT_PURCHASES.conform(outcome.frame).collect()
    return {tuple(row[:2]): tuple(row[2:]) for row in collected}


def said(outcome):
    return outcome.judge(outcome.account.collect()[0])


@pytest.fixture
def lines():
    """ann bought tea after 10 and 20 days, ben once, a guest twice; jam is bought once by all."""
    return [
        line("ann", "tea", 40),
        line("ann", "tea", 30),
        line("ann", "tea", 10),
        line("ann", "tea", 10)._replace(line="again", at=ago(10, 23)),  # one day, one purchase
        line("ben", "tea", 20),
        line(None, "tea", 9),
        line(None, "tea", 8),
        line("ann", "tea", 101),  # too early
        line("ben", "tea", 0),  # too late
        line("ann", "jam", 5),
        line("ben", "jam", 5),
    ]


def test_by_hand(frame, lines):
    """n, t of tea: (2, 40), (0, 20), so m = 2 / 60, and sum (n - m t)^2 = 4/9 + 4/9."""
    m = 2 / 60
    v = (8 / 9 - m * 60) / 2000  # below 0: as if all were alike
    assert v < 0
    alpha, beta = 1000.0, 1000 / m
    mu, sigma = math.log(10 * 20) / 2, math.log(20 / 10) / 2
    outcome = repeat_purchases(tables(frame, lines, []), settings(), AS_OF)
    rows = estimated(outcome)
    assert rows["uk", "tea"] == pytest.approx((2, 1, 0.5, 2, 15.0, mu, sigma, alpha, beta))
    assert rows["uk", "jam"] == (2, 0, 0.0, 0, None, None, None, None, None)
    assert said(outcome) == [
        "1 of 2 items were bought again, by 25.0% of their buyers (1 of 4 pairs of customer and "
        "item), after 15 days in the mean of 2 gaps"
    ]


def test_an_item_with_few_buyers_is_held_to_its_market(frame, lines):
    """As if two more customers had bought jam: of the market's four pairs one was a repeat, and
    there was half a gap each, in the mean of 15 days."""
    shrunk = settings(shrinkage=2.0)
    row = estimated(repeat_purchases(tables(frame, lines, []), shrunk, AS_OF))["uk", "jam"]
    mu, sigma = math.log(10 * 20) / 2, math.log(20 / 10) / 2
    assert row[:7] == pytest.approx((2, 0, (0 + 2 * 0.25) / (2 + 2), 0, 15.0, mu, sigma))
    n, t = 2 * 2 / 4, 5 + 5 + 2 * 70 / 4
    assert row[7:] == pytest.approx((1000.0, 1000 * t / n))  # customers are alike still


def test_customers_who_differ(frame):
    """n, t of oil: (9, 40), (0, 20), so m = 9 / 60 and v = (3^2 + 3^2 - 9) / (40^2 + 20^2)."""
    lines = [*(line("ann", "oil", days) for days in range(4, 41, 4)), line("ben", "oil", 20)]
    row = estimated(repeat_purchases(tables(frame, lines, []), settings(), AS_OF))["uk", "oil"]
    m, v = 9 / 60, 9 / 2000
    alike = (math.log(4), pytest.approx(0.0, abs=1e-7))
    assert row[:5] == (2, 1, 0.5, 9, 4.0)
    assert row[5:] == (*alike, pytest.approx(m * m / v), pytest.approx(m / v))


def test_random_worlds_agree_with_plain_python(frame):
    drawn = worlds.world(5)
    asked = settings(
        look_back_days=60,
        shrinkage=3.5,
        items=Items(exclude=Exclusions(ids=["postage"], patterns=["no .*"])),
        markets=Markets(groups=GROUPS),
    )

    def is_product(item):
        return item not in ("postage", "no product 1")

    counted = worlds.counting(drawn, 60, GROUPS, is_product)
    expected = repeat_oracle.estimates(worlds.days_of(counted), 3.5)
    rows = estimated(repeat_purchases(tables(frame, drawn, []), asked, AS_OF))
    assert {market for market, _ in rows} == {"uk", "de", "fr", "EU"}
    assert rows == {key: pytest.approx(values, rel=1e-9) for key, values in expected.items()}


def test_the_rows_are_the_same_on_any_number_of_partitions(frame, spark):
    given = tables(frame, worlds.world(5), [])
    one = estimated(repeat_purchases(given, settings(shrinkage=3.5), AS_OF))
    scattered = Purchased(given.purchases.repartition(9), given.returned, given.items)
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    try:
        again = estimated(repeat_purchases(scattered, settings(shrinkage=3.5), AS_OF))
        assert again == one
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")


CUSTOMERS = 4000
SHAPE, RATE_DAYS = 2.0, 120.0  # planted: a purchase in 60 days
PROBABILITY, GAP_DAYS, DEVIATION = 0.35, 20.0, 0.5


def planted(spark):
    """rates: bought at gamma-Poisson rates from a first day on. gaps: a share of the customers
    comes back thrice, after log-normal gaps."""
    dice = np.random.default_rng(4)
    bought = []
    for n in range(CUSTOMERS):
        first = int(dice.integers(400, 700))
        further = dice.uniform(0, first, dice.poisson(dice.gamma(SHAPE, 1 / RATE_DAYS) * first))
        bought += [(f"c{n}", "rates", before) for before in (first, *further)]
        before = 700.0
        bought.append((f"c{n}", "gaps", before))
        if dice.random() < PROBABILITY:
            log_mean = math.log(GAP_DAYS) - DEVIATION**2 / 2
            for gap in dice.lognormal(log_mean, DEVIATION, 3):
                before -= gap
                bought.append((f"c{n}", "gaps", before))
    rows = [
        ("uk", who, str(n), item, "1", MIDNIGHT - timedelta(days=float(before)), 1.0)
        for n, (who, item, before) in enumerate(bought)
    ]
    return Purchased(spark.createDataFrame(rows, LINES))


def test_planted_probabilities_gaps_and_rates_are_recovered_within_a_tenth(spark):
    rows = estimated(repeat_purchases(planted(spark), settings(look_back_days=800), AS_OF))
    _, _, probability, _, gap, log_mean, log_deviation, _, _ = rows["uk", "gaps"]
    assert probability == pytest.approx(PROBABILITY, rel=0.1)
    assert gap == pytest.approx(GAP_DAYS, rel=0.1)
    assert math.exp(log_mean + log_deviation**2 / 2) == pytest.approx(GAP_DAYS, rel=0.1)
    assert log_deviation == pytest.approx(DEVIATION, rel=0.1)
    *_, shape, rate_days = rows["uk", "rates"]
    assert shape / rate_days == pytest.approx(SHAPE / RATE_DAYS, rel=0.1)
    assert shape == pytest.approx(SHAPE, rel=0.1)
    assert rate_days == pytest.approx(RATE_DAYS, rel=0.1)


def test_no_purchase_of_a_customer_is_refused_and_none_again_is_said(frame):
    guests = tables(frame, [line(None, "tea", 3)], [])
    with pytest.raises(JobError, match=r"^No customer's purchase lies in the 100 days before 2017"):
        said(repeat_purchases(guests, settings(), AS_OF))
    once = Row(items=7, repeat_items=0, buyers=9, repeat_buyers=0, gaps=0, gap_days=0)
    assert judge(once, settings(), AS_OF) == [
        "0 of 7 items were bought again: no item has gaps or rates"
    ]
