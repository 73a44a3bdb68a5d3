"""Every method as a value: the probabilities it needs, the copies it emits, and their weights.

A method sees one row per offer as it stands at its age, and answers with copies: rows of a training
set, each with its labels and its weight. Snapshot methods make one copy of an offer; streaming
methods repeat what a stream would have emitted until then.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from alsobought.learn.arrays import Booleans, Floats
from alsobought.training.offers import copies, formulas
from alsobought.training.offers.copies import UnweightedCopies, VisibleOffers
from alsobought.training.offers.settings import Terms

Parts = Mapping[str, Floats]
WeightAndClipped = tuple[Floats, Booleans]
"""The weight of each copy, and whether clipping changed it."""


@dataclass(frozen=True)
class WeightedCopies(UnweightedCopies):
    """Copies with their weights, the parts of these before clipping, and where clipping mattered.

    `parts` holds each needed probability and the floor: with kind and labels all that `weigh` of
    the method reads, so a weight can be recomputed from its copy alone.
    """

    weight: Floats
    parts: dict[str, Floats]
    clipped: Booleans

    @property
    def clipped_share(self) -> float:
        """The share of copies whose weight was changed by clipping, in [0, 1]; 0 without copies."""
        return float(self.clipped.mean()) if len(self.clipped) else 0.0


@dataclass(frozen=True)
class Method:
    """Which auxiliary probabilities a method needs, what it emits and how it weighs that."""

    needs: tuple[str, ...]
    copies: Callable[[VisibleOffers, Terms], UnweightedCopies]
    weigh: Callable[[UnweightedCopies, Parts], WeightAndClipped]
    """The weights of copies, from their kind, labels and parts alone."""
    is_corrected: bool = False
    """Whether the model trained on the copies is corrected afterwards, instead of weights: FNC."""

    def weighted_copies(self, visible: VisibleOffers, p: Parts, terms: Terms) -> WeightedCopies:
        """The copies of the offers with their weights; `p` holds each needed probability by offer.

        Cost: O(n); some 70 bytes a copy, and 8 more for every part.
        """
        unweighted = self.copies(visible, terms)
        parts = {name: p[name][unweighted.row] for name in self.needs}
        parts["floor"] = np.full(len(unweighted.row), terms.floor)
        weight, clipped = self.weigh(unweighted, parts)
        return WeightedCopies(**vars(unweighted), weight=weight, parts=parts, clipped=clipped)


def probabilities_for(methods: Iterable[str]) -> tuple[str, ...]:
    """The probabilities that these methods need between them, sorted."""
    return tuple(sorted({name for method in methods for name in METHODS[method].needs}))


def _plain(copies: UnweightedCopies, p: Parts) -> WeightAndClipped:
    """Every copy counts once."""
    return np.ones(len(copies.row)), np.zeros(len(copies.row), bool)


def _fsiw(copies: UnweightedCopies, p: Parts) -> WeightAndClipped:
    """1 / F_r for redeemed, P(never redeems | not yet) for others."""
    clipped = np.maximum(p["redemption_visible"], p["floor"])
    positive, negative = formulas.fsiw_weights(clipped, p["never_redeems"])
    is_positive = copies.redeemed == 1
    return (
        np.where(is_positive, positive, negative),
        is_positive & (p["redemption_visible"] < p["floor"]),
    )


def _fnw(copies: UnweightedCopies, p: Parts) -> WeightAndClipped:
    """1 + p for positive copies, (1 - p)(1 + p) for negative ones. No denominator."""
    return _by_label(copies, formulas.fnw_weights(p["redeems"]))


def _es_dfm(copies: UnweightedCopies, p: Parts) -> WeightAndClipped:
    """1 + late for positive copies, (1 + late) stays for negative ones. No denominator."""
    return _by_label(copies, formulas.es_dfm_weights(p["redeems_late"], p["stays_negative"]))


def _defer(copies: UnweightedCopies, p: Parts) -> WeightAndClipped:
    """p / (p - late/2) for positive copies, (1 - p) / (1 - p + late/2) for negative ones.

    The two models know nothing of each other: late is clipped at p, which holds the denominators
    at p/2 and 1 - p, and the first weight between 1 and 2. A floor would distort small p.
    """
    late = np.minimum(p["redeems_late"], p["redeems"])
    weight, _ = _by_label(copies, formulas.defer_weights(p["redeems"], late))
    return weight, p["redeems_late"] > p["redeems"]


def _defuse(copies: UnweightedCopies, p: Parts) -> WeightAndClipped:
    """By kind: ip 1 + late, dp 1, fn (1 - stays) late, rn stays (1 + late). No denominator."""
    by_kind = formulas.defuse_weights(p["redeems_late"], p["stays_negative"])
    kinds = [copies.kind == kind for kind in ("ip", "dp", "fn", "rn")]
    return np.select(kinds, by_kind), np.zeros(len(copies.row), bool)


def _snapshot_with_engagement(copies: UnweightedCopies, p: Parts) -> WeightAndClipped:
    """By state: 11 1 / F_r, 10 P(never redeems | engaged, not redeemed) / F_e, 00 P(never engages).

    The formulas of `formulas.snapshot_weights`, with the conditional probabilities as estimated.
    """
    states = [copies.redeemed == 1, copies.engaged == 1]
    denominator = np.select(states, [p["redemption_visible"], p["engagement_visible"]], 1.0)
    numerator = np.select(states, [1.0, p["engaged_never_redeems"]], p["never_engages"])
    return numerator / np.maximum(denominator, p["floor"]), denominator < p["floor"]


def _by_label(copies: UnweightedCopies, pair: tuple[Floats, Floats]) -> WeightAndClipped:
    """The first weight for redeemed copies, the second for others; nothing is clipped."""
    return np.where(copies.redeemed == 1, *pair), np.zeros(len(copies.row), bool)


SNAPSHOT_NEEDS = (
    "never_engages",
    "engaged_never_redeems",
    "engagement_visible",
    "redemption_visible",
)

METHODS: dict[str, Method] = {
    "none": Method((), copies.snapshot, _plain),
    "drop_newest": Method((), copies.older_snapshot, _plain),
    "fsiw": Method(("redemption_visible", "never_redeems"), copies.snapshot, _fsiw),
    "fnw": Method(("redeems",), copies.at_issue, _fnw),
    "fnc": Method((), copies.at_issue, _plain, is_corrected=True),
    "es_dfm": Method(("redeems_late", "stays_negative"), copies.after_window, _es_dfm),
    "defer": Method(("redeems", "redeems_late"), copies.window_and_final, _defer),
    "defuse": Method(("redeems_late", "stays_negative"), copies.corrected_window, _defuse),
    "snapshot_with_engagement": Method(SNAPSHOT_NEEDS, copies.snapshot, _snapshot_with_engagement),
}
