"""Are kinds of related items right? Judged by labels that they have never seen.

    python -m benchmarks.judge_kinds FOLDER

FOLDER has three Parquet files of Amazon's grocery department (McAuley et al. 2015):
amazon_grocery_interactions (user_id, item_id, time in seconds: reviews, which stand for purchases),
amazon_grocery_complement and amazon_grocery_substitute (src, dst: edges "also bought" and "also
viewed"). Reviews name no order: what a customer reviewed on one day is taken as one. There is no
catalogue, so neither titles, brands, prices nor categories can help.

Prints the AUC of complements against substitutes (an edge of both files is left out), with 95 %
intervals of a bootstrap over items, for all pairs and for those that at least one customer with two
orders has both of; and what the rule says of them, as shares.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from alsobought.compiled.array_types import Bools, Floats, Int32s, Int64s
from alsobought.related.formulas import Likeness, Ratio, Rules, is_of_kind, ratio
from alsobought.related.kernels.pair_orders import SCALE, PairCounts, count_pairs
from alsobought.related.settings import RelatedKinds
from alsobought.related.together_or_apart import lines_by_customer, pair_index

DAY = 86_400
REPLICATES = 500
DEFAULTS = {name: field.default for name, field in RelatedKinds.model_fields.items()}


class Lines(NamedTuple):
    """Reviews: customer, order (a customer's day), item, each combination once."""

    customers: Int64s
    orders: Int64s
    items: Int64s


class Labelled(NamedTuple):
    """Pairs, the item of the smaller number first, and whether they are complements."""

    first: Int64s
    second: Int64s
    is_complement: Bools


def read_lines(folder: Path) -> Lines:
    """The reviews, an order for each customer and day."""
    rows = pq.read_table(folder / "amazon_grocery_interactions.parquet")
    users, items, times = (rows[n].to_numpy() for n in ("user_id", "item_id", "time"))
    days = times // DAY
    lines = np.unique(np.stack([users, users * 100_000 + days, items], axis=1), axis=0)
    return Lines(*lines.T)


def read_pairs(folder: Path) -> Labelled:
    """The pairs of one label, each once."""

    def edges(name: str) -> Int64s:
        rows = pq.read_table(folder / f"amazon_grocery_{name}.parquet")
        ends = np.sort(np.stack([rows["src"].to_numpy(), rows["dst"].to_numpy()], axis=1), axis=1)
        keys = ends[:, 0] << 32 | ends[:, 1]
        return np.unique(keys[ends[:, 0] != ends[:, 1]])

    complements, substitutes = edges("complement"), edges("substitute")
    both = np.intersect1d(complements, substitutes)
    keys = np.setdiff1d(np.union1d(complements, substitutes), both)
    print(
        f"{len(complements):,} complements, {len(substitutes):,} substitutes; {len(both):,} are "
        f"both and left out"
    )
    return Labelled(keys >> 32, keys & 0xFFFFFFFF, np.isin(keys, complements))


def orders_of_both(lines: Lines, pairs: Labelled) -> tuple[PairCounts, Floats]:
    """The counts of together_or_apart, and the expected orders."""
    index = pair_index(pairs.first, pairs.second)
    places = np.searchsorted(index.hashes, lines.items)
    is_coded = index.hashes[np.minimum(places, len(index.hashes) - 1)] == lines.items
    codes = places[is_coded].astype(np.int32)
    rows = lines_by_customer(lines.customers[is_coded], lines.orders[is_coded], codes)
    counts = PairCounts(*(np.zeros(len(pairs.first), np.int64) for _ in PairCounts._fields))
    count_pairs(rows, index.pairs, counts)
    return counts, counts.expected / SCALE


def lifts(units: Int64s, items: Int64s, pairs: Labelled) -> tuple[Floats, Floats, Floats]:
    """N, E and the Pearson residual of the pairs, of units that hold items.

    E to the first order, P_Y times the other items of X's units.
    """
    order = np.lexsort((units, items))
    units, items = units[order], items[order]
    _, unit_of, sizes = np.unique(units, return_inverse=True, return_counts=True)
    starts = np.searchsorted(items, np.arange(max(items.max(), pairs.second.max()) + 2))
    others = np.concatenate([[0.0], np.cumsum(sizes[unit_of] - 1.0)])
    of_x = others[starts[pairs.first + 1]] - others[starts[pairs.first]]
    shares = np.diff(starts) / len(items)
    expected = of_x * shares[pairs.second]
    both = np.array(
        [
            len(np.intersect1d(units[slice(*x)], units[slice(*y)], assume_unique=True))
            for x, y in zip(_spans(starts, pairs.first), _spans(starts, pairs.second), strict=True)
        ],
        np.float64,
    )
    return both, expected, (both - expected) / np.sqrt(np.maximum(expected, 1e-9))


def _spans(starts: Int64s, items: Int64s) -> Iterator[tuple[int, int]]:
    return zip(starts[items].tolist(), starts[items + 1].tolist(), strict=True)


def auc(scores: Floats, is_positive: Bools, weights: Floats) -> float:
    """The chance that a positive has the larger score of two; a tie is half a win."""
    ranks = np.unique(scores, return_inverse=True)[1]
    positive = np.bincount(ranks, weights * is_positive)
    negative = np.bincount(ranks, weights * ~is_positive)
    below = np.cumsum(negative) - negative
    return float(positive @ (below + negative / 2) / (positive.sum() * negative.sum()))


def in_words(scores: Floats, pairs: Labelled, of: Bools) -> str:
    """The AUC of the pairs with its interval, by a Poisson bootstrap over their first items."""
    scores, is_positive = scores[of], pairs.is_complement[of]
    items = np.unique(pairs.first[of], return_inverse=True)[1]
    draws = np.random.default_rng(1).poisson(1.0, (REPLICATES, items.max() + 1)).astype(float)
    drawn = [auc(scores, is_positive, draw[items]) for draw in draws]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{auc(scores, is_positive, np.ones(len(scores))):.3f} [{low:.3f}, {high:.3f}]"


def kinds_of(bounds: Ratio, customer_lift: Floats) -> Int32s:
    """The kind of each pair by the default settings, without a catalogue."""
    nothing = np.zeros(len(customer_lift), bool)
    like = Likeness(*[nothing] * 5, np.ones(len(nothing)), np.zeros(len(nothing)))
    rules = Rules(*(DEFAULTS[name] for name in Rules._fields))
    kinds = is_of_kind(bounds, customer_lift, like, rules)
    return np.select([*kinds.values()], [*kinds], "unsure")


def main(folder: Path) -> None:
    """Print what there is to judge by, AUCs and shares."""
    lines, pairs = read_lines(folder), read_pairs(folder)
    print(
        f"{len(lines.items):,} reviews, {len(np.unique(lines.orders)):,} orders (days) of "
        f"{len(np.unique(lines.customers)):,} customers"
    )
    counts, expected = orders_of_both(lines, pairs)
    normal = NormalDist().inv_cdf(DEFAULTS["confidence"])
    bounds = ratio(counts.orders, expected, normal, np.maximum)
    _, _, by_order = lifts(lines.orders, lines.items, pairs)
    both, chance, by_customer = lifts(lines.customers, lines.items, pairs)
    scores = {
        "orders / orders_expected, shrunk": np.log(bounds.mean),
        "order-unit score": by_order,
        "customer-unit score": by_customer,
        "order-unit less customer-unit score": by_order - by_customer,
    }
    groups = {
        "all pairs": np.ones(len(both), bool),
        "a customer with two orders has both": counts.customers > 0,
        "one order is expected": expected >= 1.0,
    }
    for group, of in groups.items():
        print(f"\n{group}: {of.sum():,} pairs, {pairs.is_complement[of].mean():.1%} complements")
        for name, score in scores.items():
            print(f"  {name:40} {in_words(score, pairs, of)}")
    kinds = kinds_of(bounds, both / np.maximum(chance, 1e-9))
    for kind in ("complement", "substitute", "unsure"):
        of = kinds == kind
        share = pairs.is_complement[of].mean() if of.any() else float("nan")
        print(f"said to be {kind}: {of.sum():,}, of these {share:.1%} complements by the labels")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
