"""Bestsellers of a few lines counted by hand, and of random worlds counted in plain Python."""

from collections import Counter

import pytest

from alsobought.copurchase.settings import Lists, Markets
from alsobought.errors import JobError
from alsobought.products import Exclusions, Items
from alsobought.recommend.baselines.bestsellers import bestsellers
from alsobought.recommend.baselines.settings import Bestsellers
from alsobought.tables.recommend import BESTSELLERS
from tests.recommend.baselines import worlds
from tests.recommend.baselines.worlds import AS_OF, GROUPS, Line, ago, line, tables
from tests.rows import rows

EXCLUDE = Exclusions(ids=["postage"], patterns=["no p.*1"], attributes={"brand": ["no product"]})


def settings(**changed):
    lists = Lists(metrics=["lift"], min_support=1)
    return Bestsellers(**{"lists": lists, "days": 14, "top_k": 3, **changed})


def guest(order, item, days=1, market="uk"):
    return line(None, item, days, market, order)


def listed(outcome):
    """(market, rank, item, buyers, purchases), sorted, of rows that keep the contract."""
    conform = BESTSELLERS.conform(outcome.frame)
    kept = conform.where("customer_id IS NULL AND model = 'bestsellers' AND score = buyers")
    assert kept.count() == conform.count()
    return rows(kept.select("market", "rank", "item_id", "buyers", "purchases"))


def said(outcome):
    return outcome.judge(outcome.account.collect()[0])


@pytest.fixture
def shop(frame):
    """Two markets, and one that slept; tea has three buyers, oil and jam two."""
    lines = [
        line("ann", "tea", 1),
        line("ann", "tea", 3),  # one buyer still
        guest("7", "tea"),
        guest("7", "tea", 2),  # the same order
        guest("8", "tea"),
        line("ann", "oil", 14),
        guest("7", "oil"),
        line("ann", "jam", 1),
        line("ben", "jam", 1),
        line("ann", "salt", 1),
        line("ann", "gone", 1),
        line("ben", "gone", 1),
        line("cid", "gone", 1),
        line("cid", "gone", 1),
        line("dan", "oil", 15),  # too early
        line("dan", "oil", 0),  # too late
        guest("7", "tea", 1, "de"),
        line("eva", "tea", 40, "fr"),
    ]
    return tables(frame, lines, ["tea", "oil", "jam", "salt"])


def test_by_hand(shop):
    outcome = bestsellers(shop, settings(), AS_OF)
    assert listed(outcome) == [
        ("de", 1, "tea", 1, 1),
        ("uk", 1, "tea", 3, 5),
        ("uk", 2, "jam", 2, 2),  # as many as oil: by name
        ("uk", 3, "oil", 2, 2),
    ]
    assert said(outcome) == [
        "from 2017-11-17 on 15 purchases of 6 items in 2 markets; 4 are listed, by customers and "
        "guests' orders that bought them",
        "fr: no purchase counts from 2017-11-17 on (the last was on 2017-10-22), so it has no "
        "bestsellers",
    ]


def test_a_group_counts_a_customer_of_two_markets_once_and_orders_by_market(frame):
    lines = [
        line("ann", "tea", 1, "de"),
        line("ann", "tea", 2, "fr"),
        guest("7", "tea", 1, "de"),
        guest("7", "tea", 1, "fr"),
    ]
    markets = Markets(groups=GROUPS)
    outcome = bestsellers(tables(frame, lines, ["tea"]), settings(markets=markets), AS_OF)
    assert listed(outcome) == [
        ("EU", 1, "tea", 3, 4),
        ("de", 1, "tea", 2, 2),
        ("fr", 1, "tea", 2, 2),
    ]


@pytest.mark.parametrize("unknown_items", ["leave_out", "keep"])
def test_random_worlds_agree_with_plain_python(frame, unknown_items):
    lines = worlds.world(3)
    available = [f"item {n}" for n in range(8)] + ["no product 1", "postage"]
    lists = Lists(metrics=["lift"], min_support=1, unknown_items=unknown_items)
    asked = settings(
        lists=lists, days=30, top_k=6, items=Items(exclude=EXCLUDE), markets=Markets(groups=GROUPS)
    )
    products = {*available[:8]} | ({"unknown"} if unknown_items == "keep" else set())
    buyers, purchases = {}, Counter()
    for x in worlds.counting(lines, 30, GROUPS):
        if x.item in products:
            buyer = x.customer or (x.market, x.order)
            buyers.setdefault((x.of, x.item), set()).add(buyer)
            purchases[x.of, x.item] += 1
    ranked = sorted((market, -len(who), item) for (market, item), who in buyers.items())
    expected, nth = [], Counter()
    for market, count, item in ranked:
        nth[market] += 1
        if nth[market] <= 6:
            expected.append((market, nth[market], item, -count, purchases[market, item]))
    assert len(expected) == 24
    outcome = bestsellers(tables(frame, lines, available), asked, AS_OF)
    assert listed(outcome) == sorted(expected, key=repr)


def test_no_purchase_in_the_days_and_none_of_an_available_item(frame):
    late = [line("ann", "tea", 20)]
    with pytest.raises(JobError, match=r"^No purchase that counts lies in the 14 days before 2017"):
        said(bestsellers(tables(frame, late, ["tea"]), settings(), AS_OF))
    gone = [line("ann", "gone", 1), line("ben", "tea", 1, "de")]
    some = bestsellers(tables(frame, gone, ["tea"]), settings(), AS_OF)
    assert said(some)[1:] == [
        "uk: none of its 1 items bought is available, so it has no bestsellers"
    ]
    with pytest.raises(JobError, match=r"^None of the 1 items that were bought from 2017-11-17 on"):
        said(bestsellers(tables(frame, gone[:1], ["tea"]), settings(), AS_OF))


def test_what_was_returned_before_the_day_does_not_count(frame):
    kept = Line("uk", "ann", "1", "tea", "1", ago(3), ago(-1))
    back = Line("uk", "ben", "2", "jam", "2", ago(3), ago(1))
    outcome = bestsellers(tables(frame, [kept, back], ["tea", "jam"]), settings(), AS_OF)
    assert listed(outcome) == [("uk", 1, "tea", 1, 1)]
