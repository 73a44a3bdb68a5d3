"""Compiled scores against the oracle, the registry of scores, and the choice of the best."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import njit

import alsobought
from alsobought.copurchase.engine.kernels import best_candidates
from alsobought.copurchase.engine.kernels.named_arrays import PairCounts
from alsobought.copurchase.engine.kernels.posterior_scores import posteriors_of, score_pairs
from alsobought.copurchase.scores import METRICS
from tests import oracle
from tests.copurchase.evidence import EVIDENCE

PACKAGE = Path(alsobought.__file__).parent
SQUARED_COSINE = '''
    def squared_cosine(both, expected, buyers, related_buyers, units):
        """N^2 / (n_x n_y), in (0, 1]."""
        return both * both / (buyers * related_buyers)

'''
RANK_BY_IT = """
import numpy as np
from alsobought.copurchase.engine.kernels import best_candidates
from alsobought.copurchase.engine.kernels.named_arrays import *
from alsobought.copurchase.scores import METRICS
from alsobought.copurchase.settings import Lists

assert len(METRICS) == 11
lists = Lists(metrics=["squared_cosine"], min_support=1)
number = best_candidates.NAMES.index(lists.metrics[0])
buyers = np.array([10, 100, 4, 9])
facts = ItemFacts(buyers, buyers / buyers.sum(), np.arange(4, dtype=np.int32), np.full(4, 200))
candidates = Candidates(np.array([1, 2, 3], np.int32), np.array([9, 3, 4]))
histogram = Histogram(np.array([1, 2]), np.array([4, 6]))
rows = [np.empty(9, kind) for kind in (np.int32, np.int32, np.int64, np.float64)]
chosen = Selection(1, 1, np.array([number]))
written = best_candidates.write_best(0, candidates, histogram, facts, chosen, PairRows(*rows), 0)
# 81 / 1000, 9 / 40, 16 / 90: the second is best, the first has most units
print(number, rows[1][:written].tolist())
"""


@pytest.mark.parametrize("metric", list(METRICS))
def test_the_compiled_kernel_and_the_oracle_agree(metric):
    number = best_candidates.NAMES.index(metric)
    for counts in EVIDENCE:
        want = oracle.scores(*counts)[metric]
        got = best_candidates.score(number, *(float(value) for value in counts))
        assert got == pytest.approx(want, rel=1e-12, abs=1e-12), counts


def test_the_best_are_chosen_by_score_and_ties_by_the_smaller_rank():
    rng = np.random.default_rng(3)
    scores = rng.integers(0, 6, 200).astype(float)  # many ties
    ties = rng.permutation(200).astype(np.int32)
    is_kept = np.zeros(200, bool)
    best_candidates.mark_best(scores, ties, 17, is_kept)
    want = sorted(range(200), key=lambda i: (-scores[i], ties[i]))[:17]
    assert sorted(want) == np.flatnonzero(is_kept).tolist()


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("others", [0, 30])
def test_the_best_of_the_posterior_are_chosen_as_if_all_were_scored(number, others):
    """With many equal pairs, in any order, whether or not other metrics keep some already."""
    rng = np.random.default_rng(4)
    posteriors = posteriors_of(np.array([[0.5, 0.05, 4.0, 3.0, 0.1]]))
    for _ in range(30):
        count = 500
        both = np.floor(2 * (1 - rng.random(count)) ** -0.9).astype(np.int64)
        expected = rng.choice(np.exp(rng.normal(0, 2, 60)), count)
        ties = rng.permutation(count).astype(np.int32)
        scores = score_pairs(number, both, expected, 0, posteriors)
        want = sorted(range(count), key=lambda i: (-scores[i], ties[i]))[:17]
        is_kept = np.zeros(count, bool)
        is_kept[rng.choice(count, others, replace=False)] = True
        kept_before = np.flatnonzero(is_kept)
        pairs = PairCounts(both, expected, ties)
        best_candidates.mark_best_of_posterior(number, pairs, 0, posteriors, 17, is_kept)
        assert sorted({*want, *kept_before}) == np.flatnonzero(is_kept).tolist()


def test_a_dispatcher_chooses_by_number_in_the_order_of_its_list():
    def constant(value):
        @njit
        def score(both, expected, buyers, related, units):
            return value + both

        return score

    dispatch = best_candidates.dispatcher([constant(100.0 * n) for n in range(12)])
    found = [dispatch(n, 7.0, 1.0, 1.0, 1.0, 1.0) for n in range(12)]
    assert found == [100.0 * n + 7.0 for n in range(12)]


def test_a_tenth_score_is_one_function_and_its_name_in_the_list(tmp_path):
    """In a copy of the package: it is a metric, it is compiled, and lists are ranked by it."""
    copy = Path(shutil.copytree(PACKAGE, tmp_path / "libs" / "alsobought"))
    scores = copy / "copurchase" / "scores.py"
    source = scores.read_text()
    in_list = "    return npmi, log_likelihood_ratio"
    with_score = source.replace(in_list, f"{SQUARED_COSINE}{in_list}, squared_cosine")
    assert with_score != source
    scores.write_text(with_score)
    environment = os.environ | {
        "PYTHONPATH": str(tmp_path / "libs"),
        "NUMBA_CACHE_DIR": str(tmp_path / "compiled"),
    }
    run = subprocess.run(
        [sys.executable, "-c", RANK_BY_IT],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout == "9 [2]\n", run.stderr
