"""What weights are said to close, and the reliability of scores."""

import pyarrow as pa
import pytest

from alsobought.report import weighted_offers
from alsobought.training.offers.score_quality import COLUMNS, score_qualities
from alsobought.training.offers.weight_summary import MeanWeights, MethodSummary


def method(final=0.2, not_final=0.1, weighted=0.15):
    return MethodSummary("fsiw", 10, final, not_final, weighted, 8.0)


@pytest.mark.parametrize(
    ("rates", "closes"),
    [((0.2, 0.1, 0.15), 0.5), ((0.2, 0.1, 0.1), 0.0), ((0.2, 0.1, 0.3), 2.0),
     ((0.2, 0.2, 0.2), None), ((None, 0.1, 0.1), None), ((0.2, None, None), None)],
)  # fmt: skip
def test_weights_close_so_much_of_the_gap(rates, closes):
    value = weighted_offers.closes(method(*rates))
    assert value == (closes if closes is None else pytest.approx(closes))


def test_ages_are_named_by_their_edges():
    means = [MeanWeights("fsiw", "10", [1.0, None, 2.0, 1.0])]
    result = weighted_offers.facts("2024-01-01", [method()], means, [15.0, 30.0, 60.0])
    assert result["ages"] == ["below 15", "15 to 30", "30 to 60", "from 60, final"]
    assert result["means"][0]["meaning"] == "engaged"
    assert result["methods"][0]["effective_sample_size"] == 8.0


def scores(split):
    rows = {
        "method": ["none"] * 40, "split": [split] * 40, "redeemed": [0, 1] * 20,
        "p_redeemed": [0.25, 0.75] * 20, "p_redeemed_one_stage": [0.5] * 40,
    }  # fmt: skip
    return score_qualities(pa.table({name: rows[name] for name in COLUMNS}))


def test_reliability_is_of_the_split_test():
    result = weighted_offers.reliability("2024-01-01", scores("test"))
    assert [(m["stages"], m["mean_prediction"], m["mean_label"]) for m in result["models"]] == [
        ("two", 0.5, 0.5), ("one", 0.5, 0.5),
    ]  # fmt: skip
    assert result["plot"].startswith("<svg")
    assert weighted_offers.reliability("2024-01-01", scores("validation")) is None
