"""The arrays that the compiled loops take and return, each under its name.

Items are int32 codes from 0, the most bought first. Times are seconds from the window's first day.
|c| of a basket and an item is the number of the basket's other purchases.
"""

from typing import NamedTuple

import numpy as np

from alsobought.compiled.array_types import Floats, Int32s, Int64s


class ItemTable(NamedTuple):
    """The items that a scan has met, with room for more, and their open-addressing hash table.

    An item is a pair of hash and check; `lines` are its purchase lines. `slots` holds positions in
    those arrays, or EMPTY, and is at least twice as long as they will be filled.
    """

    slots: Int32s
    hashes: Int64s
    checks: Int64s
    lines: Int64s


class PurchaseLines(NamedTuple):
    """Purchase lines: the hash of each one's unit, the code of its item, its time, its count.

    `times` are empty where time does not matter, `counts` where each is one line of the source.
    """

    units: Int64s
    codes: Int32s
    times: Int32s
    counts: Int32s


class Baskets(NamedTuple):
    """Baskets of distinct items, one after the other, each sorted by time, then code.

    `sizes` has one entry a basket. The others have one entry an item of a basket: its code, the
    time of its first purchase, its purchase lines. `times` are empty where time does not matter,
    and `lines` where repeats do not count: each item then has one.
    """

    sizes: Int32s
    codes: Int32s
    times: Int32s
    lines: Int32s


class ItemCounts(NamedTuple):
    """Per item: the baskets that hold it, the sum of their other distinct items, its lines."""

    codes: Int32s
    buyers: Int64s
    others: Int64s
    purchases: Int64s


class BlockSizes(NamedTuple):
    """What each block receives: baskets, and items of those baskets."""

    baskets: Int64s
    entries: Int64s


class CopiedBaskets(NamedTuple):
    """Baskets without the items that are too rare for any list.

    `totals` (purchase lines of the whole basket) and `lengths` (its items that are left) have one
    entry a basket, the others one an item, as in Baskets.
    """

    totals: Int32s
    lengths: Int32s
    codes: Int32s
    times: Int32s
    lines: Int32s


class BlockBaskets(NamedTuple):
    """The copied baskets of a block: b's items are the entries bounds[b] to bounds[b + 1]."""

    totals: Int32s
    bounds: Int64s
    codes: Int32s
    times: Int32s
    lines: Int32s


class Holdings(NamedTuple):
    """Where a block's items lie: items[i] in the entries positions[starts[i]:starts[i + 1]].

    `baskets` are the baskets of those entries. `positions` are empty where neither times nor lines
    are looked up by them.
    """

    items: Int32s
    starts: Int64s
    positions: Int64s
    baskets: Int32s


class Lags(NamedTuple):
    """Seconds from X's first purchase to Y's: in (low, high]; high < 0: any, also before."""

    low: int
    high: int


class ItemFacts(NamedTuple):
    """What the counting knows of each item: n_x, P, the rank of its text id, n of its market."""

    buyers: Int64s
    shares: Floats
    ties: Int32s
    units: Int64s


class PairCounts(NamedTuple):
    """N and E of one item's candidates, and what orders those of equal score."""

    both: Int64s
    expected: Floats
    ties: Int32s


class Posteriors(NamedTuple):
    """Priors of N / E, a row each of alpha1, beta1, alpha2, beta2, P, and what is computed of them.

    knots[prior, score, row, column]: ln of a score, 0 where nobody has asked for it yet.
    """

    priors: Floats
    knots: Floats


NO_POSTERIORS = Posteriors(np.empty((0, 5)), np.empty((0, 0, 0, 0)))


class Selection(NamedTuple):
    """What a list keeps: pairs in at least `support` units that are among the `best` of a metric.

    `metrics` are numbers of best_candidates.NAMES. Those of the posterior take the prior_of[x] of
    each X; without them both fields are empty.
    """

    support: int
    best: int
    metrics: Int64s
    prior_of: Int32s = np.empty(0, np.int32)
    posteriors: Posteriors = NO_POSTERIORS


class Tally(NamedTuple):
    """A counter for every item that need not be cleared between two X.

    An item was seen counts[y] - base[0] times beside the current X, where that is positive.
    `met` has room for all items and lists those seen.
    """

    counts: Int32s
    base: Int64s
    met: Int32s


class Candidates(NamedTuple):
    """Items that share units with X, and N of each."""

    codes: Int32s
    both: Int64s


class OtherCounts(NamedTuple):
    """How many of X's units made so many other purchases; `others` ascend."""

    others: Int64s
    buyers: Int64s


class Histogram(NamedTuple):
    """The same as E takes it: `others` are |c|, or the activities beside X of so many items."""

    others: Floats
    buyers: Int64s


class Activities(NamedTuple):
    """Activities by the number of other items, for the matched expectation; empty: |c| counts.

    Those of market k start at values[starts[k]]; `slopes` are beside them. `market_of`: of items.
    """

    values: Floats
    slopes: Floats
    starts: Int64s
    market_of: Int32s


class PairRows(NamedTuple):
    """Room for rows of pairs: X, Y, N and E."""

    items: Int32s
    related: Int32s
    both: Int64s
    expected: Floats
