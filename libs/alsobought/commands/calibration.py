"""The command `calibration`: how well the scores of offers agreed with their final labels."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alsobought.commands import printing
from alsobought.commands.options import Debug, LookDay, LookEnv
from alsobought.errors import ConfigError, JobError
from alsobought.runtime import home
from alsobought.runtime.faults import guarded

if TYPE_CHECKING:  # imported where they are used, so that other commands start without them
    from alsobought.commands.view import Warehouse
    from alsobought.learn.calibration import Quality

    Judged = dict[tuple[str, str, str], "Quality"]

SPLITS = ("validation", "test")
STAGES = {"two": "p_redeemed", "one": "p_redeemed_one_stage"}
"""How many stages a model has, and the column of its probability."""


def calibration(
    env: LookEnv = "demo",
    as_of: LookDay = None,
    plot: Annotated[
        Path | None, typer.Option(help="A PNG to write: reliability, and counts beneath.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Judge the scores of matured offers that no model was trained on."""
    with guarded(debug=debug):
        from alsobought.runtime import config
        from alsobought.runtime.store import warehouse_path

        root = home.find()
        tables = view.Warehouse(warehouse_path(root, config.load_sections(root, env).warehouse))
        day = view.day_of(tables, "redemption_scores", as_of)
        judged = _judged(tables, day)
        rows = sum(found.rows for (_, stages, _), found in judged.items() if stages == "two")
        printing.say(
            f"redemption_scores as of {day}: {rows:,} scores of matured offers in the splits "
            f"validation and test"
        )
        names = "method, stages, split, rows, mean p, mean label, log-loss, AUC, PR-AUC, ECE"
        printing.grid(names, [_line(key, found) for key, found in judged.items()])
        printing.say("Reliability on the split test, from the lowest predictions to the highest:")
        for (method, stages, split), found in judged.items():
            if split == "test":
                printing.say(f"  {method}, {stages}-stage: {_bins(found)}")
        if plot:
            draw(judged, plot, f"redemption_scores as of {day}, split test")
            printing.say(f"Plot: {plot}")


def _judged(tables: "Warehouse", day: str) -> "Judged":
    """Per method, split and stages, the quality of the scores; splits without a row are left out.

    Raises JobError where no offer in these splits has matured.
    """
    import numpy as np

    from alsobought.commands.view import quoted
    from alsobought.learn.calibration import quality

    columns = ", ".join(STAGES.values())
    found = tables.arrow(
        "redemption_scores",
        f"SELECT method, split, redeemed, {columns} FROM redemption_scores WHERE as_of = "
        f"DATE {quoted(day)} AND redeemed IS NOT NULL AND split <> 'train'",
    )
    if not found.num_rows:
        raise JobError(
            f"redemption_scores of {day} has no matured offer outside the split train: choose a "
            f"later day, or run the jobs with a longer history."
        )
    method, split = (np.array(found[name].to_pylist()) for name in ("method", "split"))
    label = found["redeemed"].to_numpy() == 1
    judged = {}
    for each in sorted(set(method)):
        for part in SPLITS:
            mine = (method == each) & (split == part)
            for stages, column in STAGES.items():
                if mine.any():
                    p = found[column].to_numpy()[mine]
                    judged[str(each), stages, part] = quality(p, label[mine])
    return judged


def _line(key: tuple[str, str, str], found: "Quality") -> list[str]:
    """The cells of one row of the report."""
    values = (found.log_loss, found.auc, found.pr_auc, found.reliability.expected_error)
    means = (found.mean_prediction, found.mean_label)
    cells = (f"{value:.4f}" if value == value else "" for value in (*means, *values))
    return [*key, f"{found.rows:,}", *cells]


def _bins(found: "Quality") -> str:
    """Predicted and actual share of each bin, in words."""
    bins = zip(found.reliability.mean_prediction, found.reliability.mean_label, strict=True)
    return ", ".join(f"{p:.1%} → {label:.1%}" for p, label in bins)


def draw(judged: "Judged", path: Path, title: str) -> None:
    """Write a PNG: per model the reliability on the split test, and how many
    predictions there are of each size beneath.

    Raises ConfigError where the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from alsobought.learn.calibration import HISTOGRAM

    figure = Figure(figsize=(8, 8), layout="constrained")
    FigureCanvasAgg(figure)
    above, beneath = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    end = 0.0
    for (method, stages, split), found in judged.items():
        if split == "test":
            bins = found.reliability
            style = "o-" if stages == "two" else "x--"
            label = f"{method}, {stages}-stage"
            above.plot(bins.mean_prediction, bins.mean_label, style, label=label, markersize=4)
            beneath.stairs(found.histogram, [i / HISTOGRAM for i in range(HISTOGRAM + 1)])
            end = max(end, *bins.mean_prediction, *bins.mean_label)
    above.plot([0, end], [0, end], color="grey", linewidth=0.8, label="exact")
    above.set(ylabel="redeemed, share", title=title)
    above.legend()
    beneath.set(xlabel="predicted", ylabel="offers", xlim=(0, end * 1.05))
    try:
        figure.savefig(path, dpi=120, format="png")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
