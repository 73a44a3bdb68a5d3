"""What is bought again: by hand, in plain Python on random worlds, and where it was planted."""

import math
from collections import defaultdict

import numpy as np
import pytest
from pydantic import ValidationError
from pyspark.sql import functions as F

from alsobought.copurchase.settings import Lists, Markets
from alsobought.errors import JobError
from alsobought.products import Exclusions, Items
from alsobought.recommend.baselines import formulas
from alsobought.recommend.baselines.buy_again import buy_again
from alsobought.recommend.baselines.repeat_purchases import repeat_purchases
from alsobought.recommend.baselines.settings import BuyAgain, RepeatPurchases
from alsobought.tables.recommend import BUY_AGAIN, REPEAT_PURCHASES
from tests.recommend.baselines import repeat_oracle, worlds
from tests.recommend.baselines.worlds import AS_OF, GROUPS, ago, line, tables

MODELS = ["repeat_probability", "atd", "pg", "mpg", "most_bought"]
REPEATS = REPEAT_PURCHASES.ddl


def settings(**changed):
    given = {
        "lists": Lists(metrics=["lift"], min_support=1),
        "models": MODELS,
        "look_back_days": 100,
        "min_repeat_probability": 0.2,
        "top_k": 3,
    }
    return BuyAgain(**{**given, **changed})


def estimate(item, probability, gap=None, log_gap=(None, None), rates=(None, None)):
    """A row of repeat_purchases of the uk."""
    return ("uk", item, 10, 5, probability, 9, gap, *log_gap, *rates)


def listed(outcome):
    """{(market, customer, model): [(item, score, purchases, last purchase), …]}, best first."""
    lists = defaultdict(list)
    conform = BUY_AGAIN.conform(outcome.frame)
    for row in conform.sort("market", "customer_id", "model", "rank").collect():
        market, customer, model, rank, *place = row
        lists[market, customer, model].append(tuple(place))
        assert rank == len(lists[market, customer, model])
    return dict(lists)


def said(outcome):
    return outcome.judge(outcome.account.collect()[0])


TEA = estimate("tea", 0.5, 30.0, (math.log(30), 0.5), (2.0, 60.0))
JAM = estimate("jam", 0.4, 10.0, (math.log(10), 0.5), (1.0, 90.0))
RARE = estimate("rare", 0.1, 10.0, (math.log(10), 0.5), (1.0, 90.0))


@pytest.fixture
def shop(frame):
    """ann buys tea every month, and jam once; eva only what is not for sale; a guest tea."""
    lines = [
        line("ann", "tea", 90),
        line("ann", "tea", 60),
        line("ann", "tea", 30),
        line("ann", "jam", 25),
        line("ann", "jam", 25)._replace(line="again", at=ago(25, 20)),
        *(line("ann", "rare", days) for days in (4, 3, 2, 1)),
        *(line("ann", "gone", days) for days in (4, 3, 2, 1)),
        line("eva", "gone", 9),
        line(None, "tea", 8),
    ]
    return tables(frame, lines, ["tea", "jam", "rare"])


def test_by_hand(frame, shop):
    outcome = buy_again(shop, frame(REPEATS, TEA, JAM, RARE), settings(), AS_OF)
    lists = listed(outcome)
    tea, jam = (3, ago(30)), (1, ago(25, 20))
    rare = (4, ago(1))

    def once(rate):
        return rate * math.exp(-rate)

    root = 0.5 * math.sqrt(2 * math.pi)
    off = math.log(25 / 10) / 0.5
    expected = {
        "repeat_probability": [("tea", 0.5, *tea), ("jam", 0.4, *jam)],
        "atd": [
            ("tea", 0.5 / (30 * root), *tea),
            ("jam", 0.4 * math.exp(-off * off / 2) / (25 * root), *jam),
        ],
        "pg": [
            ("tea", 0.5 * once((2 + 2) / (90 + 60)), *tea),
            ("jam", 0.4 * once((0 + 1) / (25 + 90)), *jam),
        ],
        "mpg": [  # tea is due on the day; jam is past twice its gap
            ("tea", 0.5 * once((2 + 2) / (60 + 0 + 60)), *tea),
            ("jam", 0.4 * once((0 + 1) / (0 + 25 + 90)), *jam),
        ],
        "most_bought": [("rare", 4.0, *rare), ("tea", 3.0, *tea), ("jam", 1.0, *jam)],
    }
    assert lists == {
        ("uk", "ann", model): [(item, pytest.approx(score), *rest) for item, score, *rest in rows]
        for model, rows in expected.items()
    }
    assert said(outcome) == [
        "2 of 3 items are bought again by at least 20.0% of their buyers",
        "repeat_probability, atd, pg, mpg: lists for 1 of 2 customers, of 2.0 items in the mean",
        "most_bought: lists for 1 of 2 customers, of 3.0 items in the mean",
    ]


def test_purchases_fade_by_their_half_life(frame, shop):
    """Tea 60 and 30 days ago with a half-life of 30: a quarter and a half of a purchase, in what
    is left of 90 days."""
    asked = settings(models=["pg"], half_life_days=30.0)
    lists = listed(buy_again(shop, frame(REPEATS, TEA, JAM, RARE), asked, AS_OF))

    def faded(days):
        return (1 - 0.5 ** (days / 30)) * 30 / math.log(2)

    rates = {"tea": (0.75 + 2) / (faded(90) + 60), "jam": (0 + 1) / (faded(25) + 90)}
    scores = {place[0]: place[1] for place in lists["uk", "ann", "pg"]}
    assert scores == {
        "tea": pytest.approx(0.5 * rates["tea"] * math.exp(-rates["tea"])),
        "jam": pytest.approx(0.4 * rates["jam"] * math.exp(-rates["jam"])),
    }


def test_an_item_without_estimates_is_in_the_lists_that_need_none(frame, shop):
    bare = [estimate("tea", 0.5), estimate("jam", 0.5)]
    lists = listed(buy_again(shop, frame(REPEATS, *bare), settings(top_k=2), AS_OF))
    names = {model: [place[0] for place in rows] for (_, _, model), rows in lists.items()}
    assert names == {
        "repeat_probability": ["jam", "tea"],  # as likely: by name
        "most_bought": ["rare", "tea"],
    }


@pytest.mark.parametrize("half_life", [None, 20.0])
def test_random_worlds_agree_with_plain_python(frame, half_life):
    drawn = worlds.world(6, lines=600)
    available = [f"item {n}" for n in range(8)] + ["no product 1", "postage"]
    shared = {
        "look_back_days": 60,
        "items": Items(exclude=Exclusions(ids=["postage"], attributes={"brand": ["no product"]})),
        "markets": Markets(groups=GROUPS),
    }
    given = tables(frame, drawn, available)
    repeats = repeat_purchases(given, RepeatPurchases(shrinkage=2.0, **shared), AS_OF).frame
    asked = settings(min_repeat_probability=0.3, top_k=4, half_life_days=half_life, **shared)
    lists = listed(buy_again(given, repeats, asked, AS_OF))

    def is_product(item):
        return item not in ("postage", "no product 1")

    days = worlds.days_of(worlds.counting(drawn, 60, GROUPS, is_product))
    estimates = repeat_oracle.estimates(days, 2.0)
    expected = defaultdict(list)
    for (market, customer, item), of_pair in days.items():
        if item in available:
            of_item = estimates[market, item]
            for model, score in repeat_oracle.scores(of_pair, of_item, half_life).items():
                if model == "most_bought" or of_item[2] >= 0.3:
                    expected[market, customer, model].append((-score, item, len(of_pair)))
    names = {
        key: [(item, n) for _, item, n in sorted(places)[:4]] for key, places in expected.items()
    }
    assert len(names) > 100
    assert {key: [(p[0], p[2]) for p in places] for key, places in lists.items()} == names
    best = {key: -min(places)[0] for key, places in expected.items()}
    # the oracle sums hours
    near = 1e-6 if half_life else 1e-9
    assert {key: places[0][1] for key, places in lists.items()} == pytest.approx(best, rel=near)


def test_a_customers_own_rate_is_recovered_within_a_tenth(spark):
    """Of customers who buy every 20, 40 and 80 days for years; the item's mean is 30 days."""
    gaps = [20, 40, 80]
    lasting = spark.createDataFrame([(1440 // gap, 1440) for gap in gaps], "n int, t int")
    rate = formulas.posterior_rate(F.col("n"), F.col("t"), F.lit(2.0), F.lit(60.0))
    days = [row["days"] for row in lasting.select((1 / rate).alias("days")).collect()]
    assert days == pytest.approx(gaps, rel=0.1)


def test_planted_rates_are_recovered_within_a_tenth_where_purchases_fade(spark):
    """Of customers who buy at random for two years, every 20, 40 and 80 days in the mean; and of
    those who bought every 80 days in the first of them, and every 20 in the second."""
    dice = np.random.default_rng(8)
    gaps = [(20, 20), (40, 40), (80, 80), (80, 20)]
    rows = [
        (n, sorted({-730, *bought(dice, old, -730, -365), *bought(dice, new, -365, 0)}))
        for n, (old, new) in enumerate(gaps)
        for _ in range(1000)
    ]
    days = F.col("days")
    evidence = (
        formulas.faded_repeats(days, F.lit(0), 90.0),
        formulas.faded_days(-F.element_at("days", 1), 90.0),
    )
    rate = formulas.posterior_rate(*evidence, F.lit(0.1), F.lit(4.0))
    means = spark.createDataFrame(rows, "n int, days array<int>").groupBy("n").agg(F.avg(rate))
    now = [1 / row[1] for row in sorted(means.collect())]
    assert now[:3] == pytest.approx([20, 40, 80], rel=0.1)
    assert 20 < now[3] < 23  # the first year has nearly faded


def bought(dice, gap, first, end):
    """The days of purchases at a rate of one in `gap` days."""
    return dice.integers(first, end, dice.poisson((end - first) / gap)).tolist()


def test_the_timing_models_find_what_is_due(frame):
    """Six things bought every 10, 20, … days, all last bought 20 days ago: the second is due."""
    items = [(f"every {n}0", 10 * n) for n in range(1, 7)]
    lines = [line("ann", item, 20 + gap * k) for item, gap in items for k in range(360 // gap)]
    repeats = [
        estimate(item, 0.5, float(gap), (math.log(gap), 0.2), (1.0, float(gap)))
        for item, gap in items
    ]
    asked = settings(look_back_days=700, top_k=6)
    given = tables(frame, lines, [item for item, _ in items])
    lists = listed(buy_again(given, frame(REPEATS, *repeats), asked, AS_OF))
    assert lists["uk", "ann", "atd"][0][0] == "every 20"
    assert [place[0] for place in lists["uk", "ann", "pg"]] == [item for item, _ in items]
    by_mpg = {place[0]: place[1] for place in lists["uk", "ann", "mpg"]}
    by_pg = {place[0]: place[1] for place in lists["uk", "ann", "pg"]}
    ratios = {item: by_mpg[item] / by_pg[item] for item in by_pg}
    assert {item for item, ratio in ratios.items() if ratio > 1 + 1e-9} == {"every 20"}
    assert {item for item, ratio in ratios.items() if ratio < 1 - 1e-9} == {
        "every 40",
        "every 50",
        "every 60",
    }


def test_no_customer_is_refused_and_no_repeats_are_said(frame, shop):
    guests = tables(frame, [line(None, "tea", 3)], ["tea"])
    with pytest.raises(JobError, match=r"^No customer's purchase lies in the 100 days before 2017"):
        said(buy_again(guests, frame(REPEATS, TEA), settings(), AS_OF))
    with pytest.raises(
        JobError, match=r"^\[jobs\.buy_again\] needs the table repeat_purchases: add"
    ):
        buy_again(shop, None, settings(), AS_OF)
    choosy = settings(min_repeat_probability=0.9, models=["pg", "atd"])
    outcome = buy_again(shop, frame(REPEATS, TEA), choosy, AS_OF)
    assert listed(outcome) == {}
    assert said(outcome) == [
        "0 of 1 items are bought again by at least 90.0% of their buyers",
        "pg, atd: lists for 0 of 2 customers",
    ]


def test_settings_that_do_not_fit_are_refused():
    with pytest.raises(ValidationError, match="Input should be 'repeat_probability', 'atd', 'pg'"):
        settings(models=["lognormal"])
    assert settings(models=["pg", "atd", "pg"]).models == ["pg", "atd"]
    with pytest.raises(ValidationError, match="greater than 0"):
        settings(half_life_days=0.0)
