"""`alsobought calibration`, on a few scores that can be checked by hand."""

import pyarrow as pa

from tests.command import printed, separately


def test_calibration_judges_matured_offers_that_no_model_saw(shop, tmp_path):
    shop(
        "redemption_scores",
        method=["none"] * 6,
        split=["train", "test", "test", "test", "test", "validation"],
        p_redeemed=[0.9, 0.1, 0.4, 0.35, 0.8, 0.5],
        p_redeemed_one_stage=[0.9, 0.5, 0.5, 0.5, 0.5, 0.5],
        redeemed=pa.array([0, 0, 0, 1, 1, None], pa.int32()),
    )
    code, lines = printed("calibration", "--plot", "curve.png")
    assert code == 0
    assert lines[0].startswith("redemption_scores as of 2017-12-01: 4 scores of matured offers")
    assert "none two test 4 0.4125 0.5000 0.4723 0.7500 0.8333 0.3375" in lines
    assert "none one test 4 0.5000 0.5000 0.6931 0.5000 0.5000 0.0000" in lines
    out = separately("calibration", "--csv")[1].splitlines()
    assert out[0] == (
        "as_of,method,stages,split,rows,mean_prediction,mean_label,log_loss,auc,pr_auc,"
        "expected_calibration_error"
    )
    assert sorted(line.split(",")[:5] for line in out[1:]) == [
        ["2017-12-01", "none", "one", "test", "4"],
        ["2017-12-01", "none", "two", "test", "4"],
    ]
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert printed("calibration", "--plot", "nowhere/c.png")[0] == 1


def test_scores_without_final_labels_are_a_sentence(shop):
    shop(
        "redemption_scores",
        method=["none"],
        split=["test"],
        p_redeemed=[0.5],
        p_redeemed_one_stage=[0.5],
        redeemed=pa.array([None], pa.int32()),
    )
    code, lines = printed("calibration")
    assert code == 1
    assert "redemption_scores of 2017-12-01 has no matured offer outside the split" in lines[0]
    code, lines = printed("calibration", "--as-of", "2017-12-02")
    assert "redemption_scores has no as-of day '2017-12-02'; it has 2017-12-01." in lines[0]
