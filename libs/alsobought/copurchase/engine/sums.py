"""Sums of integers by key, exact."""

import numpy as np

from alsobought.copurchase.engine.envelopes import BasketSizes, ItemHistograms


def sum_by_key(keys: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    """The distinct keys, ascending, and each column's sum per key, int64."""
    distinct, at = np.unique(keys, return_inverse=True)
    sums = [np.zeros(len(distinct), np.int64) for _ in columns]
    for total, column in zip(sums, columns, strict=True):
        np.add.at(total, at, column)
    return [distinct, *sums]


def sum_histograms(rows: ItemHistograms) -> ItemHistograms:
    """Histograms in any order, with rows of the same item and others added up."""
    keys = rows.codes.astype(np.int64) << 32 | rows.others
    distinct, buyers, purchases = sum_by_key(keys, rows.buyers, rows.purchases)
    return ItemHistograms(
        (distinct >> 32).astype(np.int32), distinct & 0xFFFFFFFF, buyers, purchases
    )


def sum_sizes(rows: BasketSizes) -> BasketSizes:
    """Counts of baskets in any order, with rows of the same market and size added up."""
    keys = rows.markets.astype(np.int64) << 32 | rows.sizes
    distinct, baskets = sum_by_key(keys, rows.baskets)
    sizes = (distinct & 0xFFFFFFFF).astype(np.int32)
    return BasketSizes((distinct >> 32).astype(np.int32), sizes, baskets)
