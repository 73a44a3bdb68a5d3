"""What a day's weights do, and how the scores of models trained with them agreed with labels."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from alsobought.report import plots
from alsobought.report.plots import Said
from alsobought.training.offers.score_quality import ScoreQuality
from alsobought.training.offers.weight_summary import MeanWeights, MethodSummary

Row = dict[str, Any]

STATES = {"00": "nothing visible", "10": "engaged", "11": "redeemed"}


def facts(
    day: str,
    methods: Sequence[MethodSummary],
    means: Sequence[MeanWeights],
    edges: Sequence[float],
) -> Row:
    """What the page says of the weights of a day; `edges` are those of the age groups, in days."""
    inner = [f"{younger:g} to {older:g}" for younger, older in pairwise(edges)]
    return {
        "day": day,
        "methods": [vars(method) | {"closes": closes(method)} for method in methods],
        "ages": [f"below {edges[0]:g}", *inner, f"from {edges[-1]:g}, final"],
        "means": [vars(mean) | {"meaning": STATES.get(mean.state, "")} for mean in means],
    }


def closes(method: MethodSummary) -> float | None:
    """How much of the gap between the label rates of open and of final copies the weights close.

        (weighted open rate - open rate) / (final rate - open rate)

    1: weighted open offers are redeemed as often as final ones; 0: weights change nothing. None
    where there is no gap, or a rate is not known.
    """
    rates = method.final_rate, method.open_rate, method.weighted_open_rate
    final, not_final, weighted = rates
    if final is None or not_final is None or weighted is None or final == not_final:
        return None
    return (weighted - not_final) / (final - not_final)


def reliability(day: str, models: Sequence[ScoreQuality]) -> Row | None:
    """The reliability of the models' scores on the split test; None: no label there is final."""
    tested = [model for model in models if model.split == "test"]
    if not tested:
        return None
    series = [
        (
            f"{model.method}, {model.stages}-stage",
            model.quality.reliability.mean_prediction,
            model.quality.reliability.mean_label,
        )
        for model in tested
    ]
    said = Said(
        "reliability",
        "Share of offers redeemed against the predicted share, by model, on the split test",
        x="predicted",
        y="redeemed",
    )
    return {
        "day": day,
        "plot": plots.against(said, series),
        "models": [
            {
                "method": model.method,
                "stages": model.stages,
                "rows": model.quality.rows,
                "mean_prediction": model.quality.mean_prediction,
                "mean_label": model.quality.mean_label,
                "log_loss": model.quality.log_loss,
                "expected_error": model.quality.reliability.expected_error,
            }
            for model in tested
        ],
    }
