"""Audits: sound weights raise no alert, and every audit raises one when its thing is broken."""

import numpy as np
import pytest
from pyspark.sql import functions as F

from alsobought.tables.training import REDEMPTION_AUDITS
from alsobought.training.audits.measurement import Measurement, bucket_edges, bucket_name
from alsobought.training.audits.model_audits import mean_of_groups
from alsobought.training.audits.redemption_audits import describe, measure, redemption_audits
from alsobought.training.audits.settings import Bounds
from alsobought.training.offers.redemption_weights import redemption_weights
from tests.rows import rows
from tests.training.offers.offer_rows import drawn, examples, settings

CHOSEN = settings(methods=["fnw", "fsiw", "snapshot_with_engagement"], replays=4)


@pytest.fixture(scope="module")
def shop(spark):
    """Two thousand offers and their weights."""
    offers = examples(spark, drawn(2000)).cache()
    return offers, redemption_weights(offers, CHOSEN).rows.cache()


@pytest.fixture(scope="module")
def measured(shop):
    return measure(*shop, CHOSEN, Bounds())


def alerts(measurements):
    return {(one.audit, one.method) for one in measurements if one.is_alert}


def test_sound_weights_raise_no_alert(measured):
    assert alerts(measured) == set()
    assert describe(measured) == [f"{len(measured)} audits, 0 out of bounds"]
    by_audit = {}
    for one in measured:
        by_audit.setdefault(one.audit, []).append(one)
    assert {audit: len(of_audit) for audit, of_audit in by_audit.items()} == {
        "weight_by_age": 3 * 3 * 7,
        "effective_sample_size": 3,
        "clipped_share": 3,
        "recomputed_weight": 3,
        "model_version": 1,
        "sum_q_w": 2 * 6,
        "drift": 2 * 6,
    }
    assert {one.method for one in by_audit["sum_q_w"]} == {"fsiw", "snapshot_with_engagement"}
    assert all(abs(one.value - 1) < 0.25 for one in by_audit["sum_q_w"])
    assert max(one.value for one in by_audit["recomputed_weight"]) == 0.0


def test_the_rows_keep_their_contract(shop, measured):
    outcome = redemption_audits(*shop, CHOSEN, Bounds())
    assert outcome.notes == describe(measured)
    made = REDEMPTION_AUDITS.conform(outcome.rows)
    told_rows = rows(made.select("audit", "method", "bucket", "rows", "is_alert"))
    assert ("model_version", "all", "all", 0, False) in told_rows
    assert len({row[:3] for row in told_rows}) == len(measured)


def test_the_mean_weight_by_age_is_that_of_the_table(shop, measured):
    same_rows = shop[1].where(
        "method = 'fsiw' AND state = '11' AND age_days >= 10 AND age_days < 15"
    )
    copies, mean = same_rows.agg(F.count("*"), F.avg("weight")).collect()[0]
    same_audit = [one for one in measured if (one.audit, one.method, one.bucket)
             == ("weight_by_age", "fsiw", "11, 10 to 15 days")]  # fmt: skip
    assert (same_audit[0].rows, same_audit[0].value) == (copies, pytest.approx(mean))


def test_a_changed_weight_and_another_model_are_told_first(shop):
    offers, weights = shop
    is_one = (F.col("offer_id") == "o1") & (F.col("method") == "fsiw")
    changed = weights.withColumn("weight", F.col("weight") + F.when(is_one, 0.01).otherwise(0.0))
    other = changed.withColumn("model_version", F.lit("another"))
    measurements = measure(offers, other, CHOSEN, Bounds())
    assert ("recomputed_weight", "fsiw") in alerts(measurements)
    assert ("model_version", "all") in alerts(measurements)
    assert ("recomputed_weight", "fnw") not in alerts(measurements)
    said = describe(measurements)
    assert said[0].startswith("ALERT ")
    assert said[-1].endswith(f"{len(said) - 1} out of bounds")


def test_tight_bounds_alert(shop):
    tight = Bounds(
        max_mean_weight_error=0.0, max_drift=0.0, standard_errors=0.0,
        min_effective_share=1.0, max_clipped_share=0.0,
    )  # fmt: skip
    alerted = alerts(measure(*shop, CHOSEN, tight))
    assert {audit for audit, _ in alerted} >= {"sum_q_w", "drift", "effective_sample_size"}


def test_history_that_has_changed_since_is_a_drift_of_its_newest_offers(spark):
    # offers of the last third of the matured time are never redeemed
    old = [offer for offer in drawn(2000, oldest=90) if offer[3] >= 50]
    new = [(*offer[:5], "10" if offer[6] else "00", offer[6], None, offer[8])
           for offer in drawn(2000, seed=2, oldest=50)]  # fmt: skip
    new = [(f"n{offer[0]}", *offer[1:]) for offer in new]
    offers = examples(spark, old + new)
    only = settings(methods=["fsiw"])
    weights = redemption_weights(offers, only).rows
    measurements = measure(offers, weights, only, Bounds())
    drifted = {one.bucket for one in measurements if one.audit == "drift" and one.is_alert}
    assert "never_redeems, the newest" in drifted


def test_methods_without_models_are_audited_without_history(spark):
    offers = examples(spark, drawn(100, oldest=20))
    only = settings(methods=["none"])
    measurements = measure(offers, redemption_weights(offers, only).rows, only, Bounds())
    assert {one.audit for one in measurements} == {
        "weight_by_age", "effective_sample_size", "clipped_share", "recomputed_weight",
    }  # fmt: skip
    assert alerts(measurements) == set()


def test_the_standard_error_counts_groups_not_rows():
    mean, error = mean_of_groups(np.array([0.0, 0.0, 1.0, 1.0]), np.array([1, 1, 2, 2]))
    assert (mean, error) == (0.5, 0.5)  # as of the two values 0 and 1
    assert mean_of_groups(np.array([1.0, 3.0]), np.array([7, 7])) == (2.0, float("inf"))


def test_bounds_and_buckets():
    def one(value, lower=None, upper=None):
        return Measurement("a", "m", "b", 1, value, lower, upper, "what it says")

    assert not one(1e9).is_alert
    assert [one(v, 0.0, 1.0).is_alert for v in (-0.1, 0.0, 1.0, 1.1)] == [True, False, False, True]
    assert one(float("nan"), 0.0).is_alert
    assert str(one(2.0, upper=1.0)) == "a of m, b: 2.0000 out of [, 1.0000]: what it says"
    edges = bucket_edges(60, parts=3)
    assert edges == [0, 20, 40, 60]
    names = [bucket_name(edges, i) for i in range(4)]
    assert names == ["0 to 20 days", "20 to 40 days", "40 to 60 days", "final from 60 days"]
