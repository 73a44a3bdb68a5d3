"""The prior of the gamma-Poisson shrinker, fitted by maximum likelihood to counted pairs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from alsobought.compiled.array_types import Floats, Int64s
from alsobought.copurchase.cell_bins import Cells, cells_of, of_all_markets, of_market
from alsobought.copurchase.engine.envelopes import CellCounts
from alsobought.copurchase.gamma_poisson import USUAL, Prior, log_at_least

FEWEST_PAIRS = 200
"""A prior of five numbers is not fitted to fewer pairs."""
FEWEST_OF_MARKET = 2_000
LEAST, MOST = 1e-3, 100.0  # of each alpha and beta
LEAST_SHARE = 1e-4  # of each component
# DuMouchel's; most pairs near chance and a few far above it
STARTS = (USUAL, Prior(0.5, 0.05, 5.0, 4.0, 0.1))


class MarketPriors(NamedTuple):
    """The priors of a unit's pairs under a relation.

    of_markets: a row a market, of alpha1, beta1, alpha2, beta2, P. A market with fewer than
    FEWEST_OF_MARKET pairs has `overall`, which is that of all markets together; `pairs`: how many
    that was fitted to.
    """

    of_markets: Floats
    overall: Prior
    pairs: int


class Grid(NamedTuple):
    """Cells by the distinct values of N and E, which are far fewer: counts[i] pairs have
    both[at_both[i]] and expected[at_expected[i]]."""

    both: Floats
    expected: Floats
    at_both: Int64s
    at_expected: Int64s
    counts: Int64s


def grid_of(cells: Cells) -> Grid:
    """The cells, with their distinct values apart."""
    both, at_both = np.unique(cells.both, return_inverse=True)
    expected, at_expected = np.unique(cells.expected, return_inverse=True)
    return Grid(both, expected, at_both, at_expected, cells.counts)


def log_likelihood(prior: Prior, grid: Grid, support: int) -> float:
    """The mean of ln P(N | E, N >= support) over the pairs, all of which have N >= support.

    Pairs below the support are not counted, and those that never met would be all pairs of items.
    So each counts as drawn from N >= support: the mixture is cut off there as a whole, so that P is
    the share of pairs before the cut, as the posterior takes it.
    """
    alpha1, beta1, alpha2, beta2, share = prior
    of_cells = np.logaddexp(
        np.log(share) + _log_negative_binomial(alpha1, beta1, grid),
        np.log1p(-share) + _log_negative_binomial(alpha2, beta2, grid),
    )
    of_cells -= log_at_least(prior, support, grid.expected)[grid.at_expected]
    return float(np.average(of_cells, weights=grid.counts))


def _log_negative_binomial(alpha: float, beta: float, grid: Grid) -> Floats:
    """gamma_poisson.log_negative_binomial of all cells, each distinct value looked at once."""
    of_both = gammaln(alpha + grid.both) - gammaln(alpha) - gammaln(grid.both + 1.0)
    of_expected = -alpha * np.log1p(grid.expected / beta)
    each_time = np.log(grid.expected / (beta + grid.expected))
    of_cells: Floats = of_both[grid.at_both] + of_expected[grid.at_expected]
    of_cells += grid.both[grid.at_both] * each_time[grid.at_expected]
    return of_cells


def fit_prior(cells: Cells, support: int, starts: Sequence[Prior] = STARTS) -> Prior:
    """The prior under which the pairs are likeliest; the first component has the larger mean.

    `USUAL` for fewer than FEWEST_PAIRS. The same for the same cells in the same order.
    Cost: about 0.1 us a cell and step, some hundreds of steps a start.
    """
    if cells.counts.sum() < FEWEST_PAIRS:
        return USUAL
    grid = grid_of(cells)
    climbs = [_climb(grid, support, start) for start in starts]
    prior, _ = max(climbs, key=lambda climb: climb[1])
    alpha1, beta1, alpha2, beta2, share = prior
    if alpha1 / beta1 >= alpha2 / beta2:
        return prior
    return Prior(alpha2, beta2, alpha1, beta1, 1.0 - share)


def fit_priors(counted: CellCounts, markets: int, support: int) -> MarketPriors:
    """The prior of each market; all pairs have N >= support, and bins ascend.

    Cost: one fit for all, and one that starts there for each market with enough pairs.
    """
    all_pairs = int(counted.counts.sum())
    overall = fit_prior(cells_of(of_all_markets(counted)), support)
    of_markets = np.tile(np.array(overall), (markets, 1))
    for market in range(markets):
        pairs = of_market(counted, market)
        if FEWEST_OF_MARKET <= pairs.counts.sum() < all_pairs:
            of_markets[market] = fit_prior(cells_of(pairs), support, [overall])
    return MarketPriors(of_markets, overall, all_pairs)


def _climb(grid: Grid, support: int, start: Prior) -> tuple[Prior, float]:
    """The nearest peak of the likelihood, and its height."""
    from scipy.optimize import minimize  # half a second that few jobs need

    def loss(point: Floats) -> float:
        return -log_likelihood(_prior_at(point), grid, support)

    odds = np.log(start.share / (1.0 - start.share))
    logs = np.clip(np.log(start[:4]), np.log(LEAST), np.log(MOST))
    most_odds = np.log(1.0 / LEAST_SHARE - 1.0)
    peak = minimize(
        loss,
        np.append(logs, odds),
        method="L-BFGS-B",
        bounds=[(np.log(LEAST), np.log(MOST))] * 4 + [(-most_odds, most_odds)],
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7},
    )
    return _prior_at(peak.x), -float(peak.fun)


def _prior_at(point: Floats) -> Prior:
    """A prior of logarithms and log odds."""
    alpha1, beta1, alpha2, beta2 = map(float, np.exp(point[:4]))
    return Prior(alpha1, beta1, alpha2, beta2, float(1.0 / (1.0 + np.exp(-point[4]))))
