"""Auxiliary models: who is learnt from, what is learnt, and what is said of it."""

import pickle
from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from alsobought.errors import JobError
from alsobought.learn.classifiers import KINDS, fit, load_thread_pools
from alsobought.learn.encoder import Encoder
from alsobought.learn.formulas import log_loss
from alsobought.learn.labelled_rows import LabelledRows
from alsobought.learn.penalties import PENALTIES
from alsobought.training.offers.delay_models import PROBABILITIES, fit_delay_models
from alsobought.training.offers.matured_history import MaturedHistory
from alsobought.training.offers.settings import Terms

TERMS = Terms(observation_days=7, attribution_days=28, floor=0.05, model="logistic", seed=3)
X = Encoder(("x",))


def world(count=40_000, seed=0):
    """Offers with a feature x in {0, 1}: P(engages) 0.4 or 0.7, then P(redeems) 0.3 or 0.6.

    Each of the two takes Exp(4 days); the 7 in 1,000 redemptions after 28 days do not count.
    """
    random = np.random.default_rng(seed)
    x = random.integers(0, 2, count).astype(float)
    engages = random.random(count) < 0.4 + 0.3 * x
    redeems = engages & (random.random(count) < 0.3 + 0.3 * x)
    engaged = np.where(engages, random.exponential(4, count), nan)
    redeemed = np.where(redeems, engaged + random.exponential(4, count), nan)
    engaged, redeemed = (np.where(days < 28, days, nan) for days in (engaged, redeemed))
    customer = random.integers(-(2**62), 2**62, count)
    return MaturedHistory(x[:, None], random.uniform(0, 28, count), engaged, redeemed, customer)


HISTORY = world()


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Trees that predict on every core wait for the tests that run beside these."""
    load_thread_pools()
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="module", params=KINDS)
def models(request):
    return fit_delay_models(HISTORY, PROBABILITIES, replace(TERMS, model=request.param), X)


def test_each_probability_is_near_the_truth(models):
    x, age = np.array([[0.0], [1.0]]), np.array([8.0, 8.0])

    def predicted(name):
        return models.predict(name, x, age)

    p_engages, p_redeems = np.array([0.4, 0.7]), np.array([0.12, 0.42])
    late = p_redeems * (1 + 7 / 4) * np.exp(-7 / 4)
    engaged, redeemed = 1 - np.exp(-2), 1 - (1 + 2) * np.exp(-2)
    shown = p_engages * engaged - p_redeems * redeemed
    expected = {
        "redeems": p_redeems,
        "redeems_late": late,
        "stays_negative": (1 - p_redeems) / (1 - p_redeems + late),
        "redemption_visible": redeemed,
        "engagement_visible": engaged,
        "never_redeems": (1 - p_redeems) / (1 - p_redeems * redeemed),
        "never_engages": (1 - p_engages) / (1 - p_engages * engaged),
        "engaged_never_redeems": (p_engages - p_redeems) * engaged / shown,
    }
    for name, value in expected.items():
        near = 0.05 if models.terms.model == "logistic" else 0.1  # trees follow noise
        assert predicted(name) == pytest.approx(np.broadcast_to(value, 2), abs=near), name


def test_models_are_calibrated_on_customers_who_trained_nothing(models):
    for name, held_out in models.calibration.items():
        assert held_out.rows > 100, name
        assert held_out.trained_rows > 6 * held_out.rows, name
        assert held_out.mean_prediction == pytest.approx(held_out.mean_label, abs=0.04), name
        assert 0 < held_out.log_loss < 0.7, name


def test_eight_in_ten_customers_train_and_one_in_ten_judges(models):
    part = HISTORY.customer % 10
    held_out = models.calibration["redeems"]
    assert held_out.trained_rows == (part >= 2).sum()
    assert held_out.rows == (part == 1).sum()
    assert held_out.mean_label == HISTORY.redeems[part == 1].mean()


@pytest.mark.parametrize("name", PROBABILITIES)
def test_a_model_is_calibrated_only_if_that_helps_the_judges(models, name):
    spec = PROBABILITIES[name]
    chosen = spec.rows(HISTORY, 7) & ((HISTORY.age < 28) | ~np.bool_(spec.with_age))
    rows = LabelledRows(
        HISTORY.features, HISTORY.age if spec.with_age else None, spec.label(HISTORY, 7),
        rises_with_age=spec.rises_with_age,
    )  # fmt: skip
    part = HISTORY.customer % 10
    training, calibrating, judging = (
        rows.where(chosen & in_part) for in_part in (part >= 2, part == 0, part == 1)
    )

    def loss(model, rows):
        return log_loss(rows.label, model.probability(rows.features, rows.age))

    kind, seed = models.terms.model, models.terms.seed
    tried = [fit(kind, training, seed, penalty) for penalty in PENALTIES[kind]]
    plain = min(tried, key=lambda model: loss(model, calibrating))
    losses = [loss(model, judging) for model in (plain, plain.calibrated(calibrating))]
    assert models.calibration[name].log_loss == pytest.approx(min(losses), rel=1e-12)


def test_ages_whose_labels_are_final_teach_nothing(models):
    later = replace(HISTORY, age=HISTORY.age + 28)
    both = MaturedHistory(
        *(np.concatenate([array, vars(later)[name]]) for name, array in vars(HISTORY).items())
    )
    names = ["never_redeems", "redemption_visible"]
    assert (
        fit_delay_models(both, names, models.terms, X).version
        == fit_delay_models(HISTORY, names, models.terms, X).version
    )


def test_from_the_attribution_window_on_everything_is_final(models):
    x, age = np.zeros((3, 1)), np.array([28.0, 29.0, 1e6])
    for name, spec in PROBABILITIES.items():
        if spec.with_age:
            assert models.predict(name, x, age).tolist() == [1, 1, 1]
        else:
            assert len(set(models.predict(name, x, age))) == 1


def test_what_can_only_rise_with_age_rises(models):
    x, ages = np.ones((280, 1)), np.arange(0, 28, 0.1)
    rising = {name for name, spec in PROBABILITIES.items() if spec.rises_with_age}
    assert len(rising) == 4
    for name in rising:
        predicted = models.predict(name, x, ages)
        falls = -np.diff(predicted).min()
        assert falls <= (0 if models.terms.model == "gradient_boosting" else 0.01), name


def test_an_age_that_was_never_seen_is_taken_for_the_nearest_seen(models):
    young = replace(HISTORY, age=HISTORY.age * 0.5)  # below 14 days
    of_young = fit_delay_models(young, ["never_engages"], models.terms, X)
    x = np.zeros((3, 1))
    asked = of_young.predict(
        "never_engages", x, np.array([of_young.oldest["never_engages"], 20, 27.9])
    )
    assert len(set(asked)) == 1
    assert asked[0] < 1
    negative = of_young.predict("never_engages", x[:2], np.array([-1.0, 0.0]))
    assert negative[0] == negative[1]


@pytest.mark.parametrize("name", PROBABILITIES)
def test_predictions_are_chances(models, name):
    x = np.array([[0.0], [1.0], [50.0], [-50.0]])
    predicted = models.predict(name, x, np.array([0.0, 27.0, 27.0, 0.0]))
    assert ((predicted > 0) & (predicted < 1)).all()
    assert predicted.dtype == np.float64


def test_a_class_without_a_positive_is_one_clear_sentence():
    nobody = replace(HISTORY, redeemed_after=np.full(len(HISTORY.age), nan))
    with pytest.raises(JobError) as refused:
        fit_delay_models(nobody, ["redeems"], TERMS, X)
    said = str(refused.value)
    assert "redeems, P(redeems | x)" in said
    assert "rows of matured history to train on, 0 of them positive" in said
    assert "longer history" in said
    assert "\n" not in said


def test_a_class_without_a_negative_or_without_a_row_is_told_too():
    at_once = replace(HISTORY, redeemed_after=HISTORY.redeemed_after * 0)
    at_once = replace(at_once, age=at_once.age + 0.001)
    with pytest.raises(JobError, match="redemption_visible"):
        fit_delay_models(at_once, ["redemption_visible"], TERMS, X)
    nothing = MaturedHistory(np.zeros((0, 1)), *[np.zeros(0)] * 3, np.zeros(0, int))
    with pytest.raises(JobError, match="has 0 rows of matured history"):
        fit_delay_models(nothing, ["redeems"], TERMS, X)


def test_without_held_out_customers_a_model_stays_as_trained():
    one = replace(HISTORY, customer=np.full(len(HISTORY.age), 5))
    held_out = fit_delay_models(one, ["redeems"], TERMS, X).calibration["redeems"]
    assert (held_out.method, held_out.rows, held_out.trained_rows) == ("none", 0, 40_000)
    assert isnan(held_out.log_loss)


def test_offers_without_any_feature_have_one_probability(models):
    bare = replace(HISTORY, features=np.zeros((len(HISTORY.age), 0)))
    featureless = fit_delay_models(bare, ["redeems", "never_engages"], models.terms, Encoder(()))
    nothing = np.zeros((2, 0))
    rate = (~np.isnan(HISTORY.redeemed_after)).mean()
    assert featureless.predict("redeems", nothing, np.zeros(2)) == pytest.approx(
        [rate] * 2, abs=0.01
    )
    aged = featureless.predict("never_engages", nothing, np.array([0.0, 9.0]))
    assert aged[0] < aged[1]


def test_the_version_is_that_of_what_was_learnt(models):
    again = fit_delay_models(HISTORY, PROBABILITIES, models.terms, X)
    assert again.version == models.version
    assert len(models.version) == 12
    other = fit_delay_models(world(seed=1), ["redeems"], models.terms, X)
    same = fit_delay_models(HISTORY, ["redeems"], models.terms, X)
    reseeded = fit_delay_models(HISTORY, ["redeems"], replace(models.terms, seed=4), X)
    assert len({models.version, other.version, same.version, reseeded.version}) == 4


def test_models_are_small_and_the_same_after_a_journey(models):
    pickled = pickle.dumps(models)
    assert len(pickled) < (20_000 if models.terms.model == "logistic" else 3_000_000)
    arrived = pickle.loads(pickled)
    for name in PROBABILITIES:
        here = models.predict(name, HISTORY.features[:99], HISTORY.age[:99])
        there = arrived.predict(name, HISTORY.features[:99], HISTORY.age[:99])
        assert here.tolist() == there.tolist()


def test_many_rows_are_predicted_as_one_by_one(models):
    x = np.tile([[0.0], [1.0]], (40_000, 1)).astype(np.float32)
    ages = np.linspace(0, 27, 80_000)
    together = models.predict("never_engages", x, ages)
    for few in (slice(0, 5), slice(65_530, 65_540), slice(79_995, None)):
        alone = models.predict("never_engages", x[few], ages[few])
        assert together[few] == pytest.approx(alone, rel=1e-12)


def test_few_offers_with_many_features_are_not_learnt_by_heart():
    """Thirty features that say nothing: the penalty is chosen high, the held-out loss stays low."""
    random = np.random.default_rng(8)
    few = world(1_500, seed=8)
    noisy = replace(few, features=np.hstack([few.features, random.normal(size=(1_500, 30))]))
    encoder = Encoder(tuple(f"x{i:02}" for i in range(31)))
    held_out = fit_delay_models(noisy, ["never_redeems"], TERMS, encoder).calibration[
        "never_redeems"
    ]
    assert held_out.penalty >= 10
    training = noisy.customer % 10 > 1
    rows = LabelledRows(noisy.features, noisy.age, ~noisy.redeems, rises_with_age=True)
    chosen = training & ~noisy.redeemed
    loose = fit("logistic", rows.where(chosen), 3)
    judged = rows.where((noisy.customer % 10 == 1) & ~noisy.redeemed)
    assert held_out.log_loss < log_loss(
        judged.label, loose.probability(judged.features, judged.age)
    )
