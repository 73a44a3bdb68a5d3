"""Which items the prior's pairs are counted of."""

from types import SimpleNamespace

import numpy as np
import pytest

from alsobought.copurchase.engine.kernels.basket_arrays import DROPPED
from alsobought.copurchase.engine.stages import prior_cells
from alsobought.copurchase.engine.stages.plan import NO_BLOCK, BlockPlan

ITEMS = 20_000


def drawn(others):
    """A plan with a head, rare items and leads in four blocks; the sample of it; its leads."""
    rng = np.random.default_rng(1)
    block_of = rng.integers(0, 4, ITEMS).astype(np.int32)
    block_of[0], block_of[-500:] = NO_BLOCK, DROPPED
    plan = BlockPlan(block_of, 4, np.array([0], np.int32), np.ones(4), np.ones(4))
    totals = SimpleNamespace(others=np.full(ITEMS, others))
    items = SimpleNamespace(hashes=rng.integers(-(2**63), 2**63, ITEMS))
    return plan, prior_cells.sampled(plan, totals, items), block_of >= 0


def test_a_large_shop_counts_a_fiftieth_of_its_items():
    plan, sample, leads = drawn(others=1_000_000)
    chosen = sample.block_of >= 0
    assert chosen.sum() == pytest.approx(0.02 * leads.sum(), rel=0.15)
    assert (sample.block_of[chosen] == plan.block_of[chosen]).all()
    assert (sample.block_of[leads & ~chosen] == NO_BLOCK).all()
    assert (sample.block_of[~leads] == plan.block_of[~leads]).all()
    assert (len(plan.heads), len(sample.heads)) == (1, 0)


def test_a_small_shop_counts_all_and_a_medium_one_as_much_as_a_fit_needs():
    _, everything, leads = drawn(others=50)
    assert (everything.block_of >= 0).sum() == leads.sum()
    _, sample, leads = drawn(others=1_000)
    wanted = prior_cells.LEAST_WORK / 1_000
    assert (sample.block_of >= 0).sum() == pytest.approx(wanted, rel=0.1)


def test_the_sample_is_by_the_hash_of_the_item_alone():
    hashes = np.random.default_rng(2).integers(-(2**63), 2**63, 5_000)
    chosen = prior_cells._is_sampled(hashes, 0.3)
    assert 0.27 < chosen.mean() < 0.33
    assert (prior_cells._is_sampled(hashes[::-1].copy(), 0.3) == chosen[::-1]).all()
    larger = prior_cells._is_sampled(hashes, 0.5)
    assert not (chosen & ~larger).any()
