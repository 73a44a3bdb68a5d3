"""Matched expectation: rates under which chance gives every unit its number of items, and every
item its number of units.

Unit c with d_c distinct items has the activity a(d_c), item y of n_y units the rate b(n_y), and c
holds y by chance with probability 1 - exp(-a(d_c) b(n_y)), such that for all units and all items

    sum over y of 1 - exp(-a(d_c) b(n_y)) = d_c        sum over c of 1 - exp(-a(d_c) b(n_y)) = n_y

The logs of a and b minimise a convex function, so there is one solution, up to a factor that is
free: rates add up to RATES_SUM. Where a unit has all items, or an item is in all units, it would be
infinite. So d_c and n_y are those of the data mixed with a little independence: of 1 - MIXED parts
of what was bought, and of MIXED parts of purchases at 1 - exp(-d_c n_y / sum of d).

Source: the margins are those of the bipartite configuration model (Saracco et al. 2015); the link
is the complementary log-log, that of purchases that are drawn one by one.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from alsobought.compiled.array_types import Floats, Int64s
from alsobought.errors import JobError

MIXED = 1e-5
TOLERANCE = 1e-11  # largest relative error of a margin; rounds go on while they make it smaller
CLASSES = 1_024  # more sizes or popularities than this are binned, log-spaced
# an activity is then at least 16 times the number of items: the series of E, made for whole numbers
# of purchases, is as exact for real numbers that are above its number of terms
RATES_SUM = 2.0**-4
MOST_ROUNDS = 200
MOST_STEPS = 200
LARGEST_STEP = 1.0  # of a logarithm, in one round


class Margins(NamedTuple):
    """How many units hold so many distinct items, and how many items are in so many units.

    `sizes` and `popularities` are distinct, ascending and at least 1.
    """

    sizes: Int64s
    units: Int64s
    popularities: Int64s
    items: Int64s


class Classes(NamedTuple):
    """The members of a margin, in classes of about one value: its mean, and how many they are."""

    values: Floats
    members: Floats


@dataclass(frozen=True)
class MatchedRates:
    """The rates of one market's items by popularity, and activities by number of other items.

    activities[m] is that of m items beside one, for m up to the largest unit's; slopes[m] the sum
    of b exp(-a b) over all items at this activity: how many items more a little activity brings.
    """

    popularities: Floats
    rates: Floats
    activities: Floats
    slopes: Floats

    def shares(self, popularities: Int64s) -> Floats:
        """1 - exp(-b) of items in so many units: what E takes for their share of the purchases."""
        shares: Floats = -np.expm1(-_between(self.popularities, self.rates, popularities))
        return shares


def margins_of(sizes: Int64s, units: Int64s, popularities: Int64s) -> Margins:
    """The margins of units[i] units with sizes[i] items, of items in so many units; 0: left out."""
    return Margins(sizes, units, *np.unique(popularities[popularities > 0], return_counts=True))


def matched_rates(margins: Margins) -> MatchedRates:
    """The rates and activities that match both margins, each within TOLERANCE of the mixed one.

    Where there are more than CLASSES sizes or popularities, they are binned and what lies between
    is interpolated: E is then within 1e-5, relative.
    Cost: 6 rounds, 30 at worst, over sizes times popularities and their cubes, at most CLASSES of
    each: 40 MB and a second; 3 milliseconds for a market of 100 items.
    """
    by_size = _classes(margins.sizes, margins.units)
    by_popularity = _classes(margins.popularities, margins.items)
    units, items = _mixed(by_size, by_popularity)
    if len(items.values) < len(units.values):  # the equations of a round are those of the first
        rates, _ = _fitted(items, units)
    else:
        _, rates = _fitted(units, items)
    rates *= RATES_SUM / (rates @ by_popularity.members)
    most = int(margins.sizes[-1]) - 1
    activities, slopes = _by_others(most, Classes(rates, by_popularity.members))
    return MatchedRates(by_popularity.values, rates, activities, slopes)


def _classes(values: Int64s, counts: Int64s) -> Classes:
    """Values as they are, or in at most CLASSES bins by their logarithm, the largest on its own."""
    if len(values) <= CLASSES:
        return Classes(values.astype(float), counts.astype(float))
    logs = np.log(values)
    bins = np.floor((logs - logs[0]) / (logs[-1] - logs[0]) * (CLASSES - 1))
    _, bin_of = np.unique(bins, return_inverse=True)
    members: Floats = np.bincount(bin_of, counts).astype(float)
    return Classes(np.bincount(bin_of, values * counts.astype(float)) / members, members)


def _mixed(units: Classes, items: Classes) -> tuple[Classes, Classes]:
    """Both margins, mixed with those of independent purchases: what a finite solution matches."""
    all_items = units.values @ units.members
    independent = -np.expm1(-np.outer(units.values, items.values) / all_items)
    sizes = (1 - MIXED) * units.values + MIXED * (independent @ items.members)
    popularities = (1 - MIXED) * items.values + MIXED * (units.members @ independent)
    return Classes(sizes, units.members), Classes(popularities, items.members)


def _fitted(units: Classes, items: Classes) -> tuple[Floats, Floats]:
    """The activities and the rates that match both margins, on any scale.

    In each round the rates match the items' margin exactly, given the activities, which then take
    a Newton step towards the units' margin; where the last one has not helped, they match it given
    the rates. Raises JobError where MOST_ROUNDS are not enough, which convexity rules out.
    """
    activities, rates, last = units.values, np.zeros(len(items.values)), np.inf
    for _ in range(MOST_ROUNDS):
        rates = _matching(items.values, Classes(activities, units.members), rates)
        misses = np.expm1(-np.outer(activities, rates))
        gaps = units.values + misses @ items.members
        error = float(np.max(np.abs(gaps) / units.values))
        if error <= TOLERANCE and error >= last / 2:
            return activities, rates
        if error < last:
            weights = np.outer(units.members, items.members)
            curvature = weights * np.outer(activities, rates) * (1 + misses)
            step = _newton_step(curvature, units.members * gaps)
            activities = activities * np.exp(np.clip(step, -LARGEST_STEP, LARGEST_STEP))
        else:
            activities = _matching(units.values, Classes(rates, items.members), activities)
        last = error
    if last <= MIXED:
        return activities, rates
    raise JobError('Matched rates were not reached: set [baskets] expectation = "share".')


def _newton_step(curvature: Floats, gaps: Floats) -> Floats:
    """The change of the logs of the activities that closes the gaps, as rates follow, to first
    order; it has no part in the direction in which all grow alike, which changes nothing.

    Cost: the matrix of classes of units, solved: at most CLASSES ** 3 / 3 multiplications.
    """
    of_units = np.sqrt(np.maximum(curvature.sum(axis=1), np.finfo(float).tiny))
    of_items = np.sqrt(np.maximum(curvature.sum(axis=0), np.finfo(float).tiny))
    scaled = curvature / of_units[:, None] / of_items
    alike = of_units / np.linalg.norm(of_units)
    matrix = np.eye(len(gaps)) - scaled @ scaled.T + np.outer(alike, alike)
    step: Floats = np.linalg.solve(matrix, gaps / of_units) / of_units
    return step


def _matching(wanted: Floats, classes: Classes, start: Floats) -> Floats:
    """Each r with sum over j of members[j] (1 - exp(-r values[j])) = wanted, below their sum.

    Newton's method from `start`: from below it rises to the solution, from above it falls below.
    """
    others, members = classes
    lowest = wanted / (others @ members)
    roots, last = np.maximum(start, lowest), np.inf
    for _ in range(MOST_STEPS):
        misses = np.expm1(-np.outer(roots, others))
        gaps = wanted + misses @ members
        error = float(np.max(np.abs(gaps) / wanted))
        if error <= TOLERANCE and error >= last / 2:  # what is left is rounding
            break
        last = error
        roots = np.maximum(roots + gaps / ((1 + misses) @ (others * members)), lowest)
    return roots


def _by_others(most: int, items: Classes) -> tuple[Floats, Floats]:
    """Activities and slopes of 0 to `most` other items; items have rates as values.

    Both are solved for at most CLASSES numbers of items, log-spaced, and interpolated between.
    """
    rates, members = items
    nothing = np.zeros(1), np.array([rates @ members])
    if most == 0:
        return nothing
    nodes = np.arange(1.0, most + 1)
    if most > CLASSES:
        nodes = np.unique(np.geomspace(1, most, CLASSES).round())
    activities = _matching(nodes, items, nodes)
    slopes = np.exp(-np.outer(activities, rates)) @ (rates * members)
    numbers = np.arange(1, most + 1)
    tables = (_between(nodes, of_nodes, numbers) for of_nodes in (activities, slopes))
    return tuple(map(np.append, nothing, tables))  # type: ignore[return-value]


def _between(at: Floats, values: Floats, wanted: Int64s) -> Floats:
    """Values at ascending points, interpolated linearly in logs at the wanted ones."""
    logs: Floats = np.interp(np.log(wanted), np.log(at), np.log(values))
    return np.exp(logs)
