"""The commands weights and calibration, on a few rows that can be checked by hand."""

from datetime import date

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from alsobought.commands.cli import app
from tests.project import offer_settings, settings, toml

DAY = date(2017, 12, 1)
METHOD = "snapshot_with_engagement"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A project with an environment `demo`, and write(table, column=[...], ...)."""
    given = offer_settings()
    conf = settings() | {"redemption": given["redemption"]}
    (tmp_path / "conf").mkdir()
    (tmp_path / "jobs").mkdir()
    for job in conf["jobs"]:
        (tmp_path / "jobs" / f"{job}.py").touch()
    (tmp_path / "conf" / "demo.toml").write_text(toml(conf), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def write(name, **columns):
        rows = len(next(iter(columns.values())))
        table = pa.table({"as_of": [DAY] * rows, **columns})
        write_deltalake(str(tmp_path / "tables" / name), table, partition_by=["as_of"])

    return write


def printed(*arguments):
    """The command's output, with single spaces, and its exit code."""
    done = CliRunner().invoke(app, list(arguments))
    return [" ".join(line.split()) for line in done.output.splitlines() if line.strip()], (
        done.exit_code
    )


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
    lines, code = printed("weights")
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


def test_calibration_judges_matured_offers_that_no_model_saw(shop, tmp_path):
    shop(
        "redemption_scores",
        method=["none"] * 6,
        split=["train", "test", "test", "test", "test", "validation"],
        p_redeemed=[0.9, 0.1, 0.4, 0.35, 0.8, 0.5],
        p_redeemed_one_stage=[0.9, 0.5, 0.5, 0.5, 0.5, 0.5],
        redeemed=pa.array([0, 0, 0, 1, 1, None], pa.int32()),
    )
    lines, code = printed("calibration", "--plot", "curve.png")
    assert code == 0
    assert lines[0].startswith("redemption_scores as of 2017-12-01: 4 scores of matured offers")
    assert "none two test 4 0.4125 0.5000 0.4723 0.7500 0.8333 0.3375" in lines
    assert "none one test 4 0.5000 0.5000 0.6931 0.5000 0.5000 0.0000" in lines
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert printed("calibration", "--plot", "nowhere/c.png")[1] == 1


def test_nothing_to_look_at_is_a_sentence(shop):
    lines, code = printed("weights")
    assert (lines, code) == (
        ["error: redemption_weights is not built yet: run the job redemption_weights first."], 1,
    )  # fmt: skip
    shop(
        "redemption_scores",
        method=["none"],
        split=["test"],
        p_redeemed=[0.5],
        p_redeemed_one_stage=[0.5],
        redeemed=pa.array([None], pa.int32()),
    )
    lines, code = printed("calibration")
    assert code == 1
    assert "redemption_scores of 2017-12-01 has no matured offer outside the split" in lines[0]
    lines, code = printed("calibration", "--as-of", "2017-12-02")
    assert "redemption_scores has no as-of day '2017-12-02'; it has 2017-12-01." in lines[0]
