"""The command `calibration`: how well the scores of offers agreed with their final labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from alsobought.commands.options import DefaultEnv, LatestDay, RowOptions, command
from alsobought.commands.printing import Id, Number, Text, grid, rows_for_programs, say
from alsobought.commands.view import chosen_day
from alsobought.errors import ConfigError, JobError
from alsobought.learn.calibration import HISTOGRAM, Reliability
from alsobought.runtime import config, home
from alsobought.runtime.warehouse import Row, Warehouse, quoted
from alsobought.training.offers.score_quality import COLUMNS, ScoreQuality, score_qualities

EXAMPLES = (
    "alsobought calibration --plot reliability.png",
    "alsobought calibration --as-of 2017-12-01 --json",
)
HEADINGS = (
    Id("method"),
    Text("stages"),
    Text("split"),
    Number("rows"),
    Number("mean p"),
    Number("mean label"),
    Number("log-loss"),
    Number("AUC"),
    Number("PR-AUC"),
    Number("ECE"),
)


@dataclass(frozen=True, kw_only=True)
class CalibrationOptions(RowOptions):
    """What `calibration` takes."""

    env: DefaultEnv = "demo"
    as_of: LatestDay = None
    plot: Annotated[
        Path | None,
        typer.Option(help="A PNG to write: the reliability diagram, and a histogram below it."),
    ] = None


@command
def calibration(options: CalibrationOptions) -> None:
    """Compare scores with the final labels of offers that no model was trained on."""
    root = home.find()
    warehouse = Warehouse.of(root, config.load_sections(root, options.env))
    day = chosen_day(warehouse, "redemption_scores", options.as_of)
    models = _judged(warehouse, day)
    tested = [model for model in models if model.split == "test"]
    if options.is_for_programs:
        rows_for_programs([_row(day, model) for model in models], as_csv=options.as_csv)
    else:
        _print_models(day, models, tested)
    if options.plot:
        draw(tested, options.plot, f"redemption_scores as of {day}, split test")
        say(f"Plot: {options.plot}", to_stderr=options.is_for_programs)


def _row(day: str, model: ScoreQuality) -> Row:
    """A model's quality in one split, for programs."""
    quality = model.quality
    return {
        "as_of": day,
        "method": model.method,
        "stages": model.stages,
        "split": model.split,
        "rows": quality.rows,
        "mean_prediction": quality.mean_prediction,
        "mean_label": quality.mean_label,
        "log_loss": quality.log_loss,
        "auc": quality.auc,
        "pr_auc": quality.pr_auc,
        "expected_calibration_error": quality.reliability.expected_error,
    }


def _print_models(day: str, models: Sequence[ScoreQuality], tested: Sequence[ScoreQuality]) -> None:
    scores = sum(model.quality.rows for model in models if model.stages == "two")
    say(
        f"redemption_scores as of {day}: {scores:,} scores of matured offers in the splits "
        f"validation and test"
    )
    grid(HEADINGS, [_cells(model) for model in models])
    say("Reliability on the split test, from the lowest predictions to the highest:")
    for model in tested:
        say(f"  {_name(model)}: {_bins(model.quality.reliability)}")


def _judged(warehouse: Warehouse, day: str) -> list[ScoreQuality]:
    """The quality of every model. Raises JobError where no offer in these splits has matured."""
    scores = warehouse.arrow(
        f"SELECT {', '.join(COLUMNS)} FROM redemption_scores WHERE as_of = DATE {quoted(day)}"
        " AND redeemed IS NOT NULL AND split <> 'train'",
        "redemption_scores",
    )
    if not scores.num_rows:
        raise JobError(
            f"redemption_scores of {day} has no matured offer outside the split train: choose a "
            f"later day, or run the jobs with a longer history."
        )
    return score_qualities(scores)


def _name(model: ScoreQuality) -> str:
    return f"{model.method}, {model.stages}-stage"


def _cells(model: ScoreQuality) -> list[str]:
    quality = model.quality
    means = (quality.mean_prediction, quality.mean_label)
    errors = (quality.log_loss, quality.auc, quality.pr_auc, quality.reliability.expected_error)
    values = (f"{value:.4f}" if value == value else "" for value in (*means, *errors))
    return [model.method, model.stages, model.split, f"{quality.rows:,}", *values]


def _bins(bins: Reliability) -> str:
    """Predicted and actual share of each bin, in words."""
    pairs = zip(bins.mean_prediction, bins.mean_label, strict=True)
    return ", ".join(f"{p:.1%} → {label:.1%}" for p, label in pairs)


def draw(models: Sequence[ScoreQuality], path: Path, title: str) -> None:
    """Write a PNG: the models' reliability diagram, and a histogram of their predictions below it.

    Raises ConfigError where the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # half a second, for --plot alone
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 8), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    end = 0.0
    for model in models:
        bins = model.quality.reliability
        style = "o-" if model.stages == "two" else "x--"
        above.plot(bins.mean_prediction, bins.mean_label, style, label=_name(model), markersize=4)
        below.stairs(model.quality.histogram, [i / HISTOGRAM for i in range(HISTOGRAM + 1)])
        end = max(end, *bins.mean_prediction, *bins.mean_label)
    above.plot([0, end], [0, end], color="grey", linewidth=0.8, label="exact")
    above.set(ylabel="redeemed, share", title=title)
    above.legend()
    below.set(xlabel="predicted", ylabel="offers", xlim=(0, end * 1.05))
    try:
        figure.savefig(path, dpi=120, format="png")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
