"""Which relations a unit has."""

import numpy as np

from alsobought.copurchase.relations import ANY_TIME, TOGETHER, Relation, relations_of
from alsobought.copurchase.settings import After, Baskets
from alsobought.settings import MOST_DAYS

DAY = 86_400


def baskets(after):
    return Baskets(
        units=["order", "customer"],
        look_back_days=9,
        max_items={"order": 9, "customer": 9},
        count_repeats=True,
        after=after,
    )


def test_only_customers_buy_one_thing_after_another():
    after = After(within_days=60)
    assert relations_of("order", baskets(after)) == (TOGETHER,)
    assert relations_of("customer", baskets(None)) == (TOGETHER,)
    assert relations_of("customer", baskets(after)) == (TOGETHER, Relation("after", 0, 60 * DAY))


def test_lag_days_cut_the_horizon_into_buckets():
    after = After(within_days=60, lag_days=[10, 30])
    assert [(r.name, r.low, r.high) for r in relations_of("customer", baskets(after))] == [
        ("together", 0, ANY_TIME),
        ("after", 0, 60 * DAY),
        ("after_0_10d", 0, 10 * DAY),
        ("after_10_30d", 10 * DAY, 30 * DAY),
        ("after_30_60d", 30 * DAY, 60 * DAY),
    ]


def test_the_longest_window_has_just_fewer_seconds_than_32_bits_hold():
    most = np.iinfo(np.int32).max
    assert MOST_DAYS * DAY - 1 <= most < (MOST_DAYS + 1) * DAY - 1
