"""`alsobought why` and `show` where lists are ranked by the posterior of N / E."""

import pytest

from alsobought.related.explanations import Evidence, score
from tests.command import printed
from tests.commands import item_tables
from tests.commands.item_tables import BOUGHT_WITH_TEA, LISTED, NEW, PAIR

PRIOR = [0.5, 0.1, 3.0, 2.5, 0.2]
METRICS = '["pearson_residual", "eb05"]'
RUN = {
    "job": "co_purchases",
    "as_of": str(NEW),
    "parameters": {
        "candidates": 3,
        "lists": {"metrics": ["pearson_residual", "eb05"], "min_support": 2},
    },
}


@pytest.fixture(autouse=True)
def shrunken(catalogue):
    """Tea's candidates with the prior of their market, and its list by EB05."""
    conf = catalogue.parent / "conf" / "test.toml"
    toml = conf.read_text(encoding="utf-8").replace('["pearson_residual", "lift"]', METRICS)
    conf.write_text(toml, encoding="utf-8")
    pairs = [
        (NEW, "order", "all", "together", "tea", y, *counts, PRIOR)
        for y, counts in BOUGHT_WITH_TEA.items()
    ]
    item_tables.write(catalogue, "co_purchases", (*PAIR, "prior"), pairs, run=RUN)
    best = sorted(("jam", "milk"), key=lambda y: -eb05(y))
    listed = [
        (*pairs[0][:4], "eb05", "tea", rank, y, eb05(y), *BOUGHT_WITH_TEA[y])
        for rank, y in enumerate(best, 1)
    ]
    item_tables.write(catalogue, "related_items", LISTED, listed, run=RUN | {"job": "related"})


def eb05(related):
    return score("eb05", Evidence(*BOUGHT_WITH_TEA[related]), tuple(PRIOR))


def test_why_says_what_the_ratio_is_worth_and_by_which_prior():
    code, lines = printed("why", "tea", "jam", "--unit", "order", "--metric", "eb05")
    ebgm = score("ebgm", Evidence(*BOUGHT_WITH_TEA["jam"]), tuple(PRIOR))
    assert code == 0
    assert lines[5] == (
        f"By the ratios of all pairs, {ebgm:.3f} times is to be believed (EBGM), and more than"
        f" {eb05('jam'):.4f} times with a probability of 95 % (EB05). The prior: Gamma(0.5000,"
        " 0.1000) with a probability of 0.2000, else Gamma(3.000, 2.500)."
    )
    assert lines[-1] == f"eb05 {eb05('jam'):.4f} 1 of 2"


def test_why_bounds_the_count_of_a_pair_that_was_not_kept_by_each_score():
    """With one more of both, honey would be above the third best by EB05 or by the residual."""
    honey = Evidence(0, 2 * 0.2 + 2 * (1 - 0.8**3), 4, 5, 10)

    def is_kept(metric, both):
        scores = [score(metric, Evidence(*n), tuple(PRIOR)) for n in BOUGHT_WITH_TEA.values()]
        return score(metric, honey._replace(both=both), tuple(PRIOR)) > sorted(scores)[-3]

    metrics = ("pearson_residual", "eb05")
    most = max(n for n in range(1, 5) if not any(is_kept(metric, n) for metric in metrics))
    code, lines = printed("why", "tea", "honey", "--unit", "order", "--metric", "eb05")
    assert code == 0
    assert lines[3] == f"At most {most} of 4 orders that held Green tea also held Honey [raw]."


def test_show_prints_the_list_by_the_score():
    code, lines = printed("show", "tea", "--unit", "order", "--metric", "eb05")
    assert code == 0
    assert [line.split()[0] for line in lines if line[:2] in ("1 ", "2 ")] == ["1", "2"]
