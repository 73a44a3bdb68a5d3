"""Pairs counted by market, N and E: what a prior is fitted to. Whole numbers, so sums are exact."""

from typing import NamedTuple

import numpy as np

from alsobought.compiled.array_types import Floats, Int32s, Int64s
from alsobought.copurchase.engine.envelopes import CellCounts

EXACT = 64  # an N up to this has a bin of its own; above it are STEPS for each factor of e
STEPS = 16  # bins of E for each factor of e: an E is off by 1.8 % on average
ZERO = 1 << 10  # the bin that starts at E = 1
MARKET = 32  # bits below the market's number; of these 16 are for the bin of N, 16 for that of E
BELOW = (1 << MARKET) - 1


class Cells(NamedTuple):
    """Pairs by N and E: counts[i] pairs have both[i] and, nearly, expected[i]."""

    both: Floats
    expected: Floats
    counts: Int64s


def bins_of(markets: Int32s, both: Int64s, expected: Floats) -> CellCounts:
    """Pairs by bin."""
    above = EXACT + 1 + np.floor(STEPS * np.log(np.maximum(both, EXACT + 1) / (EXACT + 1)))
    of_both = np.where(both <= EXACT, both, above).astype(np.int64)
    of_expected = np.clip(np.floor(STEPS * np.log(expected)) + ZERO, 0, 2 * ZERO).astype(np.int64)
    bins = markets.astype(np.int64) << MARKET | of_both << 16 | of_expected
    return CellCounts(*np.unique(bins, return_counts=True))


def cells_of(counted: CellCounts) -> Cells:
    """The pairs of bins, as if all lay in the middle of theirs; their markets are left out."""
    of_both, of_expected = counted.bins >> 16 & 0xFFFF, counted.bins & 0xFFFF
    above = np.round((EXACT + 1) * np.exp((of_both - EXACT - 0.5) / STEPS))
    both = np.where(of_both <= EXACT, of_both, above)
    return Cells(both, np.exp((of_expected - ZERO + 0.5) / STEPS), counted.counts)


def of_market(counted: CellCounts, market: int) -> CellCounts:
    """The pairs of one market; bins must ascend."""
    part = slice(*np.searchsorted(counted.bins, np.array([market, market + 1]) << MARKET))
    return CellCounts(counted.bins[part], counted.counts[part])


def summed(parts: list[CellCounts]) -> CellCounts:
    """Counts of the same bins added up; bins ascend."""
    if not parts:
        return CellCounts(np.empty(0, np.int64), np.empty(0, np.int64))
    bins, at = np.unique(np.concatenate([part.bins for part in parts]), return_inverse=True)
    counts = np.zeros(len(bins), np.int64)
    np.add.at(counts, at, np.concatenate([part.counts for part in parts]))
    return CellCounts(bins, counts)


def of_all_markets(counted: CellCounts) -> CellCounts:
    """The pairs by N and E alone."""
    return summed([CellCounts(counted.bins & BELOW, counted.counts)])
