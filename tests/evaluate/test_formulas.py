"""Metrics of ranked lists, against plain Python and against Spark's RankingEvaluator."""

import random

import numpy as np
import pytest
from pyspark.ml.evaluation import RankingEvaluator

from alsobought.evaluate.formulas import (
    METRICS,
    Hits,
    equal_before,
    novelty,
    places_of,
    ranking_metrics,
    runs_of,
)
from tests.evaluate import ranking_oracle

KS = (1, 3, 6, 10, 20)
BY_SPARK = {
    "precision": "precisionAtK",
    "recall": "recallAtK",
    "map": "meanAveragePrecisionAtK",
    "ndcg": "ndcgAtK",
}


def lists(seed, wanted_most):
    """Lists of 0 to 15 of 30 items, and what is wanted of each."""
    dice = random.Random(seed)
    for _ in range(300):
        listed = dice.sample(range(30), dice.randrange(16))
        yield listed, set(dice.sample(range(30), dice.randint(1, wanted_most)))


def hits_of(of_lists):
    hits = [
        (n, place)
        for n, (listed, wanted) in enumerate(of_lists)
        for place, item in enumerate(listed, 1)
        if item in wanted
    ]
    list_of, places = (np.array(column, np.int64) for column in zip(*hits, strict=True))
    return Hits(list_of, places, np.array([len(wanted) for _, wanted in of_lists]))


def test_every_metric_by_hand():
    # tea and jam are wanted; the list has milk, jam, rice, tea
    hits = Hits(np.array([0, 0]), np.array([2, 4]), np.array([2]))
    of_3, of_4 = (dict(zip(METRICS, ranking_metrics(hits, k)[0], strict=True)) for k in (3, 4))
    assert of_3 == {
        "hit": 1, "precision": 1 / 3, "recall": 1 / 2, "map": (1 / 2) / 2,
        "ndcg": pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)), abs=1e-15), "mrr": 1 / 2,
    }  # fmt: skip
    assert of_4["map"] == (1 / 2 + 2 / 4) / 2
    assert of_4["recall"] == 1
    assert ranking_metrics(hits, 1).tolist() == [[0] * 6]


def test_a_perfect_list_has_one_in_all_but_precision_and_recall_beyond_its_end():
    five_wanted = Hits(np.zeros(3, int), np.arange(1, 4), np.array([5]))
    assert ranking_metrics(five_wanted, 3)[0].tolist() == [1, 1, 3 / 5, 1, 1, 1]
    three_wanted = five_wanted._replace(wanted=np.array([3]))
    assert ranking_metrics(three_wanted, 6)[0].tolist() == [1, 1 / 2, 1, 1, 1, 1]


@pytest.mark.parametrize("k", KS)
def test_as_by_their_definitions(k):
    of_lists = list(lists(1, 9))
    expected = [ranking_oracle.metrics(*one, k) for one in of_lists]
    assert np.abs(ranking_metrics(hits_of(of_lists), k) - expected).max() < 1e-12


def by_spark(frame, of_lists, metric, k):
    rows = [([float(i) for i in listed], [float(i) for i in wanted]) for listed, wanted in of_lists]
    table = frame("prediction array<double>, label array<double>", *rows)
    return RankingEvaluator(metricName=metric, k=k).evaluate(table)


@pytest.mark.parametrize("k", [3, 10, 20])
def test_as_sparks_ranking_evaluator(frame, k):
    of_lists = list(lists(2, 9))
    means = dict(zip(METRICS, ranking_metrics(hits_of(of_lists), k).mean(axis=0), strict=True))
    for metric, spark_name in BY_SPARK.items():
        assert means[metric] == pytest.approx(by_spark(frame, of_lists, spark_name, k), abs=1e-9)


def test_hit_and_mrr_as_sparks_where_one_item_is_wanted(frame):
    """There a hit is the recall, and the reciprocal rank the average precision."""
    of_lists = list(lists(3, 1))
    means = dict(zip(METRICS, ranking_metrics(hits_of(of_lists), 6).mean(axis=0), strict=True))
    for metric, spark_name in (("hit", "recallAtK"), ("mrr", "meanAveragePrecisionAtK")):
        assert means[metric] == pytest.approx(by_spark(frame, of_lists, spark_name, 6), abs=1e-9)


def test_novelty_is_the_information_of_a_purchase_in_bits():
    buyers, customers = np.array([8, 4, 1, 0, 0]), np.array([8, 8, 8, 8, 0])
    assert novelty(buyers, customers).tolist() == [0, 1, 3, 3, 0]


def test_equal_values_earlier_in_a_list():
    list_of, values = np.array([0, 0, 0, 0, 2, 2]), np.array([7, 5, 7, 7, 7, 7])
    assert equal_before(list_of, values, 4).tolist() == [0, 0, 1, 2, 0, 1]
    assert places_of(list_of).tolist() == [1, 2, 3, 4, 1, 2]


def test_runs_of_equal_keys():
    assert runs_of(np.array([3, 3, 5, 3])) == [(0, 2), (2, 3), (3, 4)]
    assert runs_of(np.array([], np.int64)) == []
