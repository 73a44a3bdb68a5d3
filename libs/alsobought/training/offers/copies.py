"""Which copies of each offer a method has emitted by today, and with which labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alsobought.learn.arrays import Booleans, Floats, Integers
from alsobought.training.offers.settings import Terms


@dataclass(frozen=True)
class VisibleOffers:
    """What is visible of n offers today: one row each, in days.

    An event that is not visible at the offer's age is NaN; engaged_after is never later than
    redeemed_after, for a redemption is an engagement too.
    """

    age: Floats
    engaged_after: Floats
    redeemed_after: Floats


@dataclass(frozen=True)
class UnweightedCopies:
    """Copies before they are weighted, ordered by row and copy; `row` points into the offers.

    `copy` numbers the copies of an offer; the labels engaged and redeemed are 0 or 1; emitted_after
    is in days since issue. A snapshot emits today, at the offer's age.
    """

    row: Integers
    copy: NDArray[np.int32]
    kind: NDArray[np.str_]
    engaged: NDArray[np.int32]
    redeemed: NDArray[np.int32]
    emitted_after: Floats


def snapshot(visible: VisibleOffers, terms: Terms) -> UnweightedCopies:
    """Every offer once, labelled as it looks today."""
    return _labelled_at(visible, visible.age, np.ones(len(visible.age), bool), 0, "snapshot")


def older_snapshot(visible: VisibleOffers, terms: Terms) -> UnweightedCopies:
    """Every offer of at least observation_days once, labelled as it looks today."""
    old = visible.age >= terms.observation_days
    return _labelled_at(visible, visible.age, old, 0, "snapshot")


def at_issue(visible: VisibleOffers, terms: Terms) -> UnweightedCopies:
    """Every offer as a negative when it is issued, and again as a positive when it is redeemed."""
    nothing = np.zeros(len(visible.age), bool)
    first = _copies_of(~nothing, 0, "issue", (nothing, nothing), np.zeros(len(visible.age)))
    return _concatenate(first, _conversions(visible, ~np.isnan(visible.redeemed_after), 1))


def after_window(visible: VisibleOffers, terms: Terms) -> UnweightedCopies:
    """Every offer at observation_days as it looked then, and again if it is redeemed later."""
    first = _labelled_at(
        visible, terms.observation_days, _is_past_observation(visible, terms), 0, "window"
    )
    return _concatenate(first, _conversions(visible, _is_late(visible, terms), 1))


def window_and_final(visible: VisibleOffers, terms: Terms) -> UnweightedCopies:
    """Every offer at observation_days, and again at attribution_days with its final labels."""
    first = _labelled_at(
        visible, terms.observation_days, _is_past_observation(visible, terms), 0, "window"
    )
    final = visible.age >= terms.attribution_days
    return _concatenate(first, _labelled_at(visible, terms.attribution_days, final, 1, "final"))


def corrected_window(visible: VisibleOffers, terms: Terms) -> UnweightedCopies:
    """As `after_window`, but an observed negative is emitted under both labels at once.

    Kinds: ip, a positive within the window; dp, a late one; rn and fn, an observed negative as a
    real negative and as a fake one.
    """
    redeemed = visible.redeemed_after <= terms.observation_days
    negative = _is_past_observation(visible, terms) & ~redeemed
    engaged = visible.engaged_after <= terms.observation_days
    after = np.full(len(visible.age), float(terms.observation_days))
    always = np.ones(len(visible.age), bool)
    return _concatenate(
        _copies_of(
            _is_past_observation(visible, terms) & redeemed, 0, "ip", (always, always), after
        ),
        _copies_of(negative, 0, "rn", (engaged, ~always), after),
        _copies_of(negative, 1, "fn", (always, always), after),
        _conversions(visible, _is_late(visible, terms), 2, "dp"),
    )


def _is_past_observation(visible: VisibleOffers, terms: Terms) -> Booleans:
    """Whether an offer is old enough to have been emitted after the observation window."""
    return visible.age >= terms.observation_days


def _is_late(visible: VisibleOffers, terms: Terms) -> Booleans:
    """Whether a redemption is visible that came after the observation window."""
    return visible.redeemed_after > terms.observation_days


def _labelled_at(
    visible: VisibleOffers, after: Floats | float, rows: Booleans, copy: int, kind: str
) -> UnweightedCopies:
    """One copy of each of the rows, labelled with the events up to `after` days."""
    labels = (visible.engaged_after <= after, visible.redeemed_after <= after)
    return _copies_of(rows, copy, kind, labels, np.broadcast_to(after, rows.shape))


def _conversions(
    visible: VisibleOffers, rows: Booleans, copy: int, kind: str = "conversion"
) -> UnweightedCopies:
    """One positive copy of each of the rows, at its redemption."""
    always = np.ones(len(rows), bool)
    return _copies_of(rows, copy, kind, (always, always), visible.redeemed_after)


def _copies_of(
    rows: Booleans, copy: int, kind: str, labels: tuple[Booleans, Booleans], after: Floats
) -> UnweightedCopies:
    """One copy of each of the rows; `labels` are (engaged, redeemed), by offer as all arrays."""
    chosen = np.flatnonzero(rows)
    engaged, redeemed = labels
    return UnweightedCopies(
        row=chosen,
        copy=np.full(len(chosen), copy, np.int32),
        kind=np.full(len(chosen), kind),
        engaged=engaged[chosen].astype(np.int32),
        redeemed=redeemed[chosen].astype(np.int32),
        emitted_after=after[chosen].astype(np.float64),
    )


def _concatenate(*groups: UnweightedCopies) -> UnweightedCopies:
    """The copies of all groups, ordered by row and copy."""
    together = {name: [vars(group)[name] for group in groups] for name in vars(groups[0])}
    columns = {name: np.concatenate(arrays) for name, arrays in together.items()}
    order = np.lexsort((columns["copy"], columns["row"]))
    return UnweightedCopies(**{name: array[order] for name, array in columns.items()})
