"""The weights p(state) / q(state observed) of every method, as plain arithmetic.

Each formula works on floats, on fractions and on arrays alike, and clips nothing: `weight_methods`
does. Pairs are in the order (redeemed, not redeemed). Symbols: p = P(redeems | x); late = P(redeems
after the observation window | x); stays = P(never redeems | not redeemed in the window, x);
visible = P(redemption visible at this age | redeems, x).
"""

from fractions import Fraction
from typing import TypeVar

from alsobought.learn.arrays import Floats

N = TypeVar("N", float, Fraction, Floats)


def fsiw_weights(visible: N, never: N) -> tuple[N, N]:
    """(1 / F(a), P(never redeems | not redeemed by a)). Source: FSIW, Yasui et al. 2020."""
    return 1 / visible, never


def never_redeems(p: N, visible: N) -> N:
    """(1 - p) / (1 - p F(a)) = P(never redeems | not redeemed by age a, x)."""
    return (1 - p) / (1 - p * visible)


def fnw_observed(p: N) -> tuple[N, N]:
    """(p, 1) / (1 + p): shares of copies when every offer enters as 0 and again as 1."""
    return p / (1 + p), 1 / (1 + p)


def fnw_weights(p: N) -> tuple[N, N]:
    """(1 + p, (1 - p)(1 + p)). Source: FNW, Ktena et al. 2019."""
    return 1 + p, (1 - p) * (1 + p)


def fnc_corrected(biased: N) -> N:
    """b / (1 - b): P(redeems) from a model trained plainly on FNW's copies. Ktena et al. 2019."""
    return biased / (1 - biased)


def es_dfm_observed(p: N, late: N) -> tuple[N, N]:
    """(p, 1 - p + late) / (1 + late): shares of copies when late positives enter again."""
    return p / (1 + late), (1 - p + late) / (1 + late)


def stays_negative(p: N, late: N) -> N:
    """(1 - p) / (1 - p + late) = P(never redeems | not redeemed in the observation window, x)."""
    return (1 - p) / (1 - p + late)


def es_dfm_weights(late: N, stays: N) -> tuple[N, N]:
    """(1 + late, (1 + late) stays). Source: ES-DFM, Yang et al. 2021. FNW has late = p."""
    return 1 + late, (1 + late) * stays


def es_dfm_fixed_point(p: N, late: N, stays: N) -> N:
    """p / (p + stays (1 - p + late)): what ES-DFM converges to, whatever `stays` was estimated as.

    `p` and `late` are true. The estimate of `late` does not matter: it only changes how much each
    x counts. Source: ES-DFM's supplement, equation 9.
    """
    return p / (p + stays * (1 - p + late))


def defer_observed(p: N, late: N) -> tuple[N, N]:
    """(p - late/2, 1 - p + late/2): shares of copies when every offer enters again, final."""
    return p - late / 2, 1 - p + late / 2


def defer_weights(p: N, late: N) -> tuple[N, N]:
    """(p / (p - late/2), (1 - p) / (1 - p + late/2)). Source: DEFER, Gu et al. 2021."""
    redeemed, not_redeemed = defer_observed(p, late)
    return p / redeemed, (1 - p) / not_redeemed


def defuse_weights(late: N, stays: N) -> tuple[N, N, N, N]:
    """(1 + late, 1, (1 - stays) late, stays (1 + late)): in window, late, fake and real negative.

    An observed 0 becomes two copies: labelled 1 with the weight `fake`, 0 with `real`. Source:
    DEFUSE, Chen et al. 2022, per kind of copy.
    """
    return 1 + late, 1 + 0 * late, (1 - stays) * late, stays * (1 + late)


def snapshot_observed(pi: N, rho: N, engaged: N, redeemed: N) -> tuple[N, N, N]:
    """Shares of the states 00, 10 and 11 at an age where F_e = engaged and F_r = redeemed.

    pi = P(engages | x), rho = P(redeems | engages, x); F_e and F_r are the chances that an
    engagement and a redemption that happen are visible by this age.
    """
    both = pi * rho * redeemed
    return 1 - pi * engaged, pi * engaged - both, both


def snapshot_weights(pi: N, rho: N, engaged: N, redeemed: N) -> tuple[N, N, N]:
    """Weights of the states 00, 10 and 11: P(finally in the state) / P(seen in it at this age).

    (1 - pi) / (1 - pi F_e) = P(never engages | not engaged yet); (1 - rho) / (F_e - rho F_r) =
    P(never redeems | engaged, not redeemed) / F_e; 1 / F_r. They rise or fall to 1 with age.
    """
    none, only_engaged, both = snapshot_observed(pi, rho, engaged, redeemed)
    return (1 - pi) / none, pi * (1 - rho) / only_engaged, pi * rho / both
