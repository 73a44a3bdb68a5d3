"""Scores through Spark: trained on train alone, every offer scored, labels only when final."""

from datetime import date

import pytest
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.learn.settings import Split
from alsobought.tables.training import REDEMPTION_SCORES
from alsobought.training.offers.redemption_scores import fit_scorer, redemption_scores
from alsobought.training.offers.redemption_weights import redemption_weights
from alsobought.training.offers.training_examples import training_examples
from tests.rows import rows
from tests.training.offers.offer_rows import drawn, example, examples, settings

METHODS = ["none", "drop_newest", "fnc"]
AS_OF = date(2017, 12, 1)


def training(offers):
    weights = redemption_weights(offers, settings(methods=METHODS)).rows
    return training_examples(offers, weights, Split(by="customer", seed=1), AS_OF).rows


@pytest.fixture(scope="module")
def shop(spark):
    """Five hundred offers, and their training set, which other methods' rows would not change."""
    offers = examples(spark, [*drawn(500), example("o500", "new customer", 0.5)]).cache()
    return offers, training(offers).cache()


@pytest.fixture(scope="module")
def scored(shop):
    return redemption_scores(*shop, settings(methods=METHODS))


def test_every_offer_is_scored_by_every_method(shop, scored):
    scores = REDEMPTION_SCORES.conform(scored.rows).toPandas()
    assert sorted(scores.groupby("method").size().items()) == [(m, 501) for m in sorted(METHODS)]
    assert not scores.duplicated(["method", "offer_id"]).any()
    p = scores[scores["method"] != "fnc"]
    product = p["p_engaged"] * p["p_redeemed_if_engaged"]
    assert (product - p["p_redeemed"]).abs().max() < 1e-12
    probabilities = scores.filter(like="p_")
    assert probabilities.stack().between(0, 1).all()


def test_a_label_is_final_or_null_and_the_split_is_that_of_training(shop, scored):
    offers, train = shop
    final = offers.select(
        "offer_id",
        F.when(F.col("is_matured"), (F.col("state") == "11").cast("int")).alias("final"),
    )
    splits = train.select(F.col("example_id").alias("offer_id"), F.col("split").alias("own"))
    both = scored.rows.join(final, "offer_id").join(splits.distinct(), "offer_id", "left")
    combinations = both.select("redeemed", "final", "split", "own").distinct().collect()
    assert {row["redeemed"] for row in combinations} == {0, 1, None}
    assert all(row["redeemed"] == row["final"] for row in combinations)
    assert all(row["split"] == row["own"] for row in combinations)


def test_an_offer_that_no_method_has_emitted_is_in_test(spark, shop):
    offers, train = shop
    only = settings(methods=["drop_newest"])
    scores = redemption_scores(offers, train.where("method = 'drop_newest'"), only).rows
    assert rows(scores.where("offer_id = 'o500'").select("split", "redeemed")) == [("test", None)]


def test_the_split_test_neither_trains_nor_chooses(shop, scored):
    offers, train = shop
    flipped = F.when(F.col("split") != "test", F.col("label")).otherwise(1 - F.col("label"))
    again = redemption_scores(offers, train.withColumn("label", flipped), settings(methods=METHODS))
    assert rows(again.rows) == rows(scored.rows)
    assert again.notes == scored.notes


def test_the_split_validation_chooses_the_penalties_and_trains_nothing(shop):
    offers, train = shop
    only = settings(methods=["none"])

    def fitted(rows):
        return fit_scorer(offers, rows, only)[0].models["none"]

    chosen = fitted(train)
    without = fitted(train.where("split <> 'validation'"))
    assert set(without.penalties.values()) == {1.0}
    assert chosen.penalties.keys() == {"engaged", "redeemed if engaged", "redeemed"}
    # where validation is as unlike train as can be, what was learnt must count for little
    flipped = F.when(F.col("split") == "train", F.col("label")).otherwise(1 - F.col("label"))
    against = fitted(train.withColumn("label", flipped))
    assert against.penalties["redeemed"] == 1000.0 > chosen.penalties["redeemed"]
    assert against.engages.content() == chosen.engages.content()


def test_a_sample_by_hash_bounds_what_comes_to_the_driver(shop):
    offers, train = shop
    outcome = redemption_scores(offers, train, settings(methods=["none"], training_rows=200))
    used, of = map(int, outcome.notes[0].removeprefix("none: trained on ")
                   .removesuffix(" copies").split(" of "))  # fmt: skip
    assert 150 < used < 250
    assert of > 350


def test_a_method_without_rows_or_with_one_label_is_refused_in_a_sentence(shop):
    offers, train = shop
    with pytest.raises(JobError, match=r"^training_examples has no row to train fsiw on: run"):
        redemption_scores(offers, train, settings(methods=["none", "fsiw"]))
    never = train.withColumn("label", F.lit(0))
    with pytest.raises(
        JobError, match=r"^none of redemption_scores: of \d+ training rows .* 0 are"
    ):
        redemption_scores(offers, never, settings(methods=["none"]))
    with pytest.raises(JobError, match=r"that redemption_examples does not have: run the job tra"):
        redemption_scores(offers.limit(10), train, settings(methods=["none"]))
