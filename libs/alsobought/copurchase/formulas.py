"""E, how many co-purchases chance explains: from the histogram of what X's buyers bought beside X.

Plain arithmetic on sequences, so that Python calls it as it is and Numba compiles it.
"""

import math
from collections.abc import MutableSequence, Sequence

TERMS = 12
SERIES_BELOW = 0.5  # share times the largest |c|; with 12 terms the series is then within 1e-13


def expected(share: float, others: Sequence[float], buyers: Sequence[int]) -> float:
    """Units with X that would also hold Y if each other purchase were Y with probability `share`.

        E = sum over X's buyers c of 1 - (1 - P_Y)^|c|
          = sum over i of buyers[i] * -expm1(others[i] * log1p(-P_Y))

    `others` and `buyers` are X's histogram: buyers[i] units made others[i] = |c| other purchases.
    `share` is P_Y, in [0, 1). The result is in [0, n_x] and stable for heavy buyers. Under the
    matched expectation |c| is the activity beside X and P_Y is 1 - exp(-b_Y) (`matched_rates`).

    Source: Linden, Smith & York 2003, corrected in Smith & Linden, IEEE Internet Computing 2017.
    """
    log_miss = math.log1p(-share)
    total = 0.0
    for i in range(len(others)):
        total -= buyers[i] * math.expm1(others[i] * log_miss)
    return total


def fill_moments(
    others: Sequence[float], buyers: Sequence[int], moments: MutableSequence[float]
) -> None:
    """Set moments[k - 1] to S_k = sum over X's buyers of C(|c|, k), for k = 1..TERMS.

    |c| is whole, or above TERMS: the terms that are left out are negligible for both.
    """
    for k in range(TERMS):
        moments[k] = 0.0
    for i in range(len(others)):
        ways = float(buyers[i])
        for k in range(TERMS):
            ways *= (others[i] - k) / (k + 1)
            moments[k] += ways


def expected_by_series(share: float, moments: Sequence[float]) -> float:
    """`expected` as the alternating series sum over k of (-1)^(k+1) * S_k * share^k.

    Within 1e-12 of it, relative, where share times the largest |c| is at most SERIES_BELOW; it
    diverges for heavy buyers. One item's moments serve every Y. Source: the same paper.
    """
    total = 0.0
    for k in range(TERMS - 1, -1, -1):
        total = share * (moments[k] - total)
    return total


def activity_beside(activity: float, slope: float, share: float) -> float:
    """The activity of a unit that holds X beside m other items, from that of any m items.

        a_X(m) = a(m) + p_X / (sum over y other than X of b_y exp(-a(m) b_y))

    a(m) lets all items together be expected m times, a_X(m) all others than X: one step of Newton's
    method from a(m), which is exact where chances are small. p_X = 1 - exp(-a(m) b_X).
    `slope` is the sum of b_y exp(-a(m) b_y) over all items; `share` is 1 - exp(-b_X).
    """
    rate = -math.log1p(-share)
    chance = -math.expm1(-activity * rate)
    of_others = slope - rate * (1.0 - chance)
    if of_others <= 0.0:
        return activity
    return activity + chance / of_others
