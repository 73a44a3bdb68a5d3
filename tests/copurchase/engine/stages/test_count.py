"""E of a block's pairs by matched rates, without Spark, against plain Python."""

import random
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from alsobought.copurchase.engine.envelopes import BASKET_SIZES, rows_of
from alsobought.copurchase.engine.kernels import best_candidates, pairs
from alsobought.copurchase.engine.kernels.basket_arrays import count_per_item
from alsobought.copurchase.engine.kernels.named_arrays import (
    Baskets,
    BlockBaskets,
    Lags,
    PairRows,
    Selection,
    Tally,
)
from alsobought.copurchase.engine.layout import CountedUnit
from alsobought.copurchase.engine.stages import count, pack, plan, totals
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.relations import TOGETHER
from tests import oracle

UNIT = CountedUnit("customer", 99, (TOGETHER,), count_repeats=False, is_matched=True)
MARKETS, PER_MARKET = "ab", 12
ITEMS = len(MARKETS) * PER_MARKET


def lines():
    """What 60 customers of two markets buy, the first items more than others."""
    dice = random.Random(3)
    for customer in range(60):
        market = MARKETS[customer % 2]
        for _ in range(dice.choice([1, 2, 3, 5, 9])):
            item = int(dice.paretovariate(0.8)) % PER_MARKET
            yield market, f"{customer}", None, f"{market}{item:02}", 0


def packed():
    """Their baskets; the codes of market b follow those of market a."""
    held = oracle.baskets(lines(), "customer")
    codes = [
        sorted(MARKETS.index(i[0]) * PER_MARKET + int(i[1:]) for i in b) for b in held.values()
    ]
    empty = np.empty(0, np.int32)
    sizes = np.array([len(basket) for basket in codes], np.int32)
    return Baskets(sizes, np.concatenate(codes).astype(np.int32), empty, empty)


def totals_of(baskets, market_of):
    """What the parts' counts add up to, when half of the baskets are in each."""
    some = baskets.sizes[: len(baskets.sizes) // 2]
    cut = some.sum()
    parts = (
        baskets._replace(sizes=some, codes=baskets.codes[:cut]),
        baskets._replace(sizes=baskets.sizes[len(some) :], codes=baskets.codes[cut:]),
    )
    batches = [
        pack.PACKED.row(BASKET_SIZES, pack._basket_sizes(part, market_of), part=0) for part in parts
    ]
    sizes = totals._sum_sizes(list(rows_of(batches)))
    counts = count_per_item(baskets, ITEMS)
    items = Items(*[np.empty(0)] * 4, None, pa.array([*MARKETS]), 0)
    of_unit = totals._zeros("customer", replace(items, ties=market_of, markets=market_of))
    of_unit.buyers[counts.codes] = counts.buyers
    np.add.at(of_unit.markets.units, sizes.markets, sizes.baskets)
    return replace(of_unit, purchases=of_unit.buyers, sizes=sizes)


def test_expected_counts_of_two_markets_are_those_of_plain_python():
    baskets, market_of = packed(), np.repeat([0, 1], PER_MARKET).astype(np.int32)
    of_unit = totals_of(baskets, market_of)
    block_of = np.zeros(ITEMS, np.int32)
    blocks = plan.BlockPlan(block_of, 1, np.empty(0, np.int32), np.zeros(1), np.zeros(1))
    ties = np.arange(ITEMS, dtype=np.int32)
    items = Items(ties, market_of, ties, ties, pa.array([]), pa.array([*MARKETS]), 0)
    facts = count.facts_of(UNIT, of_unit, blocks, 0, items)
    bounds = np.append(0, np.cumsum(baskets.sizes, dtype=np.int64))
    block = BlockBaskets(baskets.sizes, bounds, *baskets[1:])
    selection = Selection(1, ITEMS, np.array([best_candidates.NAMES.index("lift")]))
    kinds = (np.int32, np.int32, np.int64, np.float64)
    out = PairRows(*(np.empty(ITEMS * ITEMS, kind) for kind in kinds))
    tally = Tally(np.zeros(ITEMS, np.int32), np.ones(1, np.int64), np.empty(ITEMS, np.int32))
    written = pairs.write_best_of_block(
        pairs.find_holdings(block, block_of, 0), block, Lags(0, -1),
        facts.of_items(TOGETHER, ties), facts.activities, selection, tally, out,
    )  # fmt: skip
    names = [f"{market}{item:02}" for market in MARKETS for item in range(PER_MARKET)]
    got = {
        (names[x], names[y]): (both, expected)
        for x, y, both, expected in zip(*(column[:written] for column in out), strict=True)
    }
    want = oracle.pairs([*lines()], "customer", repeats=False, matched=True)
    assert got == {
        (x, y): (both, pytest.approx(expected, rel=1e-9))
        for (_, x, y), (both, expected, *_) in want.items()
    }
    assert len(got) > 100
