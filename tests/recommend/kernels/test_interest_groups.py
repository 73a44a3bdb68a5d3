"""A customer's purchases by interest: two people on one account, and limits of the grouping."""

import numpy as np

from alsobought.recommend.kernels.interest_groups import interest_groups
from alsobought.recommend.kernels.list_arrays import Triggers
from alsobought.recommend.kernels.merged_scores import scratch_for
from tests.recommend.kernels.shops import lists, rules

ITEMS = 12
GARDEN, MUSIC = {6: 1.0, 7: 1.0}, {8: 1.0, 9: 1.0}
SHOP = {0: GARDEN, 1: GARDEN, 2: MUSIC, 3: MUSIC | {7: 1.0}, 4: {10: 1.0}}


def groups(items, weights=None, **changes):
    triggers = Triggers(np.array(items, np.int32), np.array(weights or [1.0] * len(items)))
    scratch = scratch_for(ITEMS, 0)
    return interest_groups(triggers, lists(SHOP, ITEMS), rules(**changes), scratch).tolist()


def test_purchases_of_two_people_are_in_two_groups_numbered_by_the_newest():
    assert groups([2, 0, 1, 3], interests=3, similarity=0.2) == [0, 1, 1, 0]


def test_an_item_without_a_list_is_in_no_group():
    assert groups([5, 0, 2], interests=3, similarity=0.2) == [-1, 0, 1]


def test_groups_become_one_from_the_similarity_on_that_is_set():
    """Lists with the item itself: {0, 6, 7} and {1, 6, 7} share two of four, so 0.5."""
    assert groups([0, 1], interests=2, similarity=0.5) == [0, 0]
    assert groups([0, 1], interests=2, similarity=0.51) == [0, 1]


def test_beyond_the_most_the_lightest_joins_what_it_is_most_similar_to():
    """Item 3 is similar to 2 (2 of 5) and a little to 0 (1 of 6); 2 is not to 0."""
    limits = {"interests": 2, "similarity": 0.9}
    assert groups([2, 0, 3], [1.0, 2.0, 0.5], **limits) == [0, 1, 0]
    assert groups([0, 2, 3], [9.0, 1.0, 9.0], **limits) == [0, 1, 1]


def test_one_group_is_all_of_them():
    assert groups([2, 0, 4, 3], interests=1, similarity=0.9) == [0, 0, 0, 0]
