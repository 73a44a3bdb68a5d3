"""Weights of items: by hand, against plain Python, in a world where one item says nothing."""

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from pydantic import ValidationError

from alsobought.recommend.item_lists.item_informativeness import item_informativeness, lists_day
from alsobought.recommend.item_lists.settings import ItemInformativeness
from alsobought.tables.recommend import ITEM_INFORMATIVENESS
from tests.rows import rows

AS_OF = date(2024, 3, 15)
LINES = """market string, customer_id string, order_id string, item_id string, line string,
    purchased_at timestamp, quantity double"""
LISTS = """unit string, market string, relation string, metric string, item_id string, rank int,
    related_item_id string"""
RETURNED = "market string, order_id string, item_id string, line string, returned_at timestamp"
SETTINGS = {
    "unit": "customer",
    "metric": "lift",
    "top_k": 2,
    "truth_days": 14,
    "look_back_days": 30,
    "triggers": 3,
    "bestseller_days": 10,
    "prior_hits": 2.0,
}


def settings(**changed):
    return ItemInformativeness(**{**SETTINGS, **changed})


def at(days_before_lists, hour=12):
    """A time so many days before the day of the lists; negative: after it."""
    midnight = datetime(2024, 3, 1, tzinfo=UTC)
    return midnight - timedelta(days=days_before_lists) + timedelta(hours=hour)


def line(customer, item, days, *, market="all", order=None, hour=12, number="1"):
    return (market, customer, order, item, number, at(days, hour), 1.0)


def listed(item, *related, market="all", kind=("customer", "together", "lift")):
    unit, relation, metric = kind
    return [
        (unit, market, relation, metric, item, rank, other) for rank, other in enumerate(related, 1)
    ]


def outcome_of(frame, lines, lists, asked=None, returned=None):
    table = None if returned is None else frame(RETURNED, *returned)
    purchases, related = frame(LINES, *lines), frame(LISTS, *lists)
    return item_informativeness(purchases, table, related, asked or settings(), AS_OF)


def weights(frame, *world, **more):
    return rows(ITEM_INFORMATIVENESS.conform(outcome_of(frame, *world, **more).rows))


def account(frame, *world):
    outcome = outcome_of(frame, *world)
    return outcome.judge(outcome.account.collect()[0])


TEA_AND_PEN = [*listed("tea", "cup", "pot"), *listed("pen", "ink", "map"), *listed("jam", "tea")]
BY_HAND = [
    # ann, ben and eva had tea; since, ann and ben have bought a cup or a pot, eva an ink
    line("ann", "tea", 5),
    line("ann", "cup", -1),
    line("ben", "tea", 5),
    line("ben", "pen", 4),
    line("ben", "pot", -3),
    line("eva", "tea", 20),
    line("eva", "jam", 5),
    line("eva", "ink", -2),
    # uma has bought nothing new, and zoe nothing before
    line("uma", "tea", 5),
    line("uma", "tea", -2),
    line("zoe", "cup", -5),
    # bestsellers: tea of three customers, then cup, jam and pen of one: by their ids
    line("kim", "cup", 3),
    line("kim", "cup", 2),
]


def test_by_hand(frame):
    # The first two bestsellers that they had not bought: ann's are cup and jam, and the cup is new;
    # ben's (tea, pen bought) cup and jam, eva's (tea, jam bought) cup and pen: nothing new.
    # tea: buyers 3, hits 2 (ann, ben), bestseller hits 1; pen: 1, 0, 0; jam (one place): 1, 0, 0.
    # expected: 1 * 2/1 = 2 of tea, so (2 + 2) / (2 + 2) = 1; pen and jam (0 + 2) / (0 + 2) = 1.
    assert weights(frame, BY_HAND, TEA_AND_PEN) == [
        ("all", "jam", 1, 0, 0, 1.0),
        ("all", "pen", 1, 0, 0, 1.0),
        ("all", "tea", 3, 2, 1, 1.0),
    ]
    # kim buys a jam, after tea the first bestseller that kim had not bought: usual is 2 / 2.
    # tea: 4 / 3, cup: (0 + 2) / (1 + 2), pen and jam: 1; over six triggers the mean is 10 / 9.
    more = [*BY_HAND, line("kim", "jam", -1)]
    assert weights(frame, more, [*TEA_AND_PEN, *listed("cup", "pot", "map")]) == [
        ("all", "cup", 1, 0, 1, pytest.approx(0.6)),
        ("all", "jam", 1, 0, 0, pytest.approx(0.9)),
        ("all", "pen", 1, 0, 0, pytest.approx(0.9)),
        ("all", "tea", 3, 2, 1, pytest.approx(1.2)),
    ]


def test_an_item_whose_list_has_less_than_bestsellers_weighs_less(frame):
    lists = [*listed("tea", "cup"), *listed("pen", "ink")]
    world = [
        *(line(f"tea{n}", "tea", 5) for n in range(4)),
        *(line(f"tea{n}", "cup", -1) for n in range(4)),
        *(line(f"pen{n}", "pen", 5) for n in range(4)),
        *(line(f"pen{n}", "tea", -1) for n in range(4)),
    ]
    # pen and tea have four buyers; of those of pen the first bestseller that they had not bought is
    # tea, and they buy it; those of tea buy what its list says, and no pen. usual: 4 / 4
    # tea: (4 + 2) / (0 + 2) = 3; pen: (0 + 2) / (4 + 2) = 1 / 3; their mean over 8 is 5 / 3
    of = {row[1]: row[2:] for row in weights(frame, world, lists)}
    assert of["tea"] == (4, 4, 0, pytest.approx(3 / (5 / 3)))
    assert of["pen"] == (4, 0, 4, pytest.approx((1 / 3) / (5 / 3)))
    strong = {
        row[1]: row[5] for row in weights(frame, world, lists, asked=settings(prior_hits=1e9))
    }
    assert strong == {"tea": pytest.approx(1.0), "pen": pytest.approx(1.0)}


def test_without_a_bestseller_hit_all_weigh_alike(frame):
    lists = [*listed("tea", "cup"), *listed("pen", "ink")]
    world = [line("ann", "tea", 20), line("ann", "pen", 20), line("ann", "cup", -1)]
    assert weights(frame, world, lists) == [
        ("all", "pen", 1, 0, 0, 1.0),
        ("all", "tea", 1, 1, 0, 1.0),
    ]


WINDOWS = {  # the time of the trigger tea, those of the cup, and whether the tea counts
    "usual": ((5, 12), [(-1, 12)], True),
    "first day of triggers": ((30, 0), [(-1, 12)], True),
    "a day too early": ((31, 23), [(-1, 12)], False),
    "first hour of truth": ((5, 12), [(0, 0)], True),
    "last hour of triggers": ((1, 23), [(-1, 12)], True),
    "last hour of truth": ((5, 12), [(-13, 23)], True),
    "the as-of day, which is not read": ((5, 12), [(-14, 0)], False),
    "bought before, so not new": ((5, 12), [(1, 23)], False),
    "bought long before, too": ((5, 12), [(900, 12), (-1, 12)], False),
}


def test_windows_end_where_they_say(frame):
    lines, lists = [], []
    for market, (tea, cups, _) in WINDOWS.items():
        lines += [
            line("ann", item, days, hour=hour, market=market)
            for item, (days, hour) in [("tea", tea), *(("cup", cup) for cup in cups)]
        ]
        lists += [*listed("tea", "cup", market=market), *listed("jam", "tea", market=market)]
    lines += [line("eva", "tea", 5), line(None, "cup", -1, order="1")]  # a guest's
    counted = {row[0]: row[1:4] for row in weights(frame, lines, [*lists, *listed("tea", "cup")])}
    assert counted == {market: ("tea", 1, 1) for market, case in WINDOWS.items() if case[2]}


def test_only_the_items_bought_last_are_triggers(frame):
    lists = [*listed("tea", "cup"), *listed("jam", "cup"), *listed("pen", "cup")]
    world = [
        line("ann", "tea", 9),
        line("ann", "pen", 8),
        line("ann", "jam", 9),
        line("ann", "cup", -1),
    ]
    asked = settings(triggers=2)
    assert [row[1] for row in weights(frame, world, lists, asked=asked)] == ["jam", "pen"]


def test_lists_of_another_kind_and_items_in_no_list_count_nowhere(frame):
    lists = [
        *listed("tea", "cup", "pot", "map"),
        *listed("tea", "bag", kind=("order", "together", "lift")),
        *listed("tea", "bag", kind=("customer", "after", "lift")),
        *listed("tea", "bag", kind=("customer", "together", "cosine")),
    ]
    assert weights(frame, [line("ann", "tea", 5), line("ann", "bag", -1)], lists) == []
    assert weights(frame, [line("ann", "tea", 5), line("ann", "map", -1)], lists) == []  # place 3


def test_what_was_returned_counts_as_was_known_then(frame):
    lists = [*listed("tea", "cup"), *listed("pen", "cup")]
    world = [
        line("ann", "tea", 5, order="1"),
        line("ann", "pen", 5, order="1"),
        line("ann", "cup", -1, order="2"),
        line("ben", "tea", 5, order="3"),
        line("ben", "cup", -1, order="4"),
    ]
    returned = [
        ("all", "1", "tea", "1", at(2)),  # before the day of the lists: no trigger
        ("all", "1", "pen", "1", at(-2)),  # later: it was one
        ("all", "4", "cup", "1", at(-3)),  # before the as-of day: not bought
    ]
    assert [row[1:4] for row in weights(frame, world, lists, returned=returned)] == [("pen", 1, 1)]


def test_a_shop_of_stationery_learns_that_staplers_say_nothing(frame):
    """Everybody buys a stapler; those with a camera buy a lens next, the others what all buy."""
    rng, lines = random.Random(5), []
    others = [f"item {n:02}" for n in range(40)]
    popularity = [1 / (n + 1) for n in range(40)]
    for number in range(400):
        customer = f"customer {number}"
        lines.append(line(customer, "stapler", rng.randint(1, 25)))
        lines += [
            line(customer, i, rng.randint(1, 25)) for i in rng.choices(others, popularity, k=2)
        ]
        if number % 4 == 0:
            lines += [line(customer, "camera", 5), line(customer, "lens", -rng.randint(1, 13))]
        else:
            lines.append(line(customer, rng.choices(others, popularity)[0], -3))
    lists = [
        *listed("stapler", "item 38", "item 39"),  # any, as it goes with all alike
        *listed("camera", "lens"),
        *(row for item in others for row in listed(item, *rng.sample(others, 2))),
    ]
    asked = settings(triggers=10)
    of = {row[1]: row for row in weights(frame, lines, lists, asked=asked)}
    assert of["stapler"][5] < 0.1
    assert of["camera"][5] > 20 * of["stapler"][5]
    triggers = sum(row[2] for row in of.values())
    assert sum(row[2] * row[5] for row in of.values()) / triggers == pytest.approx(1.0, rel=1e-12)


def random_world(seed):
    rng = random.Random(seed)
    items = [f"i{n}" for n in range(30)]
    popularity = [1 / (n + 3) for n in range(30)]
    lines = [
        line(
            rng.choice([None, *(f"c{n}" for n in range(60))]),
            rng.choices(items, popularity)[0],
            rng.randint(-16, 40),
            market=rng.choice("ab"),
            order=f"{n}",
            hour=rng.randrange(24),
        )
        for n in range(900)
    ]
    lists = [
        row
        for market in "ab"
        for item in items[:-2]
        for row in listed(
            item,
            *rng.sample([i for i in items[:20] if i != item], rng.randint(1, 6)),
            market=market,
        )
    ]
    gone = [(row, row[5] + timedelta(days=rng.randint(0, 9))) for row in lines[::7]]
    returned = [(row[0], *row[2:5], time) for row, time in gone if time < at(-14, 0)]
    return lines, lists, returned


def oracle(lines, lists, returned, asked):
    """{(market, item): (buyers, hits, bestseller hits, weight)}, customer by customer."""
    related, in_lists = defaultdict(list), set()
    for _, market, _, _, item, rank, other in lists:
        if rank <= asked.top_k:
            related[market, item].append(other)
            in_lists |= {(market, item), (market, other)}
    bought = defaultdict(list)
    for market, customer, item, time in counting(lines, returned):
        if (market, item) in in_lists:
            bought[market, customer].append((time, item))
    counts = defaultdict(lambda: [0, 0, 0])
    for (market, _), purchases in bought.items():
        before = {item for time, item in purchases if time < at(0, 0)}
        new = {item for _, item in purchases} - before
        best = [item for item in bestsellers(bought, market, asked) if item not in before]
        for item in newest(purchases, asked) if new else []:
            if names := related.get((market, item)):
                counts[market, item][0] += 1
                counts[market, item][1] += bool(new & {*names})
                counts[market, item][2] += bool(new & {*best[: len(names)]})
    return with_weights(counts, Fraction(asked.prior_hits))


def counting(lines, returned):
    """The customers' lines before the as-of day, as was known then; before the lists', then."""
    gone = {row[:4]: row[4] for row in returned}
    for market, customer, order, item, number, time, _ in lines:
        known_at = at(0, 0) if time < at(0, 0) else at(-14, 0)
        returned_at = gone.get((market, order, item, number), known_at)
        if customer is not None and time < at(-14, 0) and returned_at >= known_at:
            yield market, customer, item, time


def bestsellers(bought, market, asked):
    first, end = at(asked.bestseller_days, 0), at(0, 0)
    buyers = {
        (customer, item)
        for (home, customer), purchases in bought.items()
        for time, item in purchases
        if home == market and first <= time < end
    }
    return [item for item, _ in sorted(Counter(i for _, i in buyers).items(), key=most_first)]


def most_first(of_item):
    return -of_item[1], of_item[0]


def newest(purchases, asked):
    last = {}
    for time, item in sorted(purchases):
        if time < at(0, 0):
            last[item] = time
    since = at(asked.look_back_days, 0)
    ordered = sorted((-time.timestamp(), item) for item, time in last.items() if time >= since)
    return [item for _, item in ordered[: asked.triggers]]


def with_weights(counts, a):
    weighed = {}
    for market in {market for market, _ in counts}:
        of = {item: n for (home, item), n in counts.items() if home == market}
        usual = Fraction(sum(n[1] for n in of.values()), sum(n[2] for n in of.values()))
        ratios = {item: (n[1] + a) / (n[2] * usual + a) for item, n in of.items()}
        triggers = sum(n[0] for n in of.values())
        mean = sum(n[0] * ratios[item] for item, n in of.items()) / triggers
        weighed |= {(market, item): (*n, float(ratios[item] / mean)) for item, n in of.items()}
    return weighed


@pytest.mark.parametrize("seed", [1, 2])
def test_agrees_with_the_oracle_on_any_number_of_partitions(frame, spark, seed):
    lines, lists, returned = random_world(seed)
    asked = settings(triggers=4, prior_hits=1.5, top_k=5)
    expected = oracle(lines, lists, returned, asked)
    assert len(expected) > 20
    assert sum(n[1] for n in expected.values()) > 30
    weighed = weights(frame, lines, lists, asked=asked, returned=returned)
    got = {row[:2]: row[2:] for row in weighed}
    assert got == {
        key: (*counts, pytest.approx(weight, rel=1e-12))
        for key, (*counts, weight) in expected.items()
    }
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    try:
        reversed_rows = (lines[::-1], lists[::-1])
        assert weights(frame, *reversed_rows, asked=asked, returned=returned) == weighed
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")


def test_the_account_says_what_was_measured(frame):
    assert account(frame, BY_HAND, TEA_AND_PEN) == [
        "lists of 2024-03-01, and what was bought since: of 5 purchases of 3 items the item's list "
        "had 40.0%, as many bestsellers 20.0%"
    ]


def test_a_first_night_has_no_weights_and_says_so(frame):
    assert weights(frame, BY_HAND, []) == []
    assert account(frame, BY_HAND, []) == [
        "There are no related_items of 2024-03-01, 14 days before 2024-03-15: no item has a "
        "weight, so all weigh alike; run the job related_items --as-of 2024-03-01."
    ]


def test_lists_of_another_kind_and_no_triggers_are_told(frame):
    lists = listed("tea", "cup", kind=("order", "together", "lift"))
    assert account(frame, BY_HAND, lists) == [
        "related_items of 2024-03-01 has no lists by customer, together, lift: no item has a "
        "weight, so all weigh alike until it has, or others are taken in "
        "[jobs.item_informativeness]."
    ]
    assert account(frame, BY_HAND[:1], TEA_AND_PEN) == [
        "No customer bought something new from 2024-03-01 on after an item with a list: no item "
        "has a weight, so all weigh alike."
    ]
    assert lists_day(settings(), AS_OF) == date(2024, 3, 1)


@pytest.mark.parametrize("changed", [{"metric": "likes"}, {"prior_hits": 0.0}, {"unit": "box"}])
def test_settings_that_mean_nothing_are_refused(changed):
    with pytest.raises(ValidationError):
        settings(**changed)
