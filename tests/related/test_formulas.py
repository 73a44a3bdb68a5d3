"""Bounds on how often two items are in one order, and the kinds that follow, by hand."""

import numpy as np
import pytest

from alsobought.related.formulas import Likeness, Ratio, Rules, is_of_kind, ratio

Z = 1.6448536269514722
RULES = Rules(margin=1.25, likeness=0.5, max_price_ratio=3.0)
NOTHING_IN_COMMON = Likeness(*([False] * 5), 1.0, 0.0)
OF_ONE_CATEGORY = NOTHING_IN_COMMON._replace(is_same_category=True)
OF_OTHERS = NOTHING_IN_COMMON._replace(is_other_category=True)
ALIKE = OF_ONE_CATEGORY._replace(is_same_maker=True, likeness=0.5)


@pytest.mark.parametrize(
    ("orders", "expected", "low", "high"),
    [  # the 5 % and 95 % quantiles of Gamma(orders + 1) / (expected + 1), from a table
        (0, 0.0, 0.05129, 2.99573),
        (0, 5.0, 0.05129 / 6, 2.99573 / 6),
        (9, 4.0, 5.42541 / 5, 15.70522 / 5),
        (99, 49.0, 84.13918 / 50, 116.99697 / 50),
    ],
)
def test_the_bounds_are_quantiles_of_the_gamma_distribution(orders, expected, low, high):
    bounds = ratio(orders, expected, Z, np.maximum)
    assert bounds.mean == (orders + 1) / (expected + 1)
    assert bounds.high == pytest.approx(high, rel=0.01)
    assert bounds.low <= low * 1.001
    assert bounds.low == pytest.approx(low, rel=0.01 if orders else 0.3)


def test_no_evidence_says_nothing_however_sure_it_must_be():
    bounds = ratio(np.array([0, 0]), np.array([0.0, 0.0]), 3.5, np.maximum)
    assert bounds.low.tolist() == [0.0, 0.0]
    assert (bounds.high > 3).all()


def kind(bounds, like, customer_lift=2.0):
    """The one kind of a pair with these bounds on its ratio; unsure: none."""
    low, high = bounds
    arrays = Likeness(*(np.array([value]) for value in like))
    kinds = is_of_kind(
        Ratio(np.array([1.0]), np.array([low]), np.array([high])),
        np.array([customer_lift]),
        arrays,
        RULES,
    )
    of_pair = [name for name, is_of in kinds.items() if is_of[0]]
    assert len(of_pair) <= 1
    return of_pair[0] if of_pair else "unsure"


TOGETHER, BY_CHANCE, APART, ANYTHING = (1.3, 9.0), (0.9, 1.2), (0.1, 0.7), (0.1, 4.0)


def test_items_in_one_order_beyond_chance_are_complements_unless_of_one_category():
    assert kind(TOGETHER, NOTHING_IN_COMMON) == "complement"
    assert kind(TOGETHER, OF_OTHERS) == "complement"
    assert kind(TOGETHER, OF_ONE_CATEGORY) == "unsure"
    assert kind((1.25, 9.0), OF_OTHERS) == "unsure"


def test_items_of_one_category_are_substitutes_unless_they_may_be_bought_together():
    assert kind(BY_CHANCE, OF_ONE_CATEGORY) == kind(APART, OF_ONE_CATEGORY) == "substitute"
    assert kind(ANYTHING, OF_ONE_CATEGORY) == "unsure"
    assert kind(APART, OF_ONE_CATEGORY._replace(price=3.0)) == "substitute"
    assert kind(APART, OF_ONE_CATEGORY._replace(price=3.1)) == "unsure"


@pytest.mark.parametrize("like", [OF_OTHERS, NOTHING_IN_COMMON])
def test_other_items_are_substitutes_where_the_same_customers_buy_them_apart(like):
    assert kind(APART, like) == "substitute"
    assert kind(APART, like, customer_lift=1.25) == "unsure"
    assert kind(BY_CHANCE, like) == kind(ANYTHING, like) == "unsure"
    assert kind(APART, like._replace(is_far_category=True)) == "unsure"


@pytest.mark.parametrize("bounds", [TOGETHER, BY_CHANCE, APART, ANYTHING])
def test_variants_are_of_one_maker_and_category_with_titles_alike(bounds):
    assert kind(bounds, ALIKE) == "variant"
    assert kind(bounds, ALIKE._replace(is_same_category=False)) == "variant"  # one has none
    others = {"is_same_category": False, "is_other_category": True}
    assert kind(bounds, ALIKE._replace(**others)) != "variant"
    assert kind(bounds, ALIKE._replace(likeness=0.49)) != "variant"
    assert kind(bounds, ALIKE._replace(is_same_maker=False)) != "variant"
    without_maker = ALIKE._replace(is_same_maker=False, likeness=1.0)
    assert kind(bounds, without_maker) == "variant"
    assert kind(bounds, without_maker._replace(is_other_maker=True)) != "variant"
