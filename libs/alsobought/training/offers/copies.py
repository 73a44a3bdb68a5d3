"""Which copies of each offer a method has emitted by today, and with which labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alsobought.learn.arrays import Booleans, Floats, Integers
from alsobought.training.offers.settings import Terms


@dataclass(frozen=True)
class Visible:
    """What is known of n offers today: one row each, in days.

    An event that is not visible at the offer's age is NaN; engaged_after is never later than
    redeemed_after, for a redemption is an engagement too.
    """

    age: Floats
    engaged_after: Floats
    redeemed_after: Floats


@dataclass(frozen=True)
class Emitted:
    """Copies before they are weighed, ordered by row and copy; `row` points into the offers.

    `copy` numbers the copies of an offer; the labels engaged and redeemed are 0 or 1; emitted_after
    is in days since issue. A snapshot emits today, at the offer's age.
    """

    row: Integers
    copy: NDArray[np.int32]
    kind: NDArray[np.str_]
    engaged: NDArray[np.int32]
    redeemed: NDArray[np.int32]
    emitted_after: Floats


def snapshot(visible: Visible, terms: Terms) -> Emitted:
    """Every offer once, labelled as it looks today."""
    return _seen_at(visible, visible.age, np.ones(len(visible.age), bool), 0, "snapshot")


def older_snapshot(visible: Visible, terms: Terms) -> Emitted:
    """Every offer of at least observation_days once, labelled as it looks today."""
    old = visible.age >= terms.observation_days
    return _seen_at(visible, visible.age, old, 0, "snapshot")


def at_issue(visible: Visible, terms: Terms) -> Emitted:
    """Every offer as a negative when it is issued, and again as a positive when it is redeemed."""
    nothing = np.zeros(len(visible.age), bool)
    first = _group(~nothing, 0, "issue", (nothing, nothing), np.zeros(len(visible.age)))
    return _joined(first, _converted(visible, ~np.isnan(visible.redeemed_after), 1))


def after_window(visible: Visible, terms: Terms) -> Emitted:
    """Every offer at observation_days as it looked then, and again if it is redeemed later."""
    first = _seen_at(visible, terms.observation_days, _waited(visible, terms), 0, "window")
    return _joined(first, _converted(visible, _is_late(visible, terms), 1))


def window_and_final(visible: Visible, terms: Terms) -> Emitted:
    """Every offer at observation_days, and again at attribution_days with its final labels."""
    first = _seen_at(visible, terms.observation_days, _waited(visible, terms), 0, "window")
    final = visible.age >= terms.attribution_days
    return _joined(first, _seen_at(visible, terms.attribution_days, final, 1, "final"))


def corrected_window(visible: Visible, terms: Terms) -> Emitted:
    """As `after_window`, but an observed negative is emitted under both labels at once.

    Kinds: ip, a positive within the window; dp, a late one; rn and fn, an observed negative as a
    real negative and as a fake one.
    """
    redeemed = visible.redeemed_after <= terms.observation_days
    negative = _waited(visible, terms) & ~redeemed
    engaged = visible.engaged_after <= terms.observation_days
    after = np.full(len(visible.age), float(terms.observation_days))
    always = np.ones(len(visible.age), bool)
    return _joined(
        _group(_waited(visible, terms) & redeemed, 0, "ip", (always, always), after),
        _group(negative, 0, "rn", (engaged, ~always), after),
        _group(negative, 1, "fn", (always, always), after),
        _converted(visible, _is_late(visible, terms), 2, "dp"),
    )


def _waited(visible: Visible, terms: Terms) -> Booleans:
    """Whether an offer is old enough to have been emitted after the observation window."""
    return visible.age >= terms.observation_days


def _is_late(visible: Visible, terms: Terms) -> Booleans:
    """Whether a redemption is visible that came after the observation window."""
    return visible.redeemed_after > terms.observation_days


def _seen_at(
    visible: Visible, after: Floats | float, rows: Booleans, copy: int, kind: str
) -> Emitted:
    """One copy of each of the rows, labelled with the events up to `after` days."""
    labels = (visible.engaged_after <= after, visible.redeemed_after <= after)
    return _group(rows, copy, kind, labels, np.broadcast_to(after, rows.shape))


def _converted(visible: Visible, rows: Booleans, copy: int, kind: str = "conversion") -> Emitted:
    """One positive copy of each of the rows, at its redemption."""
    always = np.ones(len(rows), bool)
    return _group(rows, copy, kind, (always, always), visible.redeemed_after)


def _group(
    rows: Booleans, copy: int, kind: str, labels: tuple[Booleans, Booleans], after: Floats
) -> Emitted:
    """One copy of each of the rows; `labels` are (engaged, redeemed), by offer as all arrays."""
    chosen = np.flatnonzero(rows)
    engaged, redeemed = labels
    return Emitted(
        row=chosen,
        copy=np.full(len(chosen), copy, np.int32),
        kind=np.full(len(chosen), kind),
        engaged=engaged[chosen].astype(np.int32),
        redeemed=redeemed[chosen].astype(np.int32),
        emitted_after=after[chosen].astype(np.float64),
    )


def _joined(*groups: Emitted) -> Emitted:
    """The copies of all groups, ordered by row and copy."""
    together = {name: [vars(group)[name] for group in groups] for name in vars(groups[0])}
    joined = {name: np.concatenate(arrays) for name, arrays in together.items()}
    order = np.lexsort((joined["copy"], joined["row"]))
    return Emitted(**{name: array[order] for name, array in joined.items()})
