"""The plot of `compare`: hit rates of all models, with their intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alsobought.errors import ConfigError
from alsobought.runtime.warehouse import Row

FORMATS = (".svg", ".png")
PANELS = {"new": "new items", "all": "all items"}
INCHES_A_MODEL = 0.45


def require_format(path: Path) -> None:
    """Raise ConfigError where the file's name is not that of an SVG or a PNG."""
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"--plot {path}: call the file .svg or .png.")


def draw(rows: Sequence[Row], path: Path, marked: Sequence[str]) -> None:
    """Write an SVG or PNG: a panel of new and one of all items, a line a model, a colour a k.

    In: rows of evaluations of one cut-off, or of several together, of the metric hit. The models
    in `marked` are bold.
    Raises ConfigError where the file cannot be written.
    """
    import matplotlib as mpl  # half a second, for --plot alone
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    models = ordered(rows)
    panels = [items for items in PANELS if any(row["items"] == items for row in rows)]
    size = (5.5 * len(panels) + 1, INCHES_A_MODEL * len(models) + 1.6)
    kind = path.suffix.lower().removeprefix(".")
    # text stays text, and the same rows give the same file
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "alsobought"}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axis, items in zip(axes, panels, strict=True):
            _panel(axis, [row for row in rows if row["items"] == items], models)
            axis.set(title=PANELS[items], xlabel="hit rate, with 95 % interval")
        axes[0].set_yticks(range(len(models)), models)
        for label, model in zip(axes[0].get_yticklabels(), models, strict=True):
            label.set_fontweight("bold" if model in marked else "normal")
        axes[-1].legend(title="places")
        days = "up to" if rows[0]["segment_by"] == "cut_offs" else "of"
        figure.suptitle(f"Lists {days} {rows[0]['cut_off']}, by model")
        try:
            figure.savefig(path, dpi=120, format=kind, metadata=_no_date(kind))
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


def ordered(rows: Sequence[Row]) -> list[str]:
    """The models from the lowest line of the plot to the highest, which is the best of new items
    at 6 places, or at the fewest that were judged."""
    ks = {row["k"] for row in rows}
    k = 6 if 6 in ks else min(ks)
    items = "new" if any(row["items"] == "new" for row in rows) else "all"
    at_k = {row["model"]: row["value"] for row in rows if (row["k"], row["items"]) == (k, items)}
    models = {row["model"] for row in rows}
    return sorted(models, key=lambda model: (at_k.get(model, -1.0), model))


def _panel(axis: Any, rows: Sequence[Row], models: Sequence[str]) -> None:
    ks = sorted({row["k"] for row in rows})
    for number, k in enumerate(ks):
        at_k = [row for row in rows if row["k"] == k]
        shift = 0.2 * ((len(ks) - 1) / 2 - number)
        places = [models.index(row["model"]) + shift for row in at_k]
        values = [row["value"] for row in at_k]
        errors = [
            [max(0.0, row["value"] - _or(row["low"], row["value"])) for row in at_k],
            [max(0.0, _or(row["high"], row["value"]) - row["value"]) for row in at_k],
        ]
        axis.errorbar(values, places, xerr=errors, fmt="o", markersize=4, capsize=2, label=str(k))
    axis.set_xlim(left=0)
    axis.grid(axis="x", linewidth=0.4)


def _or(bound: float | None, value: float) -> float:
    return value if bound is None else bound


def _no_date(kind: str) -> dict[str, Any]:
    return {"Date": None} if kind == "svg" else {}
