"""What weights are for: with true probabilities the copies are as if final, and wrong ones show."""

import numpy as np
import pytest

from alsobought.learn.two_stage import Examples, fit_two_stage
from alsobought.training.offers import formulas
from alsobought.training.offers.copies import VisibleOffers
from alsobought.training.offers.settings import Terms
from alsobought.training.offers.weight_methods import METHODS

TERMS = Terms(observation_days=7, attribution_days=28, floor=0.05, model="logistic", seed=0)
NO = float("nan")
COUNT, ENGAGES, REDEEMS, DAILY = 400_000, 0.5, 0.4, 5.0


def one_world(age):
    """Offers that all engage with 0.5 and then redeem with 0.4, after Exp(5 days) of each."""
    random = np.random.default_rng(7)
    engages = random.random(COUNT) < ENGAGES
    redeems = engages & (random.random(COUNT) < REDEEMS)
    engaged = np.where(engages, random.exponential(DAILY, COUNT), NO)
    redeemed = np.where(redeems, engaged + random.exponential(DAILY, COUNT), NO)
    return VisibleOffers(
        np.full(COUNT, age),
        np.where(engaged < age, engaged, NO),
        np.where(redeemed < age, redeemed, NO),
    )


def truth(age):
    """The probabilities that the methods need, of the world above at this age."""
    p = ENGAGES * REDEEMS
    both = 1 - np.exp(-age / DAILY) * (1 + age / DAILY)
    one = 1 - np.exp(-age / DAILY)
    late = p * np.exp(-7 / DAILY) * (1 + 7 / DAILY)
    engaged_open = one - REDEEMS * both
    exact = {
        "redeems": p,
        "redeems_late": late,
        "stays_negative": formulas.stays_negative(p, late),
        "redemption_visible": both,
        "engagement_visible": one,
        "never_redeems": formulas.never_redeems(p, both),
        "never_engages": (1 - ENGAGES) / (1 - ENGAGES * one),
        "engaged_never_redeems": (1 - REDEEMS) * one / engaged_open,
    }
    return {name: np.full(COUNT, value) for name, value in exact.items()}


@pytest.mark.parametrize(
    ("name", "age"),
    [
        ("fsiw", 3.0),
        ("snapshot_with_engagement", 3.0),
        ("fnw", 200.0),
        ("es_dfm", 200.0),
        ("defer", 200.0),
        ("defuse", 200.0),
    ],
)
def test_weighted_copies_have_the_final_rate(name, age):
    copies = METHODS[name].weighted_copies(one_world(age), truth(age), TERMS)
    redeemed = np.average(copies.redeemed, weights=copies.weight)
    assert redeemed == pytest.approx(0.2, abs=0.004)
    if name == "snapshot_with_engagement":
        assert np.average(copies.engaged, weights=copies.weight) == pytest.approx(0.5, abs=0.004)
    if name in {"fsiw", "snapshot_with_engagement"}:
        assert copies.weight.mean() == pytest.approx(1, abs=0.004)  # sum of q w


@pytest.mark.parametrize("stays", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("late", [0.0, 0.3])
def test_es_dfm_converges_to_its_fixed_point_when_an_auxiliary_model_is_wrong(stays, late):
    wrong = {"redeems_late": np.full(COUNT, late), "stays_negative": np.full(COUNT, stays)}
    copies = METHODS["es_dfm"].weighted_copies(one_world(200.0), wrong, TERMS)
    nothing = np.zeros((len(copies.row), 1))
    examples = Examples(nothing, copies.engaged, copies.redeemed, copies.weight)
    constant = fit_two_stage(examples, "logistic", seed=0).predict(nothing[:1]).p_redeemed_one_stage
    true_late = truth(200.0)["redeems_late"][0]
    expected = formulas.es_dfm_fixed_point(0.2, true_late, stays)
    assert constant[0] == pytest.approx(expected, abs=0.003)
    if stays == 1.0:
        assert expected < 0.19  # far enough from the truth for the test to tell
