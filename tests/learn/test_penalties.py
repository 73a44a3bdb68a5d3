"""The penalty is the one with the least held-out log-loss, by the held-out rows' weights."""

import numpy as np

from alsobought.learn.classifiers import fit, held_out_loss
from alsobought.learn.labelled_rows import LabelledRows
from alsobought.learn.penalties import PENALTIES, fit_with_best_penalty


def rows(count, seed, columns=20):
    """Labels that follow the first column a little, and nineteen columns that say nothing."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, columns))
    label = random.random(count) < 1 / (1 + np.exp(-0.5 * x[:, 0]))
    return LabelledRows(x, None, label, np.ones(count))


def test_few_rows_with_many_columns_choose_a_strong_penalty_and_many_rows_a_weak_one():
    held_out = rows(4_000, seed=1)
    for count, is_strong in {60: True, 20_000: False}.items():
        training = rows(count, seed=2)
        penalty, model = fit_with_best_penalty("logistic", training, held_out, 0)
        losses = {
            candidate: held_out_loss(fit("logistic", training, 0, candidate), held_out)
            for candidate in PENALTIES["logistic"]
        }
        assert penalty == min(losses, key=losses.get)
        assert held_out_loss(model, held_out) == losses[penalty]
        assert (penalty > 10) == is_strong


def test_held_out_rows_that_weigh_nothing_choose_nothing():
    few, many = rows(60, seed=2), rows(4_000, seed=1)
    together = LabelledRows(
        np.vstack([few.features, many.features]), None, np.hstack([few.label, many.label]),
        np.hstack([np.ones(60), np.zeros(4_000)]),
    )  # fmt: skip
    # what it was trained on asks for the weakest penalty, and the others have no weight
    assert fit_with_best_penalty("logistic", few, together, 0)[0] == 1.0


def test_without_held_out_rows_the_penalty_is_1():
    training = rows(60, seed=2)
    penalty, model = fit_with_best_penalty("logistic", training, None, 0)
    assert penalty == 1.0
    assert model.content() == fit("logistic", training, 0).content()
