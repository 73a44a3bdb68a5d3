"""What a plan says, from counts by hand: 1,000 small customers and one with 4,096 items."""

import numpy as np
import pytest

from alsobought.copurchase.engine.pipeline import Packed, Planned
from alsobought.copurchase.engine.stages import cost, item_codes, pack, plan, replicate
from alsobought.copurchase.engine.stages.totals import SIZE_COUNTS, Totals
from alsobought.copurchase.settings import Baskets

SUPPORT, CORES, MEMORY = 2, 2, 64 << 20


def sizes(**counts):
    """by_size of units with 2 items (class 1) and 4,096 items (class 12)."""
    found = {name: np.zeros(pack.SIZES, np.int64) for name in SIZE_COUNTS}
    for name, (small, large) in counts.items():
        found[name][1], found[name][12] = small, large
    return found


@pytest.fixture
def totals():
    items = 5_000
    by_size = sizes(
        units=(1_000, 1),
        items=(2_000, 4_096),
        pairs_before=(1_000, 4_096 * 4_095 // 2),
        pairs=(1_000, 4_096 * 4_095 // 2),
        sampled_units=(0, 0),
    )
    buyers = np.full(items, 2)
    return Totals(
        "customer",
        units=np.array([1_001]),
        market_purchases=np.array([6_096]),
        holdings=np.array([6_096]),
        buyers=buyers,
        others=np.full(items, 4_095),
        purchases=buyers,
        by_size=by_size,
    )


def never(block_of, blocks):
    raise AssertionError("the bound from the totals is enough")


@pytest.mark.parametrize(("copied", "blocks"), [(6_000, 4), (9_000, 8)])
def test_what_blocks_receive_is_counted_where_the_bound_is_too_coarse(totals, copied, blocks):
    """Bound: 10,000 items of baskets a block; likely: some 5,000; there is room for 7,700."""
    asked = []

    def counted(block_of, count):
        asked.append(count)
        assert np.bincount(block_of, minlength=count).tolist() == [5_000 // count] * count
        return np.full(count, copied if count == 4 else 5_000)

    relations = [plan.Relation("together", 0, -1)]
    found = plan.blocks(totals, relations, SUPPORT, CORES, 575_000, counted)
    assert (found.blocks, asked) == (blocks, [4, 8][: blocks // 4])
    assert found.memory.max() <= 575_000


def planned(own):
    empty = np.zeros(len(own.buyers), np.int64)
    items = item_codes.Items(empty, empty, own.purchases, empty, None, [""], 0)
    relations = [plan.Relation("together", 0, -1)]
    blocks = plan.blocks(own, relations, SUPPORT, CORES, MEMORY, never)
    packed = Packed(None, items, None, [own], [relations], 0.0)
    return Planned(packed, [blocks], replicate.Tasks([blocks], CORES), CORES)


def baskets(cap):
    return Baskets(
        units=["customer"], look_back_days=9, max_items={"customer": cap}, count_repeats=False
    )


def test_pairs_are_told_by_the_size_of_the_units_that_make_them(totals):
    assert cost.by_size(totals) == [
        ("2-3", 1_000, 1_000, 1_000, pytest.approx(1_000 / 8_387_560)),
        ("4,096-8,191", 1, 8_386_560, 8_386_560, pytest.approx(8_386_560 / 8_387_560)),
    ]


def test_one_unit_that_makes_most_pairs_is_warned_of_with_the_cap_to_set(totals):
    assert cost.warnings(planned(totals), baskets(9_999)) == [
        "customer: 1 units (0.10%) with 4,096 or more items make 100% of the pairs; "
        "[baskets.max_items] customer = 4096 would leave most of those out."
    ]


def test_a_cap_that_leaves_out_most_pairs_is_warned_of(totals):
    totals.by_size.update(
        sizes(units=(1_000, 1), items=(2_000, 10), pairs=(1_000, 45), sampled_units=(0, 1),
              pairs_before=(1_000, 8_386_560))
    )  # fmt: skip
    look = cost.outlooks(planned(totals), 50)[0]
    assert cost.told(look, baskets(10)) == (
        "customer: 1,001 units, 1,045 pairs; 1 units above max_items = 10 were sampled, "
        "which left out 8,386,515 pairs (100.0%)"
    )
    assert cost.warnings(planned(totals), baskets(10)) == [
        "customer: the cap of 10 items leaves out 100% of the pairs of 1 units; "
        "raise [baskets.max_items] customer."
    ]


def test_blocks_share_the_work_evenly_and_cost_is_told(totals):
    plan_ = planned(totals)
    work = plan_.plans[0].work
    assert max(work) <= 1.01 * min(work)
    look = cost.outlooks(plan_, 50)[0]
    assert (look.blocks, look.heads, look.units, look.pairs) == (4, 0, 1_001, 8_387_560)
    assert cost.planned([look], CORES).startswith("plan: 4 blocks and 0 items on their own, ")
