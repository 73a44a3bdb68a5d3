"""Scores by method, split and stages, on rows that can be checked by hand."""

import math

import pyarrow as pa
import pytest

from alsobought.training.offers.score_quality import score_qualities

ROWS = [  # method, split, p_redeemed, p_redeemed_one_stage, redeemed
    ("b", "test", 0.1, 0.5, 0),
    ("b", "test", 0.8, 0.5, 1),
    ("b", "test", 0.9, 0.9, None),
    ("b", "train", 0.9, 0.9, 1),
    ("a", "test", 0.25, 0.5, 1),
    ("b", "validation", 0.5, 0.5, 0),
]


def scores(rows):
    columns = list(zip(*rows, strict=True))
    names = ["method", "split", "p_redeemed", "p_redeemed_one_stage", "redeemed"]
    return pa.table(dict(zip(names, map(pa.array, columns), strict=True)))


def test_every_model_is_judged_on_the_final_labels_of_each_split_but_train():
    qualities = score_qualities(scores(ROWS))
    assert [(q.method, q.split, q.stages, q.quality.rows) for q in qualities] == [
        ("a", "test", "two", 1),
        ("a", "test", "one", 1),
        ("b", "validation", "two", 1),
        ("b", "validation", "one", 1),
        ("b", "test", "two", 2),
        ("b", "test", "one", 2),
    ]
    two, one = (row.quality for row in qualities[-2:])
    assert (two.mean_prediction, two.mean_label, two.auc) == (pytest.approx(0.45), 0.5, 1.0)
    assert two.log_loss == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2, rel=1e-12)
    assert (one.mean_prediction, one.auc) == (0.5, 0.5)
    assert one.log_loss == pytest.approx(math.log(2), rel=1e-12)


def test_without_final_labels_there_is_nothing_to_judge():
    assert score_qualities(scores([ROWS[2], (*ROWS[3][:4], None)])) == []
