"""The Poisson bootstrap over customers: weights by hash, and intervals of means and differences."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alsobought.evaluate.formulas import Floats

LEVELS = (0.025, 0.975)
MOST = 12  # a Poisson(1) number is larger once in 6e9 draws
CUMULATED = np.cumsum([math.exp(-1) / math.factorial(n) for n in range(MOST)])
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def customer_weights(customers: NDArray[np.int64], replicates: int, seed: int) -> Floats:
    """How often each customer is in each bootstrap sample: customers x (1 + replicates).

    Column 0 is 1: the customers themselves. The others are Poisson(1) numbers, each a function of
    the customer, the replicate and the seed alone: a sample is the same for every model, on any
    number of partitions. Drawing n of n customers with replacement is near to that for many
    customers, and needs no pass of its own. Source: Chamandy et al., Estimating uncertainty for
    massive data streams, 2012; the mixing function is SplitMix64 (Steele et al. 2014).
    """
    of_replicate = _mixed(np.arange(1, replicates + 1, dtype=np.uint64) + _mixed(_as_uint64(seed)))
    hashes = _mixed(customers.view(np.uint64)[:, None] ^ of_replicate[None, :])
    uniform = (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53
    weights = np.ones((len(customers), 1 + replicates))
    weights[:, 1:] = np.searchsorted(CUMULATED, uniform, side="right")
    return weights


class Estimates(NamedTuple):
    """Means over customers, each with the 2.5 % and 97.5 % quantiles over the bootstrap samples.

    NaN: there is no sample with a customer.
    """

    values: Floats
    low: Floats
    high: Floats


def estimates(sums: Floats, weights: Floats) -> Estimates:
    """The means of figures, from their sums by sample.

    sums: figures x (1 + replicates), of each customer's figure by weight; weights: the sums of the
    weights. Samples without a customer are left out. Of differences of two models' sums it gives
    the paired differences: both are of the same samples.
    """
    values = sums[:, 0] / weights[0]
    has_customers = weights[1:] > 0
    if not has_customers.any():
        nothing = np.full(len(values), np.nan)
        return Estimates(values, nothing, nothing)
    of_samples = sums[:, 1:][:, has_customers] / weights[1:][has_customers]
    return Estimates(values, *np.quantile(of_samples, LEVELS, axis=1))


def _as_uint64(seed: int) -> NDArray[np.uint64]:
    return np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 of each number: a bijection whose bits look independent."""
    z = numbers + GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed
