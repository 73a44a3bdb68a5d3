"""The best products of factors, against sorting them all in plain Python."""

import numpy as np
import pyarrow as pa
import pytest

from alsobought.recommend.baselines import factor_scores
from alsobought.recommend.baselines.factor_scores import ItemFactors, best_items
from alsobought.tables.recommend import FACTOR_RECOMMENDATIONS

DICE = np.random.default_rng(9)
ITEMS, CUSTOMERS, RANK = 40, 23, 3
CODES = DICE.permutation(400)[:ITEMS].astype(np.int32)
# of few values, so that many scores are equal, and exact
OF_ITEMS = DICE.integers(-2, 3, (ITEMS, RANK)).astype(np.float32)
OF_CUSTOMERS = DICE.integers(-2, 3, (CUSTOMERS, RANK)).astype(np.float32)
BOUGHT = [DICE.permutation(400)[: DICE.integers(0, 200)].astype(np.int32) for _ in range(CUSTOMERS)]


def items(count=ITEMS):
    order = DICE.permutation(count)
    columns = {
        "id": CODES[:count][order],
        "item_id": [f"item {n:02}" for n in order],
        "features": pa.array(OF_ITEMS[:count][order].tolist(), pa.list_(pa.float32())),
    }
    return ItemFactors.of(pa.table(columns))


def customers():
    return pa.RecordBatch.from_pydict(
        {
            "market": ["uk"] * CUSTOMERS,
            "customer_id": [f"c{n}" for n in range(CUSTOMERS)],
            "bought": pa.array([list(codes) for codes in BOUGHT], pa.list_(pa.int32())),
            "features": pa.array(OF_CUSTOMERS.tolist(), pa.list_(pa.float32())),
        }
    )


def by_sorting(top_k):
    scores = OF_CUSTOMERS @ OF_ITEMS.T
    rows = []
    for n in range(CUSTOMERS):
        left = [item for item in range(ITEMS) if CODES[item] not in BOUGHT[n]]
        best = sorted(left, key=lambda item: (-scores[n, item], f"item {item:02}"))[:top_k]
        rows += [
            ("uk", f"c{n}", "als", rank, f"item {item:02}", float(scores[n, item]))
            for rank, item in enumerate(best, 1)
        ]
    return rows


@pytest.mark.parametrize("top_k", [1, 7, ITEMS, 100])
@pytest.mark.parametrize("block", [1, 5 * ITEMS, 1 << 20])
def test_each_customers_best_are_those_of_sorting_all(monkeypatch, top_k, block):
    monkeypatch.setattr(factor_scores, "SCORES_PER_BLOCK", block)
    batches = list(best_items(customers(), items(), top_k))
    rows = [tuple(row.values()) for batch in batches for row in batch.to_pylist()]
    assert batches[0].schema.names == list(FACTOR_RECOMMENDATIONS.names)
    assert rows == by_sorting(top_k)


def test_without_items_there_are_no_rows():
    assert list(best_items(customers(), items(0), 3)) == []
