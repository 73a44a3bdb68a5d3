"""`alsobought weights`, on a few weighted copies that can be checked by hand."""

import json

from tests.command import printed, separately

METHOD = "snapshot_with_engagement"


def test_weights_tells_rates_and_mean_weights(shop):
    shop("redemption_examples", state=["00", "00", "11", "10"])
    shop(
        "redemption_weights",
        method=[METHOD] * 4 + ["none"] * 4,
        state=["00", "00", "11", "10"] * 2,
        age_days=[1.0, 2.0, 10.0, 40.0] * 2,
        weight=[0.25, 0.75, 2.0, 1.0] + [1.0] * 4,
        redeemed=[0, 0, 1, 0] * 2,
    )
    code, lines = printed("weights")
    assert code == 0
    assert lines[0] == (
        "Weighted offers as of 2017-12-01: 4 offers, 2 nothing visible, 1 engaged, 1 redeemed"
    )
    assert "none 4 0.00% 33.33% 33.33% 4" in lines
    assert f"{METHOD} 4 0.00% 33.33% 66.67% 3" in lines  # 16 / 5.625 = 2.8
    assert "method state below 7.5 7.5-15 15-30 final from 30" in lines
    assert f"{METHOD} 00 nothing visible 0.500" in lines
    assert f"{METHOD} 11 redeemed 2.000" in lines
    assert not any(line.startswith("none 00") for line in lines)  # all of them are 1
    rows = {row["method"]: row for row in json.loads(separately("weights", "--json")[1])}
    assert {name: rows[METHOD][name] for name in ("as_of", "copies", "open_rate")} == {
        "as_of": "2017-12-01",
        "copies": 4,
        "open_rate": 1 / 3,
    }
    assert rows[METHOD]["mean_weight_00_age_below_7.5"] == 0.5
    assert rows["none"]["mean_weight_00_age_below_7.5"] is None
    assert rows["none"].keys() == rows[METHOD].keys()


def test_weights_that_are_not_made_yet_are_a_sentence(shop):
    assert printed("weights") == (
        1,
        ["error: redemption_weights is not built yet: run the job redemption_weights first."],
    )
