"""Drafts of plans, from counts by hand: 1,000 customers of 2 items, one of 4,096."""

from dataclasses import replace

import numpy as np
import pytest

from alsobought.copurchase.engine.envelopes import BasketSizes, MarketCounts, SizeCounts
from alsobought.copurchase.engine.kernels.basket_arrays import DROPPED
from alsobought.copurchase.engine.layout import CountedUnit
from alsobought.copurchase.engine.stages.pack import SIZE_CLASSES
from alsobought.copurchase.engine.stages.plan import (
    NO_BLOCK,
    Limits,
    Planner,
    activity_bytes,
    item_bytes,
)
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.copurchase.relations import TOGETHER, Relation
from alsobought.errors import JobError

SUPPORT, CORES = 2, 2
UNIT = CountedUnit("customer", 9_999, (TOGETHER,), count_repeats=False)
REPEATS = replace(UNIT, count_repeats=True)
AFTER = replace(UNIT, relations=(TOGETHER, Relation("after", 0, 60)))


def sizes(small, large):
    """A count of the units with 2 items (class 1) and of those with 4,096 (class 12)."""
    counts = np.zeros(SIZE_CLASSES, np.int64)
    counts[1], counts[12] = small, large
    return counts


@pytest.fixture
def totals():
    """5,000 items with two buyers each."""
    items, pairs = 5_000, sizes(1_000, 4_096 * 4_095 // 2)
    buyers = np.full(items, 2)
    by_size = SizeCounts(sizes(1_000, 1), sizes(2_000, 4_096), sizes(0, 0), pairs, pairs)
    by_market = MarketCounts(*map(np.array, ([1_001], [6_096], [6_096], [6_096])))
    return Totals("customer", by_market, by_size, buyers, np.full(items, 4_095), buyers)


def planner(totals, task_bytes, unit=UNIT, support=SUPPORT):
    return Planner(totals, unit, Limits(support, CORES, task_bytes, item_bytes=5_000 * 80))


def test_a_draft_that_fits_by_its_bound_is_final_and_needs_no_count(totals):
    at_ease = planner(totals, 64 << 20)
    draft = at_ease.first_draft()
    assert (draft.blocks, len(draft.heads), draft.is_exact) == (4, 0, False)
    assert np.bincount(draft.block_of).tolist() == [1_250] * 4
    # at most all 10,000 entries of all 1,001 baskets, twice; 2,500 holdings, a histogram of 2
    assert (
        draft.task_bytes.tolist()
        == [5_000 * 80 + 2 * (10_000 * 4 + 1_001 * 16) + 2_500 * 4 + 2 * 24] * 4
    )
    assert at_ease.is_final(draft)
    assert not at_ease.should_count_copies(draft)


@pytest.mark.parametrize(
    ("unit", "entry", "holding"),
    [(REPEATS, 8, 12), (AFTER, 8, 12), (replace(AFTER, count_repeats=True), 12, 12)],
)
def test_times_and_lines_take_memory_where_they_count(totals, unit, entry, holding):
    draft = planner(totals, 64 << 20, unit).first_draft()
    assert (
        draft.task_bytes.tolist()
        == [5_000 * 80 + 2 * (10_000 * entry + 1_001 * 16) + 2_500 * holding + 2 * 24] * 4
    )


def test_what_is_on_the_way_to_a_task_does_not_grow_with_its_baskets(totals):
    """40 million entries are 160 MB; two batches of 64 MB are on their way at a time."""
    totals.buyers[:], totals.others[:] = 8_000, 50_000
    draft = planner(totals, 1 << 30).first_draft()
    joined = 40_000_000 * 4 + 1_001 * 16
    of_items = 10_000_000 * 4 + 8_000 * 24
    assert draft.task_bytes.tolist() == [5_000 * 80 + joined + (128 << 20) + of_items] * 4


@pytest.mark.parametrize(("copies", "blocks"), [(6_000, 4), (9_000, 8)])
def test_copies_are_counted_where_the_bound_is_too_coarse_and_a_fit_is_likely(
    totals, copies, blocks
):
    """Bound: 10,000 items of baskets a block; likely: some 5,000; there is room for 7,300."""
    tight = planner(totals, 580_000, REPEATS)
    draft = tight.first_draft()
    assert tight.should_count_copies(draft)
    assert not tight.is_final(draft)
    exact = tight.with_copies(draft, np.full(4, copies))
    assert (
        exact.task_bytes.tolist()
        == [5_000 * 80 + 2 * (copies * 8 + 1_001 * 16) + 2_500 * 12 + 2 * 24] * 4
    )
    assert not tight.should_count_copies(exact)
    assert tight.is_final(exact) == (blocks == 4)
    again = tight.next_draft(exact)
    assert (again.blocks, again.is_exact) == (8, False)
    assert tight.is_final(tight.with_copies(again, np.full(8, 5_000)))


def test_copies_are_not_counted_where_no_fit_is_likely(totals):
    totals.by_size.items[12] = 8_192
    cramped = planner(totals, 535_000, REPEATS)
    draft = cramped.first_draft()
    assert not cramped.is_final(draft)
    assert not cramped.should_count_copies(draft)


def test_more_blocks_than_items_are_final_whatever_they_need(totals):
    cramped = planner(totals, 535_000)
    draft = cramped.first_draft()
    while draft.blocks <= 5_000:
        assert not cramped.is_final(cramped.with_copies(draft, np.full(draft.blocks, 1 << 30)))
        draft = cramped.next_draft(draft)
    assert cramped.is_final(cramped.with_copies(draft, np.full(draft.blocks, 1 << 30)))


def test_an_item_with_more_than_a_fair_share_of_the_work_is_a_head(totals):
    totals.others[7] = 20_000_000
    draft = planner(totals, 64 << 20).first_draft()
    assert draft.heads.tolist() == [7]
    assert draft.block_of[7] == NO_BLOCK


def test_an_item_too_rare_for_any_pair_is_dropped_unless_lags_count_it(totals):
    totals.buyers[3] = 1
    assert planner(totals, 64 << 20).first_draft().block_of[3] == DROPPED
    assert planner(totals, 64 << 20, AFTER).first_draft().block_of[3] == NO_BLOCK


def test_blocks_share_the_work_evenly(totals):
    rng = np.random.default_rng(1)
    totals.others[:] = rng.pareto(1.5, 5_000) * 10_000
    work = planner(totals, 64 << 20).first_draft().work
    assert work.max() <= 1.01 * work.min()


def test_activities_take_memory_up_to_the_largest_basket_of_every_market(totals):
    assert activity_bytes(totals) == 0
    sizes = BasketSizes(*map(np.array, ([0, 0], [2, 4_096], [1_000, 1])))
    assert activity_bytes(replace(totals, sizes=sizes)) == 4_096 * 16 + 5_000 * 4


def test_items_that_leave_no_room_for_baskets_are_refused(totals):
    with pytest.raises(JobError, match="5,000 items need 0 MB a task; there are 0"):
        planner(totals, 400_000)


def test_items_take_memory_for_themselves_for_each_unit_and_for_their_ids():
    """3 million ids of 10 bytes, with offsets of 4: as measured, 74 bytes an item, and 110."""
    assert item_bytes(3_000_000, 1, 42_000_000) == 3_000_000 * 74
    assert item_bytes(3_000_000, 2, 42_000_000) == 3_000_000 * 110
