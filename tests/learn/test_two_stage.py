"""The two-stage and the one-stage model, and how all methods do in a world that is known."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from alsobought.errors import JobError
from alsobought.learn.classifiers import KINDS
from alsobought.learn.two_stage import Examples, fit_two_stage
from alsobought.training.offers.formulas import fnc_corrected
from benchmarks.redemption import simulation
from benchmarks.redemption.simulation import NAIVE, ORACLE, TRUTH, closed, simulated

# x, engaged, redeemed, weight: with x = 0, 4 of 8 engage and 1 of 4 redeem; with x = 1 3 of 4, 2
# of 3. The weights of 0 are of rows that must not count.
COUNTED = [
    (0, 0, 0, 4.0), (0, 1, 0, 3.0), (0, 1, 1, 1.0), (0, 1, 1, 0.0),
    (1, 0, 0, 1.0), (1, 1, 0, 1.0), (1, 1, 1, 2.0), (1, 0, 0, 0.0),
]  # fmt: skip
TWO = np.array([[0.0], [1.0]])


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Trees that predict on every core wait for the tests that run beside these."""
    with threadpool_limits(limits=1):
        yield


def examples(rows, times=500):
    x, engaged, redeemed, weight = np.tile(np.array(rows, float), (times, 1)).T
    return Examples(x[:, None], engaged, redeemed, weight)


@pytest.mark.parametrize("model", KINDS)
def test_weights_count_as_rows_do(model):
    predicted = fit_two_stage(examples(COUNTED), model, seed=0).predict(TWO)
    assert predicted.p_engaged == pytest.approx([4 / 8, 3 / 4], abs=0.01)
    assert predicted.p_redeemed_if_engaged == pytest.approx([1 / 4, 2 / 3], abs=0.01)
    assert predicted.p_redeemed_one_stage == pytest.approx([1 / 8, 2 / 4], abs=0.01)
    assert (
        predicted.p_redeemed.tolist()
        == (predicted.p_engaged * predicted.p_redeemed_if_engaged).tolist()
    )


def test_fnc_is_corrected_in_both_forms():
    # 10 offers, 2 redeemed: 10 copies at issue and 2 at conversion, q(1) = 2 / 12
    rows = [(0, 0, 0, 10.0), (0, 1, 1, 2.0)]
    plain = fit_two_stage(examples(rows), "logistic", 0).predict(TWO[:1])
    assert plain.p_redeemed_one_stage == pytest.approx([1 / 6], abs=1e-3)
    predicted = fit_two_stage(examples(rows), "logistic", 0, correction=fnc_corrected).predict(
        TWO[:1]
    )
    assert predicted.p_redeemed_one_stage == pytest.approx([0.2], abs=1e-3)
    assert predicted.p_redeemed == pytest.approx([0.2], abs=1e-3)
    mostly = [(0, 0, 0, 1.0), (0, 1, 1, 2.0)]  # no p has q(1) above 1/2
    assert fit_two_stage(examples(mostly), "logistic", 0, correction=fnc_corrected).predict(
        TWO[:1]
    ).p_redeemed == pytest.approx([1.0])


def test_when_all_who_engaged_redeemed_the_second_stage_is_1():
    predicted = fit_two_stage(examples([(0, 0, 0, 1.0), (1, 1, 1, 1.0)]), "logistic", 0).predict(
        TWO
    )
    assert predicted.p_redeemed_if_engaged == pytest.approx([1, 1])
    assert (predicted.p_redeemed < 1).all()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(0, 0, 0, 1.0), (1, 1, 0, 1.0)], "1,000 training rows that weigh anything 0 are redeem"),
        ([(0, 0, 0, 1.0), (1, 0, 0, 1.0)], "0 are engaged"),
        ([(0, 1, 0, 1.0), (1, 1, 1, 1.0)], "1,000 are engaged"),
        ([(0, 0, 0, 1.0), (1, 1, 1, 0.0)], "of 500 training rows"),  # what weighs 0 is not there
    ],
)
def test_a_label_without_both_kinds_is_one_clear_sentence(rows, said):
    with pytest.raises(JobError, match=said):
        fit_two_stage(examples(rows), "logistic", 0)


@pytest.fixture(scope="module")
def scores():
    return simulated(count=30_000, seed=0)


def test_weights_close_the_gap_between_naive_and_oracle(scores):
    losses = [
        scores[form].log_loss
        for form in (
            NAIVE,
            ("drop_newest", "snapshot", "one"),
            ("snapshot_with_engagement", "snapshot", "one"),
            ORACLE,
            ("snapshot_with_engagement", "snapshot", "two"),
            (TRUTH, "-", "-"),
        )
    ]
    assert losses[0] > losses[1] > losses[2]
    assert losses[3] > losses[4] > losses[5]
    assert closed(scores, ("snapshot_with_engagement", "snapshot", "one")) > 0.95
    assert closed(scores, ("fsiw", "snapshot", "one")) > 0.95


@pytest.mark.parametrize("method", ["fnw", "es_dfm", "defer", "defuse"])
def test_a_stream_closes_the_gap_by_each_of_its_methods(scores, method):
    assert closed(scores, (method, "stream", "one")) > 0.97
    assert scores[method, "stream", "one"].predicted_by_actual == pytest.approx(1, abs=0.05)


def test_the_table_has_every_method():
    every = {NAIVE: simulation.Score(0.4, 0.5, 9), ORACLE: simulation.Score(0.3, 1.0, 9),
             (TRUTH, "-", "-"): simulation.Score(0.29, 1.0, 0)}  # fmt: skip
    table = simulation.shown_table([every, every])
    assert [next(iter(column.cells)) for column in table.columns] == [
        "none", "snapshot", "one", "9", "0.40000", "0.00000", "0.11000", "0.0%", "0.0%", "0.500",
    ]  # fmt: skip
