"""What a plan is said to cost, from counts by hand: 1,000 small customers, one with 4,096 items."""

from dataclasses import replace

import numpy as np
import pytest

from alsobought.copurchase.engine.envelopes import MarketCounts, SizeCounts
from alsobought.copurchase.engine.layout import CountedUnit
from alsobought.copurchase.engine.stages import cost
from alsobought.copurchase.engine.stages.pack import SIZE_CLASSES
from alsobought.copurchase.engine.stages.plan import Limits, Planner
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.copurchase.relations import TOGETHER

SUPPORT, CORES, MEMORY = 2, 2, 64 << 20
UNIT = CountedUnit("customer", 9_999, (TOGETHER,), count_repeats=False)


def totals_of(**counts):
    """Units with 2 items (class 1) and 4,096 items (class 12); 5,000 items of two buyers."""
    by_size = SizeCounts(*(np.zeros(SIZE_CLASSES, np.int64) for _ in SizeCounts._fields))
    for name, (small, large) in counts.items():
        of_size = getattr(by_size, name)
        of_size[1], of_size[12] = small, large
    buyers = np.full(5_000, 2)
    markets = MarketCounts(*map(np.array, ([1_001], [6_096], [6_096], [6_096])))
    return Totals("customer", markets, by_size, buyers, np.full(5_000, 4_095), buyers)


@pytest.fixture
def totals():
    return totals_of(
        units=(1_000, 1),
        items=(2_000, 4_096),
        pairs_before=(1_000, 4_096 * 4_095 // 2),
        pairs=(1_000, 4_096 * 4_095 // 2),
        sampled_units=(0, 0),
    )


@pytest.fixture
def capped():
    return totals_of(
        units=(1_000, 1),
        items=(2_000, 10),
        pairs=(1_000, 45),
        sampled_units=(0, 1),
        pairs_before=(1_000, 8_386_560),
    )


def estimate(totals):
    plan = Planner(totals, UNIT, Limits(SUPPORT, CORES, MEMORY, 5_000 * 80)).first_draft()
    return cost.estimate_cost(UNIT, totals, plan, 10_000, 50)


def test_pairs_are_told_by_the_size_of_the_units_that_make_them(totals):
    assert cost.pairs_by_size(totals) == [
        ("2-3", 1_000, 1_000, 1_000, pytest.approx(1_000 / 8_387_560)),
        ("4,096-8,191", 1, 8_386_560, 8_386_560, pytest.approx(8_386_560 / 8_387_560)),
    ]


def test_one_unit_that_makes_most_pairs_is_warned_of_with_the_cap_to_set(totals):
    assert cost.warnings_of(totals, 9_999) == [
        "customer: 1 units (0.10%) with 4,096 or more items make 100% of the pairs; "
        "[baskets.max_items] customer = 4096 would leave most of those out."
    ]


def test_a_cap_that_leaves_out_most_pairs_is_warned_of(capped):
    assert cost.pairs_in_words(estimate(capped), 10) == (
        "customer: 1,001 units, 1,045 pairs; 1 units above max_items = 10 were sampled, "
        "which left out 8,386,515 pairs (100.0%)"
    )
    assert cost.warnings_of(capped, 10) == [
        "customer: max_items = 10 left out 100.0% of the pairs, so N and E of single pairs can be "
        "far from those of whole customers; [baskets.max_items] customer = 8192 would count all of "
        "them, 8,386,515 pairs more."
    ]


@pytest.mark.parametrize(("lost", "warnings"), [(10, 0), (11, 1)])
def test_a_cap_is_warned_of_where_it_leaves_out_more_than_one_pair_of_a_hundred(lost, warnings):
    counts = {"units": (100, 1), "items": (200, 40), "sampled_units": (0, 1)}
    totals = totals_of(**counts, pairs_before=(500, 500), pairs=(500, 500 - lost))
    assert len(cost.cap_warnings(totals, 40)) == warnings


def test_the_cost_of_a_plan_is_said_in_a_sentence(totals):
    of_unit = estimate(totals)
    assert (of_unit.blocks, of_unit.heads, of_unit.units, of_unit.pairs) == (4, 0, 1_001, 8_387_560)
    # 10,000 lines of 16 bytes; 2 items in 2 blocks and 4,096 in 4, 8 bytes each
    assert of_unit.shuffle_bytes == 160_000 + (2_000 * 2 + 4_096 * 4) * 8
    assert cost.cost_in_words([of_unit, of_unit], CORES, 1.0).startswith(
        "plan: 8 blocks and 0 items on their own, 1 MB to shuffle, at most 1 MB a task, about "
    )


def test_a_run_takes_what_packing_took_and_counting_slower_by_as_much_as_packing_was(totals):
    of_unit = replace(estimate(totals), packing_seconds=3.0, counting_seconds=8.0)
    packing, counting = cost.PACKING_SECONDS + 3.0, cost.COUNTING_SECONDS + 8.0
    assert cost.run_seconds([of_unit, of_unit], 2, packing) == packing + counting
    assert cost.run_seconds([of_unit, of_unit], 2, 2 * packing) == 2 * (packing + counting)
    assert cost.run_seconds([of_unit, of_unit], 2, 0.5) == 0.5 + counting  # a faster machine
    assert of_unit.core_seconds == 11.0
