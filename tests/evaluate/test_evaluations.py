"""Lists judged by what followed them, figure by figure against plain Python."""

import numpy as np
import pytest
from pyspark.sql import functions as F

from alsobought.evaluate import evaluations as step
from alsobought.evaluate.bootstrap import customer_weights
from alsobought.evaluate.judged_cut_offs import Inputs
from alsobought.evaluate.settings import Evaluations
from tests.evaluate import world as worlds

SETTINGS = {"truth_days": 14, "cut_offs": 2, "every_days": 14, "seed": 3, "ks": [2, 4],
            "replicates": 25, "compared_with": ["bestsellers", "absent"],
            "others": ["theirs"]}  # fmt: skip
KEY = ("cut_off", "model", "items", "segment_by", "segment", "metric", "k")


@pytest.fixture(scope="module")
def shop():
    return worlds.world()


@pytest.fixture(scope="module")
def outcome(spark, shop):
    inputs = Inputs(*worlds.frames(spark, shop))
    made = step.evaluations(inputs, Evaluations(**SETTINGS), worlds.AS_OF)
    for rows in made.reused:
        rows.persist()
    yield made
    for rows in made.reused:
        rows.unpersist()


@pytest.fixture(scope="module")
def rows(outcome):
    return outcome.frame.collect()


@pytest.fixture(scope="module")
def expected(shop):
    return worlds.figures(shop)


def values(rows):
    return {tuple(row[name] for name in KEY): row for row in rows
            if row["compared_with"] is None and row["segment_by"] != "cut_offs"}  # fmt: skip


def test_every_figure_of_every_model_and_segment(rows, expected):
    stored = values(rows)
    assert len(stored) == len([row for row in rows if row["compared_with"] is None
                               and row["segment_by"] != "cut_offs"])  # fmt: skip
    assert stored.keys() == expected[0].keys()
    for key, (customers, value) in expected[0].items():
        assert (stored[key]["customers"], stored[key]["value"]) == (
            customers, pytest.approx(value, abs=1e-9)
        ), key  # fmt: skip


def test_the_world_has_all_that_can_go_wrong(rows, shop):
    """Both tenures, customers without history, lists that are not there, returns, guests."""
    segments = {row["segment"] for row in rows}
    assert {"new", "old", "0", "2-4", "5-19"} <= segments
    assert any(line.customer is None for line in shop.lines)
    day = worlds.CUT_OFFS[1]
    judged = [who for who in shop.customers() if shop.wanted(day, who)]
    assert any(not shop.lists_of(day, "theirs", who) for who in judged)
    returned = [line for line in shop.lines if not line.counts(day + worlds.TRUTH)]
    assert any(line.at < worlds.midnight(day) <= line.returned_at for line in returned)
    assert any(line.at >= worlds.midnight(day) for line in returned)


@pytest.fixture(scope="module")
def weights(frame, shop):
    """The bootstrap weights of each customer, as the hash of market and customer has them."""
    hashed = frame("market string, customer string", *shop.customers()).select(
        "*", F.xxhash64("market", "customer").alias("unit")
    )
    return {
        (market, customer): customer_weights(np.array([unit]), 25, 3)[0]
        for market, customer, unit in hashed.collect()
    }


def interval(differences, weights):
    """The quantiles of the weighted mean over samples, by a loop over the customers."""
    sums = sum(weights[who] * value for who, value in differences)
    counts = sum(weights[who] for who, _ in differences)
    samples = [a / n for a, n in zip(sums[1:], counts[1:], strict=True) if n]
    return pytest.approx(tuple(np.quantile(samples, [0.025, 0.975])), abs=1e-12)


def test_intervals_are_quantiles_over_the_same_samples_of_customers(rows, expected, weights):
    checked = 0
    for key, row in values(rows).items():
        if row["metric"] in ("hit", "ndcg") and row["segment_by"] in ("everyone", "market"):
            of_one = expected[1][*key[:5], row["k"]]
            figures = [
                (who, its[0 if row["metric"] == "hit" else 4]) for who, its in of_one.items()
            ]
            assert (row["low"], row["high"]) == interval(figures, weights), key
            checked += 1
    assert checked > 100
    of_lists = [row for row in rows if row["metric"] in ("coverage", "novelty", "diversity")]
    assert {(row["low"], row["high"]) for row in of_lists} == {(None, None)}


def test_differences_are_paired_by_customer(rows, expected, weights):
    compared = [row for row in rows if row["compared_with"] and row["segment_by"] == "everyone"]
    assert {row["compared_with"] for row in compared} == {"bestsellers"}
    assert "bestsellers" not in {row["model"] for row in compared}
    for row in compared:
        if row["metric"] != "map":
            continue
        keys = [(row["cut_off"], model, row["items"], "everyone", "all", row["k"])
                for model in (row["model"], "bestsellers")]  # fmt: skip
        model, base = (expected[1][key] for key in keys)
        differences = [(who, model[who][3] - base[who][3]) for who in model]
        mean = sum(value for _, value in differences) / len(differences)
        assert (row["customers"], row["value"]) == (
            len(differences), pytest.approx(mean, abs=1e-12)
        )  # fmt: skip
        assert (row["low"], row["high"]) == interval(differences, weights)


def test_all_cut_offs_together_weigh_a_customer_alike_at_each(rows, expected, weights):
    pooled = [row for row in rows if row["segment_by"] == "cut_offs" and not row["compared_with"]]
    assert {row["cut_off"] for row in pooled} == {worlds.CUT_OFFS[1]}
    # maximum has no lists of the first cut-off
    assert {row["model"] for row in pooled} == {
        "bestsellers", "sum", "theirs", "related_items order together lift",
        "related_items customer together lift",
    }  # fmt: skip
    for row in pooled:
        of_days = [expected[1][day, row["model"], row["items"], "everyone", "all", row["k"]]
                   for day in worlds.CUT_OFFS]  # fmt: skip
        if row["metric"] == "recall":
            figures = [(who, its[2]) for of_day in of_days for who, its in of_day.items()]
            assert row["customers"] == len(figures)
            mean = sum(value for _, value in figures) / len(figures)
            assert row["value"] == pytest.approx(mean, abs=1e-12)
            assert (row["low"], row["high"]) == interval(figures, weights)
        if row["metric"] == "coverage":
            of_each = [expected[0][day, row["model"], row["items"], "everyone", "all", "coverage",
                                   row["k"]][1] for day in worlds.CUT_OFFS]  # fmt: skip
            assert row["value"] == pytest.approx(sum(of_each) / 2, abs=1e-12)


def test_what_the_account_says(outcome, shop):
    account = outcome.account.collect()[0]
    judged = [sum(bool(shop.wanted(day, who)) for who in shop.customers())
              for day in worlds.CUT_OFFS]  # fmt: skip
    assert outcome.notes == [
        "nothing is compared with absent, which has no lists",
    ]
    assert outcome.judge(account) == [
        f"cut-off 2017-11-03: {judged[0]} customers, 5 models",
        f"cut-off 2017-11-17: {judged[1]} customers, 6 models",
        *(
            f"bestsellers, recommendations, related_items of {day}: the purchases that they were "
            f"made of can no longer be read at their version, or are not recorded, so their counts "
            f"are not proved"
            for day in worlds.CUT_OFFS
        ),
    ]
