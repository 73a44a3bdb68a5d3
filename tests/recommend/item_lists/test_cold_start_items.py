"""Lists of new items: by hand, against plain Python, and as purchases arrive."""

import random
from collections import defaultdict
from fractions import Fraction
from itertools import cycle

import pytest
from pydantic import ValidationError

from alsobought.copurchase.scores import METRICS
from alsobought.recommend.item_lists.cold_start_items import cold_start_items
from alsobought.recommend.item_lists.settings import ColdStartItems
from alsobought.related.explanations import Evidence, score
from alsobought.tables.recommend import COLD_START_ITEMS
from tests.rows import rows

LISTS = """unit string, market string, relation string, metric string, item_id string, rank int,
    related_item_id string, score double, both bigint, expected double, buyers bigint,
    related_buyers bigint, units bigint"""
STATISTICS = "unit string, market string, item_id string, buyers bigint"
ITEMS = """item_id string, title string, brand string, category array<string>,
    is_available boolean, attributes map<string, string>"""
SETTINGS = {
    "metrics": list(METRICS),
    "prior_buyers": 10,
    "enough_buyers": 50,
    "likes": 2,
    "top_k": 3,
}
UNITS = 1_000
PHONES = ["tech", "phones"]
KIND = ("customer", "all", "together", "pearson_residual")


near = pytest.approx


def settings(**changed):
    return ColdStartItems(**{**SETTINGS, **changed})


def item(item_id, brand=None, category=PHONES, available=True):
    return (item_id, None, brand, category, available, {})


def listed(item_id, buyers, kind=KIND, **pairs):
    """An item's list: pairs are related = (N, E, n_y), in the order of their ranks."""
    return [
        (*kind, item_id, rank, related, 0.0, both, expected, buyers, related_buyers, UNITS)
        for rank, (related, (both, expected, related_buyers)) in enumerate(pairs.items(), 1)
    ]


def bought(kind=KIND, **buyers):
    return [(*kind[:2], item_id, n) for item_id, n in buyers.items()]


def outcome_of(frame, lists, statistics, items, asked=None):
    return cold_start_items(
        frame(LISTS, *lists), frame(STATISTICS, *statistics), frame(ITEMS, *items),
        asked or settings(),
    )  # fmt: skip


def made(frame, *world):
    """The rows without their kind, which is one."""
    conformed = COLD_START_ITEMS.conform(outcome_of(frame, *world).rows)
    ordered = conformed.sort("unit", "market", "relation", "metric", "item_id", "rank")
    return [tuple(row)[4:] for row in ordered.collect()]


def test_a_new_item_has_the_list_of_its_like(frame):
    like = listed("p1", 100, case=(50, 10.0, 60), film=(20, 10.0, 200), new=(9, 3.0, 9))
    rows_of_new = made(frame, like, bought(p1=100), [item("p1", "A"), item("new", "A")])
    # of ten units with p1, 5 would hold a case and chance has 1: (5 - 1) / 1; film: (2 - 1) / 1
    assert rows_of_new == [
        ("new", 1, "case", 4.0, 0, 5.0, 1.0, 1, "brand and category", 1.0),
        ("new", 2, "film", 1.0, 0, 2.0, 1.0, 1, "brand and category", 1.0),
    ]


def test_own_evidence_weighs_by_its_buyers(frame):
    lists = [
        *listed("p1", 100, case=(50, 10.0, 60), film=(20, 10.0, 200)),
        *listed("new", 30, case=(3, 6.0, 60), pen=(12, 6.0, 70)),
    ]
    case, film, pen = "case", "film", "pen"
    catalogue = [item("p1"), item("new")]
    # w = 30 / 40. N and E a buyer: case 0.75 * 0.1 + 0.25 * 0.5 and 0.75 * 0.2 + 0.25 * 0.1; film
    # 0.75 * 0.1 + 0.25 * 0.2 and 0.1, as chance has it for new; pen 0.75 * 0.4 + 0.25 * 0.2 and 0.2
    assert made(frame, lists, bought(p1=100, new=30), catalogue) == [
        ("new", 1, pen, near(6 / 8**0.5), 30, near(14), near(8), 1, "category", 0.0),
        ("new", 2, film, near(1 / 4**0.5), 30, near(5), near(4), 1, "category", 1.0),
        ("new", 3, case, near(1 / 7**0.5), 30, near(8), near(7), 1, "category", near(0.1 / 0.175)),
    ]  # fmt: skip


def test_no_more_units_have_both_than_have_the_related_item(frame):
    """All six units with a pen have the new item; of ten units with its like one would, too."""
    both = (6, 1.0, 6)
    lists = [*listed("p1", 60, pen=both), *listed("new", 30, pen=both)]
    asked = settings(metrics=["jaccard"])
    kind = (*KIND[:3], "jaccard")
    lists = [(*kind, *row[4:]) for row in lists]
    (row,) = made(frame, lists, bought(p1=60, new=30), [item("p1"), item("new")], asked)
    # w = 30 / 40: 6 own and 10 * 6 / 60 borrowed, of 6
    assert row[:6] == ("new", 1, "pen", near(6 / (40 + 6 - 6)), 30, 6.0)


def test_likes_are_of_the_brand_before_the_category_and_those_with_most_buyers(frame):
    lists = [
        *listed("a1", 50, y1=(10, 5.0, 20)),
        *listed("a2", 60, y2=(12, 6.0, 20)),
        *listed("a3", 60, y3=(12, 6.0, 20)),
        *listed("b1", 900, y4=(90, 45.0, 200)),
        *listed("few", 49, y5=(20, 5.0, 20)),
        *listed("off", 99, y6=(20, 5.0, 20)),
        *listed("tablet", 99, y7=(20, 5.0, 20)),
    ]
    catalogue = [
        *(item(f"a{n}", "A") for n in (1, 2, 3)),
        item("b1", "B"),
        item("few", "A"),
        item("off", "A", available=False),
        item("tablet", "A", category=["tech", "tablets"]),
        item("new a", "A"),
        item("new c", "C"),
        item("new", None),
        item("new tablet", "C", category=["tech", "tablets"]),
        item("alone", "A", category=["tech", "phones", "old"]),
        item("no category", "A", category=[]),
        item("gone", "A", available=False),
    ]
    statistics = bought(a1=50, a2=60, a3=60, b1=900, few=49, off=99, tablet=99)
    of = defaultdict(list)
    for row in made(frame, lists, statistics, catalogue):
        of[row[0]].append((row[2], row[7], row[8]))
    brand, wide = (2, "brand and category"), (2, "category")
    assert of == {
        "few": [("y5", *brand), ("y2", *brand), ("y3", *brand)],
        "new": [("y2", *wide), ("y4", *wide)],
        "new a": [("y2", *brand), ("y3", *brand)],
        "new c": [("y2", *wide), ("y4", *wide)],
        "new tablet": [("y7", 1, "category")],
    }


def test_an_unavailable_item_borrows_once_it_is_bought(frame):
    catalogue = [item("p1"), item("gone", available=False), item("never", available=False)]
    lists = listed("p1", 100, case=(50, 10.0, 60))
    statistics = bought(p1=100, gone=1)
    assert [row[0] for row in made(frame, lists, statistics, catalogue)] == ["gone"]


def test_what_is_no_product_neither_borrows_nor_lends(frame):
    asked = settings(items={"exclude": {"ids": ["p1"], "patterns": ["bag.*"]}})
    catalogue = [item("p1"), item("p2"), item("bag 3"), item("new")]
    lists = [*listed("p1", 100, case=(50, 10.0, 60)), *listed("p2", 90, film=(50, 10.0, 60))]
    # bags were products when they were counted
    statistics = bought(**{"p1": 100, "p2": 90, "bag 3": 3})
    got = made(frame, lists, statistics, catalogue, asked)
    assert [row[:3] for row in got] == [("new", 1, "film")]


def test_ties_go_to_the_smaller_id_and_a_list_has_its_places(frame):
    equal = {f"y{n}": (10, 5.0, 20) for n in (3, 1, 2, 0)}
    catalogue = [item("p1"), item("new"), item("y0")]
    got = made(frame, listed("p1", 100, **equal), bought(p1=100), catalogue)
    assert [row[2] for row in got if row[0] == "new"] == ["y0", "y1", "y2"]
    assert [row[2] for row in got if row[0] == "y0"] == ["y1", "y2", "y3"]  # never itself


def test_only_the_lists_of_the_metrics_borrow_and_lend(frame):
    lists = [
        *listed("p1", 100, case=(50, 10.0, 60)),
        *listed("p1", 100, ("order", "all", "together", "lift"), film=(50, 10.0, 60)),
    ]
    asked = settings(metrics=["lift"])
    got = made_rows(frame, lists, [], [item("p1"), item("new")], asked)
    assert [row[:7] for row in got if row[4] == "new"] == [
        ("order", "all", "together", "lift", "new", 1, "film")
    ]


def test_purchases_take_over_as_they_arrive(frame):
    """All phones go with cases; the new one's buyers buy a pen for it instead, half of them."""
    phones = {"case": (40, 8.0, 150), "film": (20, 8.0, 150)}
    lists = [*listed("p1", 80, **phones), *listed("p2", 80, **phones)]
    arrived = (0, 4, 10, 40)
    for n in arrived[1:]:
        lists += listed(f"new{n:02}", n, pen=(n // 2, 0.05 * n, 50))
    catalogue = [item(name) for name in ("p1", "p2", *(f"new{n:02}" for n in arrived))]
    statistics = bought(p1=80, p2=80, **{f"new{n:02}": n for n in arrived[1:]})
    got = made(frame, lists, statistics, catalogue, settings(top_k=3))
    of = defaultdict(list)
    for row in got:
        of[row[0]].append(row)
    assert [[row[2] for row in of[f"new{n:02}"]] for n in arrived] == [
        ["case", "film"],
        ["case", "pen", "film"],
        ["pen", "case", "film"],
        ["pen", "case", "film"],
    ]
    # a new item has just what its likes' buyers buy; then w of its evidence is its own
    assert [row[4:7] for row in of["new00"]] == [(0, 5.0, 1.0), (0, 2.5, 1.0)]
    borrowed = []
    for n in arrived:
        excess = {row[2]: row[5] - row[6] for row in of[f"new{n:02}"]}
        shares = {row[2]: row[9] for row in of[f"new{n:02}"]}
        borrowed.append(sum(shares[y] * excess[y] for y in excess) / sum(excess.values()))
    assert borrowed == [near(10 * 0.55 / (10 * 0.55 + n * 0.45)) for n in arrived]
    assert borrowed[0] == 1.0
    assert borrowed[-1] < 0.25


def random_world(seed):
    rng = random.Random(seed)
    metrics = cycle(METRICS)
    kinds = [(u, m, r, next(metrics)) for u in ("order", "customer") for m in "xy"
             for r in ("together", "after") for _ in range(2)]  # fmt: skip
    names = [f"i{n}" for n in range(40)]
    categories = [[], ["c"], ["c", "d"], ["e", "d"]]
    catalogue = [
        item(name, rng.choice([None, "A", "B", ""]), rng.choice(categories), rng.random() < 0.8)
        for name in names[:-3]
    ]
    buyers = {(u, m, i): rng.choice([0, 1, 4, 8, 12, 20, 70]) for u in ("order", "customer")
              for m in "xy" for i in names}  # fmt: skip
    lists = [
        row for kind in kinds for name in names for row in random_list(rng, kind, name, buyers)
    ]
    statistics = [(*key, n) for key, n in buyers.items() if n]
    return lists, statistics, catalogue


def random_list(rng, kind, name, buyers):
    n = buyers[*kind[:2], name]
    others = [
        y for (u, m, y), bought in buyers.items() if (u, m) == kind[:2] and bought and y != name
    ]
    pairs = {}
    for related in rng.sample(others, rng.randint(0, 5) if n else 0):
        n_y = buyers[*kind[:2], related]
        pairs[related] = (rng.randint(1, min(n, n_y)), rng.uniform(0.5, 2) * n / 16, n_y)
    return listed(name, n, kind, **pairs)


def oracle(lists, statistics, catalogue, asked):
    """The rows, item by item, in fractions."""
    of_kind, buyers_of = defaultdict(lambda: defaultdict(dict)), defaultdict(dict)
    for unit, market, name, n in statistics:
        buyers_of[unit, market][name] = n
    for *kind, name, _, related, _, both, expected, n, related_buyers, units in lists:
        rates = Fraction(both, n), Fraction(expected) / n
        of_kind[tuple(kind)][name][related] = (*rates, related_buyers, units)
    for kind, lists_of in of_kind.items():
        buyers = buyers_of[kind[:2]]
        lenders = [row for row in catalogue if row[4] and row[0] in lists_of]
        lenders = [row for row in lenders if buyers[row[0]] >= asked.enough_buyers]
        lenders.sort(key=lambda row: (-buyers[row[0]], row[0]))
        for row in catalogue:
            n = buyers.get(row[0], 0)
            likes, likeness = likes_of(row, lenders)
            if likes and n < asked.enough_buyers and (n or row[4]):
                lent = [lists_of[like] for like in likes[: asked.likes]]
                own = lists_of.get(row[0], {})
                for place in blended_list(row[0], n, own, lent, (asked, kind[3])):
                    yield (*kind, row[0], *place[:3], n, *place[3:5], len(lent), likeness, place[5])


def likes_of(row, lenders):
    of_category = [lender for lender in lenders if lender[3] == row[3] != []]
    of_brand = [lender for lender in of_category if row[2] is not None and lender[2] == row[2]]
    likes = [lender[0] for lender in (of_brand or of_category)]
    return likes, "brand and category" if of_brand else "category"


def mean_list(lent, metric, n_0, places):
    """{related: (excess, chance, n_y, n)} of the best mean evidence of lists."""
    means = {}
    for related in {y for pairs in lent for y in pairs}:
        terms = [pairs[related] for pairs in lent if related in pairs]
        excess = sum(term[0] - term[1] for term in terms) / len(lent)
        means[related] = (excess, sum(t[1] for t in terms) / len(terms), *terms[0][2:])
    best = sorted((-scored(metric, n_0, *of), y) for y, of in means.items())
    return {y: means[y] for _, y in best[:places]}


def scored(metric, n, excess, chance, related_buyers, units):
    counts = n_of(n, excess, chance, related_buyers), n * chance, n, related_buyers, units
    return score(metric, Evidence(*map(float, counts)))


def n_of(n, excess, chance, related_buyers):
    """N of n units: no more of them have Y than there are."""
    return min(n * (chance + excess), related_buyers)


def blended_list(name, n, own, lent, how):
    """(rank, related, score, N, E, borrowed share) of an item's list."""
    asked, metric = how
    n_0 = asked.prior_buyers
    borrowed = mean_list(lent, metric, n_0, asked.top_k + 1)
    w, places = Fraction(n, n + n_0), []
    for related in (own.keys() | borrowed.keys()) - {name}:
        both, chance, *counts = own.get(related, (0, 0, None, None))
        excess, like_chance, *like_counts = borrowed.get(related, (0, 0, None, None))
        parts = w * (both - chance), (1 - w) * excess
        if related in own and related in borrowed:
            chance = w * chance + (1 - w) * like_chance
        elif related in borrowed:
            chance, counts = like_chance, like_counts
        size = abs(parts[0]) + abs(parts[1])
        zero = (1 - w if related in own else 1) if related in borrowed else 0
        share = abs(parts[1]) / size if size else zero
        value = scored(metric, n + n_0, sum(parts), chance, *counts)
        n_e = n_of(n + n_0, sum(parts), chance, counts[0]), (n + n_0) * chance
        places.append((-value, related, value, *map(float, n_e), float(share)))
    for rank, (_, *place) in enumerate(sorted(places)[: asked.top_k], 1):
        yield (rank, *place)


def test_agrees_with_the_oracle_on_any_number_of_partitions(frame, spark):
    world = random_world(seed=1)
    asked = settings(enough_buyers=12, likes=3)
    expected = sorted(oracle(*world, asked), key=lambda row: row[:6])
    assert len(expected) > 500
    got = sorted(tuple(row) for row in made_rows(frame, *world, asked))
    assert [row[:7] + row[8:9] + row[11:13] for row in got] == [
        row[:7] + row[8:9] + row[11:13] for row in expected
    ]
    for column in (7, 9, 10, 13):
        assert [row[column] for row in got] == pytest.approx(
            [row[column] for row in expected], rel=1e-9, abs=1e-12
        )
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    try:
        backwards = (part[::-1] for part in world)
        assert sorted(made_rows(frame, *backwards, asked)) == got
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")


def made_rows(frame, *world):
    return rows(COLD_START_ITEMS.conform(outcome_of(frame, *world).rows))


def test_the_account_says_how_many_borrow(frame):
    def account(*world):
        outcome = outcome_of(frame, *world)
        return outcome.judge(outcome.account.collect()[0])

    lists = listed("p1", 100, case=(50, 10.0, 60))
    catalogue = [item("p1", "A"), item("new", "A"), item("other"), item("bought", "B")]
    assert account(lists, bought(p1=100, bought=3), catalogue) == [
        "items with fewer than 50 buyers that borrow evidence: 3, of these 1 from items of their "
        "brand; 2 have no buyer yet"
    ]
    assert account(lists, bought(p1=100), catalogue, settings(enough_buyers=101)) == [
        "No item with fewer than 101 buyers has a category in which one with more lends it."
    ]
    assert made(frame, [], [], catalogue) == []


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(ValidationError, match="enough_buyers must be at least prior_buyers"):
        settings(prior_buyers=51)
    with pytest.raises(ValidationError):
        settings(likes=0)
    with pytest.raises(ValidationError, match="no metric likes"):
        settings(metrics=["lift", "likes"])
