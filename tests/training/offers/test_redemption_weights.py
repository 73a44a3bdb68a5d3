"""Weights through Spark: every one follows from its own row, and the rows are as methods say."""

import math

import pyarrow as pa
import pytest

from alsobought.errors import JobError
from alsobought.tables.training import REDEMPTION_WEIGHTS
from alsobought.training.audits.recomputed_weights import recompute_weights
from alsobought.training.offers import formulas
from alsobought.training.offers.redemption_weights import redemption_weights
from tests.training.offers.offer_rows import drawn, example, examples, settings


@pytest.fixture(scope="module")
def made(spark):
    """Weights of 500 drawn offers by all methods, and their notes."""
    outcome = redemption_weights(examples(spark, drawn(500)), settings())
    rows = REDEMPTION_WEIGHTS.conform(outcome.rows)
    return rows.toArrow(), outcome.notes


def engagement(p, row):
    if row["redeemed"]:
        return 1 / max(p["redemption_visible"], p["floor"])
    if row["engaged"]:
        return p["engaged_never_redeems"] / max(p["engagement_visible"], p["floor"])
    return p["never_engages"]


def fsiw(p, row):
    return 1 / max(p["redemption_visible"], p["floor"]) if row["redeemed"] else p["never_redeems"]


def of_label(pair, row):
    return pair[0] if row["redeemed"] else pair[1]


def of_kind(four, row):
    return dict(zip(("ip", "dp", "fn", "rn"), four, strict=True))[row["kind"]]


def late(p):
    return min(p["redeems_late"], p["redeems"])


BY_HAND = {
    "none": lambda p, row: 1.0,
    "drop_newest": lambda p, row: 1.0,
    "fnc": lambda p, row: 1.0,
    "fsiw": fsiw,
    "fnw": lambda p, row: of_label(formulas.fnw_weights(p["redeems"]), row),
    "es_dfm": lambda p, row: of_label(
        formulas.es_dfm_weights(p["redeems_late"], p["stays_negative"]), row
    ),
    "defer": lambda p, row: of_label(formulas.defer_weights(p["redeems"], late(p)), row),
    "defuse": lambda p, row: of_kind(
        formulas.defuse_weights(p["redeems_late"], p["stays_negative"]), row
    ),
    "snapshot_with_engagement": engagement,
}
"""The plain formula of each method, from a row's kind, labels and parts alone."""


def test_an_auditor_makes_every_weight_again_from_its_row_alone(made):
    table, _ = made
    rows = table.to_pylist()
    assert {row["method"] for row in rows} == set(settings().methods)
    for row in rows:
        expected = BY_HAND[row["method"]](dict(row["parts"]), row)
        assert math.isclose(row["weight"], expected, rel_tol=1e-12), row
    for method in settings().methods:
        of_method = table.filter(pa.compute.equal(table["method"], method))
        again, _ = recompute_weights(method, of_method.combine_chunks())
        assert again.tolist() == of_method["weight"].to_pylist()


def test_keys_are_unique_and_every_method_emits_the_copies_that_it_should(made):
    table, _ = made
    keys = table.select(["method", "offer_id", "copy"]).to_pylist()
    assert len({tuple(key.values()) for key in keys}) == len(keys)
    offers = {offer[0]: offer for offer in drawn(500)}
    of = {
        method: pa.compute.count_distinct(
            table.filter(pa.compute.equal(table["method"], method))["offer_id"]
        ).as_py()
        for method in settings().methods
    }
    waited = sum(offer[3] >= 7 for offer in offers.values())
    everyone = {"none", "fsiw", "fnw", "fnc", "snapshot_with_engagement"}
    assert of == {method: 500 if method in everyone else waited for method in of}
    issued_and_redeemed = 500 + sum(offer[5] == "11" for offer in offers.values())
    assert sum(key["method"] == "fnw" for key in keys) == issued_and_redeemed


def test_a_final_label_weighs_1_in_a_snapshot_and_an_open_negative_less(made):
    table, _ = made
    rows = [row for row in table.to_pylist() if row["method"] == "snapshot_with_engagement"]
    assert {row["weight"] for row in rows if row["age_days"] >= 30} == {1.0}
    young = [row["weight"] for row in rows if row["age_days"] < 5 and row["state"] == "00"]
    old = [row["weight"] for row in rows if 20 < row["age_days"] < 30 and row["state"] == "00"]
    assert max(young) < min(old) < 1


def test_the_notes_tell_of_models_and_of_methods(made):
    _, notes = made
    assert notes[0].startswith("model engaged_never_redeems (")
    assert len(notes) == 8 + 9
    assert "none: 500 copies, 0.00% clipped, mean weight 1.0000, effective sample size 100.0%" in (
        notes
    )


def test_the_same_weights_come_out_on_any_number_of_partitions(spark, made):
    table, notes = made
    shuffled = examples(spark, drawn(500)).repartition(5, "features")
    again = redemption_weights(shuffled, settings())
    order = [(name, "ascending") for name in ("method", "offer_id", "copy")]
    assert again.rows.toArrow().sort_by(order).equals(table.sort_by(order))
    assert again.notes == notes


def test_without_models_nothing_is_trained_and_history_is_not_asked_for(spark):
    offers = [example("a", "c", 2, 1, 1.5), example("b", "c", 0.001)]
    outcome = redemption_weights(examples(spark, offers), settings(methods=["none", "fnc"]))
    columns = ["method", "offer_id", "copy", "kind", "emitted_after_days", "engaged", "redeemed"]
    assert sorted(tuple(row) for row in outcome.rows.select(*columns).collect()) == [
        ("fnc", "a", 0, "issue", 0.0, 0, 0),
        ("fnc", "a", 1, "conversion", 1.5, 1, 1),
        ("fnc", "b", 0, "issue", 0.0, 0, 0),
        ("none", "a", 0, "snapshot", 2.0, 1, 1),
        ("none", "b", 0, "snapshot", 0.001, 0, 0),
    ]
    assert {row["model_version"] for row in outcome.rows.collect()} == {"none"}
    assert outcome.notes == [
        "no method needs a model: none was trained",
        "none: 2 copies, 0.00% clipped, mean weight 1.0000, effective sample size 100.0%",
        "fnc: 3 copies, 0.00% clipped, mean weight 1.0000, effective sample size 100.0%",
    ]


def test_ages_beyond_any_seen_unknown_features_and_newborn_offers_get_a_weight(spark):
    history = drawn(200, oldest=90)
    odd = [
        example("ancient", "c", 5000, 1, 2),
        example("newborn", "c", 1e-6),
        example("plain", "c", 12),
        example("novel", "c", 12, 1, None, {"never seen": 7.0}),
    ]
    chosen = settings(methods=["fsiw", "snapshot_with_engagement"])
    weighted = redemption_weights(examples(spark, history + odd), chosen).rows
    weight = {
        (row["method"], row["offer_id"]): row["weight"]
        for row in weighted.where("NOT offer_id LIKE 'o%'").collect()
    }
    assert len(weight) == 8
    assert all(0 < value < 25 for value in weight.values())
    assert weight["fsiw", "ancient"] == weight["snapshot_with_engagement", "ancient"] == 1.0
    assert weight["fsiw", "newborn"] < weight["fsiw", "plain"] < 1


def test_history_that_cannot_teach_is_refused_in_a_sentence(spark):
    young = [example(f"o{i}", f"c{i}", 10, 1, None) for i in range(9)]
    with pytest.raises(JobError, match=r"^0 offers have matured \(attribution_days = 30\)"):
        redemption_weights(examples(spark, young), settings())
    never = [example(f"o{i}", f"c{i}", 40, 1, None) for i in range(99)]
    with pytest.raises(JobError, match=r"^the auxiliary model never_redeems, .* needs both kinds"):
        redemption_weights(examples(spark, never), settings(methods=["fsiw"]))
