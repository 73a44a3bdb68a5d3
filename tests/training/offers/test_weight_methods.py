"""What every method emits of a few offers, and with which weights."""

import numpy as np
import pytest

from alsobought.training.offers.copies import VisibleOffers
from alsobought.training.offers.settings import Terms
from alsobought.training.offers.weight_methods import METHODS, probabilities_for

TERMS = Terms(
    observation_days=7, attribution_days=28, floor=0.05, model="logistic", seed=0
)  # fmt: skip
NO = float("nan")
OFFERS = [  # age, engaged after, redeemed after
    (3.0, NO, NO),  # 0: too young for a stream, nothing visible
    (5.0, 1.0, 2.0),  # 1: too young for a stream, redeemed
    (10.0, 2.0, NO),  # 2: engaged within the window
    (10.0, 8.0, 9.0),  # 3: engaged and redeemed after the window
    (40.0, 1.0, 7.0),  # 4: final; redeemed on the window's edge, which is within
    (40.0, 20.0, NO),  # 5: final; engaged late
    (28.0, NO, NO),  # 6: final since this moment
]
VISIBLE = VisibleOffers(*np.array(OFFERS).T)
N = len(OFFERS)
P = {
    "redeems": np.full(N, 0.2),
    "redeems_late": np.full(N, 0.1),
    "stays_negative": np.full(N, 8 / 9),
    "redemption_visible": np.array([0.1, 0.02, 0.5, 0.5, 1, 1, 1]),
    "engagement_visible": np.array([0.3, 0.6, 0.8, 0.04, 1, 1, 1]),
    "never_redeems": np.array([0.81, 0.82, 0.83, 0.84, 1, 1, 1]),
    "never_engages": np.array([0.71, 0.72, 0.73, 0.74, 1, 1, 1]),
    "engaged_never_redeems": np.array([0.61, 0.62, 0.64, 0.64, 1, 1, 1]),
}


def emitted(name, visible=VISIBLE, p=P):
    return METHODS[name].weighted_copies(visible, p, TERMS)


def shown(copies):
    """(offer, copy, kind, engaged, redeemed, emitted after, weight to 4 digits) of each copy."""
    columns = (copies.row, copies.copy, copies.kind, copies.engaged, copies.redeemed)
    rows = zip(*(column.tolist() for column in columns), copies.emitted_after.tolist(), strict=True)
    return [(*row, round(w, 4)) for row, w in zip(rows, copies.weight.tolist(), strict=True)]


SNAPSHOT = [  # offer, engaged, redeemed
    (0, 0, 0), (1, 1, 1), (2, 1, 0), (3, 1, 1), (4, 1, 1), (5, 1, 0), (6, 0, 0),
]  # fmt: skip


def as_snapshot(by_offer):
    return [
        (row, 0, "snapshot", engaged, redeemed, OFFERS[row][0], by_offer[row])
        for row, engaged, redeemed in SNAPSHOT
        if row in by_offer
    ]


def test_the_registry_is_the_methods_of_the_settings_in_their_order():
    assert list(METHODS) == [
        "none", "drop_newest", "fsiw", "fnw", "fnc", "es_dfm", "defer", "defuse",
        "snapshot_with_engagement",
    ]  # fmt: skip


def test_naive_rows_count_once_each():
    assert shown(emitted("none")) == as_snapshot(dict.fromkeys(range(N), 1.0))


def test_the_newest_are_dropped_until_they_are_as_old_as_the_window():
    assert shown(emitted("drop_newest")) == as_snapshot(dict.fromkeys(range(2, N), 1.0))
    edge = VisibleOffers(np.array([7.0, 6.999]), np.array([NO, NO]), np.array([NO, NO]))
    assert emitted("drop_newest", edge).row.tolist() == [0]


def test_fsiw_weighs_by_redemption_alone():
    by_offer = {0: 0.81, 1: 20.0, 2: 0.83, 3: 2.0, 4: 1.0, 5: 1.0, 6: 1.0}
    copies = emitted("fsiw")
    assert shown(copies) == as_snapshot(by_offer)
    assert copies.clipped.tolist() == [False, True] + [False] * 5  # 1 / 0.02 became 1 / 0.05


def test_a_snapshot_with_engagement_weighs_by_state():
    by_offer = {0: 0.71, 1: 20.0, 2: 0.8, 3: 2.0, 4: 1.0, 5: 1.0, 6: 1.0}
    copies = emitted("snapshot_with_engagement")
    assert shown(copies) == as_snapshot(by_offer)
    assert copies.clipped_share == pytest.approx(1 / N)  # offer 3's 0.04 is in no denominator


def test_fnw_and_fnc_emit_at_issue_and_at_conversion():
    expected = [
        (0, 0, "issue", 0, 0, 0.0, 0.96),
        (1, 0, "issue", 0, 0, 0.0, 0.96),
        (1, 1, "conversion", 1, 1, 2.0, 1.2),
        (2, 0, "issue", 0, 0, 0.0, 0.96),
        (3, 0, "issue", 0, 0, 0.0, 0.96),
        (3, 1, "conversion", 1, 1, 9.0, 1.2),
        (4, 0, "issue", 0, 0, 0.0, 0.96),
        (4, 1, "conversion", 1, 1, 7.0, 1.2),
        (5, 0, "issue", 0, 0, 0.0, 0.96),
        (6, 0, "issue", 0, 0, 0.0, 0.96),
    ]
    assert shown(emitted("fnw")) == expected
    assert shown(emitted("fnc")) == [(*row[:-1], 1.0) for row in expected]
    assert [name for name, method in METHODS.items() if method.is_corrected] == ["fnc"]


def test_es_dfm_emits_after_the_window_and_at_a_late_conversion():
    assert shown(emitted("es_dfm")) == [
        (2, 0, "window", 1, 0, 7.0, 0.9778),
        (3, 0, "window", 0, 0, 7.0, 0.9778),
        (3, 1, "conversion", 1, 1, 9.0, 1.1),
        (4, 0, "window", 1, 1, 7.0, 1.1),
        (5, 0, "window", 0, 0, 7.0, 0.9778),
        (6, 0, "window", 0, 0, 7.0, 0.9778),
    ]


def test_defer_emits_everything_again_when_it_is_final():
    assert shown(emitted("defer")) == [
        (2, 0, "window", 1, 0, 7.0, 0.9412),
        (3, 0, "window", 0, 0, 7.0, 0.9412),
        (4, 0, "window", 1, 1, 7.0, 1.3333),
        (4, 1, "final", 1, 1, 28.0, 1.3333),
        (5, 0, "window", 0, 0, 7.0, 0.9412),
        (5, 1, "final", 1, 0, 28.0, 0.9412),
        (6, 0, "window", 0, 0, 7.0, 0.9412),
        (6, 1, "final", 0, 0, 28.0, 0.9412),
    ]


def test_defuse_emits_an_observed_negative_under_both_labels():
    assert shown(emitted("defuse")) == [
        (2, 0, "rn", 1, 0, 7.0, 0.9778),
        (2, 1, "fn", 1, 1, 7.0, 0.0111),
        (3, 0, "rn", 0, 0, 7.0, 0.9778),
        (3, 1, "fn", 1, 1, 7.0, 0.0111),
        (3, 2, "dp", 1, 1, 9.0, 1.0),
        (4, 0, "ip", 1, 1, 7.0, 1.1),
        (5, 0, "rn", 0, 0, 7.0, 0.9778),
        (5, 1, "fn", 1, 1, 7.0, 0.0111),
        (6, 0, "rn", 0, 0, 7.0, 0.9778),
        (6, 1, "fn", 1, 1, 7.0, 0.0111),
    ]


def test_defer_takes_a_late_share_above_the_whole_for_the_whole():
    odd = {"redeems": np.full(N, 0.01), "redeems_late": np.full(N, 0.03)}
    copies = emitted("defer", p=odd)
    assert copies.weight[copies.redeemed == 1].tolist() == [2.0, 2.0]
    assert copies.clipped.all()


@pytest.mark.parametrize("name", METHODS)
def test_a_weight_can_be_recomputed_from_its_copy_alone(name):
    copies = emitted(name)
    assert set(copies.parts) == {*METHODS[name].needs, "floor"}
    assert set(copies.parts["floor"]) == {0.05}
    for part in METHODS[name].needs:
        assert copies.parts[part].tolist() == P[part][copies.row].tolist()
    again, _ = METHODS[name].weigh(copies, copies.parts)
    assert again.tolist() == copies.weight.tolist()


@pytest.mark.parametrize("name", METHODS)
def test_no_offers_make_no_copies(name):
    nothing = np.empty(0)
    none_of = dict.fromkeys(METHODS[name].needs, nothing)
    copies = emitted(name, VisibleOffers(nothing, nothing, nothing), none_of)
    assert shown(copies) == []
    assert copies.clipped_share == 0.0


def test_what_methods_need_is_named_once():
    assert probabilities_for(["none", "fnc"]) == ()
    assert probabilities_for(["es_dfm", "defuse"]) == ("redeems_late", "stays_negative")
    assert set(probabilities_for(METHODS)) == set(P)
