"""Matched rates: both margins hold, on any data; N / E is 1 where purchases are independent."""

import random

import numpy as np
import pytest

from alsobought.copurchase import matched_rates as module
from alsobought.copurchase.engine.kernels.best_candidates import expected_of
from alsobought.copurchase.engine.kernels.named_arrays import Histogram
from alsobought.copurchase.formulas import TERMS, activity_beside, fill_moments
from alsobought.copurchase.matched_rates import Classes, margins_of, matched_rates
from tests.copurchase import null_worlds
from tests.copurchase.null_worlds import Purchases, drawn, ratios
from tests.oracle import Matched


def margins(sizes, popularities):
    assert sum(sizes) == sum(popularities)
    return margins_of(*np.unique(sizes, return_counts=True), np.array(popularities))


def baskets(seed, units, items):
    """The sizes and the popularities of random baskets of the smallest items more than others."""
    dice = random.Random(seed)
    made = [
        {int(dice.paretovariate(0.7)) % items for _ in range(dice.randint(1, 2 * items))}
        for _ in range(units)
    ]
    popularity = [sum(item in basket for basket in made) for item in range(items)]
    return [len(basket) for basket in made], [n for n in popularity if n]


WORLDS = {
    "one basket": ([3], [1, 1, 1]),
    "one basket of one item": ([1], [1]),
    "baskets of one item": ([1] * 6, [1, 2, 3]),
    "an item in every basket": ([1, 2, 3, 2], [4, 3, 1]),
    "a basket of all items": ([4, 1, 1, 2], [3, 2, 2, 1]),
    "as nested as can be": ([1, 2, 3, 4], [4, 3, 2, 1]),
    "all items in all baskets": ([3, 3], [2, 2, 2]),
    **{f"random {seed}": baskets(seed, 40, 12) for seed in range(6)},
}


@pytest.mark.parametrize("name", WORLDS)
def test_the_rates_are_those_of_plain_python(name):
    sizes, popularities = WORLDS[name]
    rates, plain = matched_rates(margins(sizes, popularities)), Matched(sizes, popularities)
    shares = rates.shares(np.array(popularities))
    assert shares.tolist() == pytest.approx([plain.shares(n) for n in popularities], rel=1e-9)
    assert len(rates.activities) == len(rates.slopes) == max(sizes)
    for share, n in zip(shares, popularities, strict=True):
        for others in range(max(sizes)):
            activity = activity_beside(rates.activities[others], rates.slopes[others], share)
            assert activity == pytest.approx(plain.activity(others, n), rel=1e-8)


@pytest.mark.parametrize("name", WORLDS)
def test_chance_gives_every_item_its_units_and_every_unit_its_items(name):
    """Both margins hold within TOLERANCE, mixed with MIXED parts of independent purchases."""
    given = margins(*WORLDS[name])
    pairs = (given.sizes, given.units), (given.popularities, given.items)
    units, items = module._mixed(*(Classes(a.astype(float), b.astype(float)) for a, b in pairs))
    for side, values in ((units, given.sizes), (items, given.popularities)):
        assert (side.values <= values).all()
        assert side.values == pytest.approx(values, rel=module.MIXED)
    rates = -np.log1p(-matched_rates(given).shares(given.popularities))
    activities = module._matching(units.values, Classes(rates, items.members), units.values)
    chances = -np.expm1(-np.outer(activities, rates))
    assert chances @ items.members == pytest.approx(units.values, rel=1e-11)
    assert units.members @ chances == pytest.approx(items.values, rel=1e-10)


def test_beside_x_all_other_items_are_expected_as_often_as_there_are_others():
    sizes, popularities = baskets(1, 4_000, 60)
    rates = matched_rates(margins(sizes, popularities))
    shares = rates.shares(np.array(popularities))
    others = np.arange(1, 12)
    for x in (0, 30, -1):
        activity = np.array(
            [activity_beside(rates.activities[m], rates.slopes[m], shares[x]) for m in others]
        )
        chances = -np.expm1(np.outer(activity, np.log1p(-np.delete(shares, x))))
        assert chances.sum(axis=1) == pytest.approx(others, rel=0.01)
        uncorrected = -np.expm1(np.outer(rates.activities[others], np.log1p(-shares)))
        assert uncorrected.sum(axis=1) == pytest.approx(others, rel=1e-12)


def test_more_classes_than_are_kept_are_binned_with_a_small_error(monkeypatch):
    world = drawn(Purchases(20_000, 2_000, 12, most_lines=600), seed=0)
    sizes = np.unique(np.bincount(world.units), return_counts=True)
    given = margins_of(*sizes, np.bincount(world.items))
    exact = matched_rates(given)
    assert 128 < len(given.sizes) < len(given.popularities) <= module.CLASSES
    monkeypatch.setattr(module, "CLASSES", 128)
    binned = matched_rates(given)
    assert len(binned.rates) <= 128
    assert len(binned.activities) == len(exact.activities) == given.sizes[-1]
    chances = [
        -np.expm1(np.outer(rates.activities[1:], np.log1p(-rates.shares(given.popularities))))
        for rates in (exact, binned)
    ]
    # bins of an eighth of the width: errors of a sixty-fourth
    assert np.abs(chances[1] / chances[0] - 1).max() < 64 * 1e-5


@pytest.mark.parametrize("seed", range(3))
def test_the_series_of_real_activities_is_the_closed_form(seed):
    """Activities are above the terms of the series, so the terms left out are negligible."""
    rng = np.random.default_rng(seed)
    activities = np.sort(16 + rng.pareto(0.8, 200) * 50)
    buyers = rng.integers(1, 50, 200)
    moments = np.empty(TERMS)
    fill_moments(activities, buyers, moments)
    for share in 0.5 / activities[-1] * np.array([1, 0.3, 1e-3, 1e-6]):
        exact = -(buyers @ np.expm1(activities * np.log1p(-share)))
        got = expected_of(share, moments, Histogram(activities, buyers))
        assert got == pytest.approx(exact, rel=1e-12)


def test_few_rounds_are_enough(monkeypatch):
    world = drawn(Purchases(20_000, 2_000, 12, most_lines=600), seed=0)
    sizes = np.unique(np.bincount(world.units), return_counts=True)
    rounds, step = [], module._newton_step
    monkeypatch.setattr(module, "_newton_step", lambda *given: rounds.append(0) or step(*given))
    matched_rates(margins_of(*sizes, np.bincount(world.items)))
    assert len(rounds) <= 8


NULL = {
    "customers": Purchases(150_000, 200, 12, most_lines=600, slope=0.6),
    "30 % repeats": Purchases(150_000, 200, 12, most_lines=600, slope=0.6, repeats=0.3),
    "60 % repeats": Purchases(150_000, 200, 18, most_lines=600, slope=0.6, repeats=0.6),
    "orders": Purchases(500_000, 200, 4, most_lines=60, tail=2.5, slope=0.6),
    "a small market": Purchases(150_000, 40, 8, most_lines=80, tail=2.0, slope=0.8),
    "a cap that leaves out 1 % of the pairs": Purchases(
        150_000, 200, 12, most_lines=600, slope=0.6, cap=165
    ),
}


@pytest.mark.parametrize("name", NULL)
def test_where_purchases_are_independent_n_is_e_for_items_of_any_popularity(name):
    """Heavy tails: some units have most of the items, so sums of pairs vary by half a per cent."""
    sums = ratios(drawn(NULL[name], seed=0))
    for axis in (0, 1):
        of_groups = sums.of_groups(axis, 1_000)
        assert len(of_groups) == 10
        assert of_groups == pytest.approx(1, abs=0.01)


def test_without_what_x_itself_takes_e_would_be_too_small_beside_popular_items(monkeypatch):
    monkeypatch.setattr(
        null_worlds, "beside", np.vectorize(lambda activity, slope, share: activity)
    )
    most_popular = ratios(drawn(NULL["orders"], seed=0)).of_groups(1, 1_000)[-1]
    assert 1.01 < most_popular < 1.03
