"""How far expected counts are from what is counted where purchases are independent.

    python -m benchmarks.expectation [--seed 1]

Null worlds of 20,000 customers and 2,000 items, N over E by the popularity of Y, for the usual
n_x n_y / n, for shares of purchase lines and of distinct items, and for matched rates; the same on
Complete Journey, where its package is installed; how long the rates take; and, on a small world,
matched rates beside the bipartite configuration model of the package `bicm`.
"""

import argparse
import time
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from alsobought.compiled.array_types import Floats, Int64s
from alsobought.copurchase.formulas import activity_beside
from alsobought.copurchase.matched_rates import MatchedRates, margins_of, matched_rates
from benchmarks.journey import PACKAGE, lines

CUSTOMERS, ITEMS, MEAN_LINES, MOST_LINES = 20_000, 2_000, 12, 600
SMALL = (4_000, 400)
RANKS = (1, 5, 20, 100, 500)
beside = np.vectorize(activity_beside)


class Holdings(NamedTuple):
    """Distinct items of customers: holding k is `lines[k]` lines of items[k] by customers[k]."""

    customers: Int64s
    items: Int64s
    lines: Int64s


class World(NamedTuple):
    """Holdings, and what they add up to: of customers their items and lines, of items likewise."""

    holdings: Holdings
    sizes: Int64s
    totals: Int64s
    buyers: Int64s
    bought: Int64s


def world_of(customers: Int64s, items: Int64s) -> World:
    """The world of purchase lines; customers are numbered from 0, items anew."""
    _, items = np.unique(items, return_inverse=True)
    keys, counts = np.unique(customers * (items.max() + 1) + items, return_counts=True)
    held = Holdings(keys // (items.max() + 1), keys % (items.max() + 1), counts)
    return World(
        held,
        np.bincount(held.customers),
        np.bincount(held.customers, held.lines).astype(np.int64),
        np.bincount(held.items),
        np.bincount(held.items, held.lines).astype(np.int64),
    )


def independent(shape: tuple[int, int], rng: np.random.Generator, *, repeats: bool) -> World:
    """Customers of Pareto activity who draw items of Zipf popularity, with or without repeats."""
    customers, items = shape
    activity = np.floor(MEAN_LINES / 3 * (rng.pareto(1.5, customers) + 1) + rng.random(customers))
    activity = np.clip(activity, 1, min(MOST_LINES, items // 3)).astype(int)
    popularity = np.arange(1, items + 1) ** -1.0
    popularity /= popularity.sum()
    who = np.repeat(np.arange(customers), activity)
    if repeats:
        return world_of(who, rng.choice(items, len(who), p=popularity))
    waits = (rng.exponential(size=items) / popularity for _ in range(customers))
    drawn = [np.argpartition(w, n)[:n] for w, n in zip(waits, activity, strict=True)]
    return world_of(who, np.concatenate(drawn))


def counted(world: World) -> Floats:
    """N, summed over X, of every Y: the other items of its buyers."""
    held = world.holdings
    return np.bincount(held.items, world.sizes[held.customers] - 1)


def usual(world: World) -> Floats:
    """n_x n_y / n, summed over X."""
    buyers = world.buyers.astype(float)
    return buyers * (buyers.sum() - buyers) / len(world.sizes)


def by_shares(world: World, *, count_repeats: bool) -> Floats:
    """E by shares of the purchases, summed over X."""
    held = world.holdings
    of_customers, of_items = (
        (world.totals, world.bought) if count_repeats else (world.sizes, world.buyers)
    )
    own = held.lines if count_repeats else np.ones_like(held.lines)
    others = of_customers[held.customers] - own
    counts, class_of = np.unique(of_items, return_inverse=True)
    misses = np.log1p(-counts / of_items.sum())
    everything = np.zeros(len(counts))
    for number, times in zip(*np.unique(others, return_counts=True), strict=True):
        everything -= times * np.expm1(number * misses)
    with_itself = np.bincount(held.items, -np.expm1(others * misses[class_of[held.items]]))
    return np.asarray(everything[class_of] - with_itself)


def rates_of(world: World) -> MatchedRates:
    """The matched rates of all items."""
    sizes = np.unique(world.sizes[world.sizes > 0], return_counts=True)
    return matched_rates(margins_of(*sizes, world.buyers))


def by_matched_rates(world: World) -> Floats:
    """E by matched rates, summed over X: once for all X of one popularity."""
    rates, held = rates_of(world), world.holdings
    others = world.sizes[held.customers] - 1
    popularities, class_of, members = np.unique(
        world.buyers, return_inverse=True, return_counts=True
    )
    misses = np.log1p(-rates.shares(popularities))
    total = np.zeros(len(popularities))
    for x, miss in enumerate(misses):
        numbers, times = np.unique(others[class_of[held.items] == x], return_counts=True)
        activity = beside(rates.activities[numbers], rates.slopes[numbers], -np.expm1(miss))
        expected = times @ -np.expm1(np.outer(activity, misses))
        total += expected
        total[x] -= expected[x] / members[x]
    return total[class_of]


def by_popularity(of_items: Floats, world: World) -> Floats:
    """Sums over items by the rank of their popularity: groups that end at RANKS, and the rest."""
    ranks = np.empty(len(world.buyers), int)
    ranks[np.argsort(-world.buyers, kind="stable")] = np.arange(1, len(world.buyers) + 1)
    return np.bincount(np.searchsorted(RANKS, ranks), of_items)


def print_ratios(title: str, world: World) -> None:
    """N / E of every way to expect, by popularity of Y, as a table in Markdown."""
    both = by_popularity(counted(world), world)
    ways = {
        "naive n_x n_y / n": usual(world),
        "repeats true": by_shares(world, count_repeats=True),
        "repeats false, share P": by_shares(world, count_repeats=False),
        "repeats false, matched": by_matched_rates(world),
    }
    print(f"\n{title}\n\n| E | 1 | 2-5 | 6-20 | 21-100 | 101-500 | rest |\n|---|{'---|' * 6}")
    for name, expected in ways.items():
        ratios = both / by_popularity(expected, world)
        print(f"| {name} | {' | '.join(f'{ratio:.3f}' for ratio in ratios)} |")


def journey() -> World:
    """Complete Journey by household."""
    bought = lines()
    customers, items = (
        np.unique(bought[name], return_inverse=True)[1] for name in ("household_id", "product_id")
    )
    return world_of(customers, items)


def print_seconds(world: World) -> None:
    """How long the fit takes, and over how many classes."""
    began = time.perf_counter()
    rates_of(world)
    seconds = time.perf_counter() - began
    classes = [len(np.unique(values)) for values in (world.sizes, world.buyers)]
    print(f"\nRates of {classes[0]} sizes and {classes[1]} popularities: {seconds:.2f} s")


def print_beside_bicm(world: World) -> None:
    """E of pairs by matched rates, and by the bipartite configuration model over all customers."""
    if find_spec("bicm") is None:
        print("\nbicm is not installed: it comes with the extra bench.")
        return
    from bicm import BipartiteGraph

    held = world.holdings
    holds = np.zeros((len(world.sizes), len(world.buyers)), np.int64)
    holds[held.customers, held.items] = 1
    began = time.perf_counter()
    graph = BipartiteGraph(biadjacency=holds)
    graph.solve_tool(verbose=False)
    chances = graph.get_bicm_matrix()
    by_model = chances.T @ chances
    seconds = time.perf_counter() - began
    rates = rates_of(world)
    shares = rates.shares(world.buyers)
    activity = beside(
        rates.activities[world.sizes - 1][:, None], rates.slopes[world.sizes - 1][:, None], shares
    )
    misses = np.log1p(-shares)
    by_rates = np.array(
        [holds[:, x] @ -np.expm1(np.outer(activity[:, x], misses)) for x in range(len(shares))]
    )
    pairs = ~np.eye(len(shares), dtype=bool)
    both = holds.T @ holds
    ratio = (by_model / by_rates)[pairs]
    print(
        f"\nbicm, {holds.shape[0]:,} customers, {holds.shape[1]:,} items, {seconds:.1f} s: "
        f"E of bicm / matched E has quantiles 1 %, 50 %, 99 % of "
        f"{', '.join(f'{q:.3f}' for q in np.quantile(ratio, [0.01, 0.5, 0.99]))}\n"
    )
    print(f"| N / E by popularity of Y | 1 | 2-5 | 6-20 | 21-100 | 101-500 |\n|---|{'---|' * 5}")
    for name, expected in {"bicm": by_model, "matched": by_rates}.items():
        sums = [by_popularity((table * pairs).sum(axis=0), world) for table in (both, expected)]
        print(f"| {name} | {' | '.join(f'{r:.3f}' for r in sums[0] / sums[1])} |")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=1)
    rng = np.random.default_rng(parser.parse_args().seed)
    shape = (CUSTOMERS, ITEMS)
    print_ratios("Independent purchases", independent(shape, rng, repeats=True))
    print_ratios("Without any repeats", independent(shape, rng, repeats=False))
    if find_spec(PACKAGE) is not None:
        world = journey()
        print_ratios("Complete Journey by customer", world)
        print_seconds(world)
    print_beside_bicm(independent(SMALL, rng, repeats=True))


if __name__ == "__main__":
    main()
