"""The best items under a limit for each category are those of going over all from the best on."""

import random

import numpy as np
import pytest

from alsobought.recommend.kernels.best_items import insert
from alsobought.recommend.kernels.list_arrays import ItemFacts
from alsobought.recommend.kernels.merged_lists import chosen_for
from tests.recommend.kernels.shops import rules

ITEMS = 30


def facts(categories):
    is_true, ones = np.ones(len(categories), bool), np.ones(len(categories))
    tastes = np.empty((len(categories), 0), np.int32)
    limited = np.array(categories, np.int32)
    return ItemFacts(is_true, is_true, -ones, ones, ones, ones, limited, tastes)


def best(scores, categories, top_k, per_category):
    listed = []
    for item in sorted(range(ITEMS), key=lambda item: (-scores[item], item)):
        alike = sum(categories[other] == categories[item] for other in listed)
        has_room = per_category == 0 or categories[item] < 0 or alike < per_category
        if has_room and len(listed) < top_k:
            listed.append(item)
    return [(item, scores[item]) for item in listed]


@pytest.mark.parametrize("seed", range(60))
def test_inserted_one_by_one_in_any_order_the_same_items_stay(seed):
    dice = random.Random(seed)
    scores = [dice.choice([0.5, 1.0, 1.5, 2.0]) for _ in range(ITEMS)]
    categories = [dice.choice([-1, 0, 0, 0, 1, 2]) for _ in range(ITEMS)]
    top_k, per_category = dice.choice([1, 5, 9, 40]), dice.choice([0, 1, 2, 3])
    chosen, limits = chosen_for(top_k), rules(top_k=top_k, per_category=per_category)
    for item in dice.sample(range(ITEMS), ITEMS):
        insert(item, scores[item], facts(categories), limits, chosen)
    listed = zip(chosen.codes.tolist(), chosen.scores.tolist(), strict=True)
    assert list(listed)[: chosen.size[0]] == best(scores, categories, top_k, per_category)
