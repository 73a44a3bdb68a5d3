"""How good lists are, by the evaluations: hit rates, paired differences, segments of customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from alsobought.report import plots
from alsobought.report.plots import Points, Said

Row = dict[str, Any]

PRIMARY_K = 6
ITEMS = {"new": "new items, those that the customer had not bought before", "all": "all items"}
COLUMNS = (
    "as_of", "cut_off", "model", "compared_with", "items", "segment_by", "segment", "k",
    "customers", "value", "low", "high",
)  # fmt: skip
"""What `facts` reads of evaluations, rows of the metric hit."""
IN_PLOT = 6
HISTORY = ("0", "1", "2-4", "5-19", "20+")


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, where it has one."""

    value: float
    low: float | None
    high: float | None

    @property
    def said(self) -> str:
        """What a difference's interval allows to say: better, worse or no telling."""
        if self.low is not None and self.low > 0:
            return "better"
        if self.high is not None and self.high < 0:
            return "worse"
        return "no telling"


def facts(rows: Sequence[Row]) -> Row | None:
    """What the page says of the models, from rows of several as-of days; None: there are none.

    The newest as-of day's newest cut-off is shown, or all its cut-offs together where they were
    pooled; the lines have every cut-off, as the newest day that judged it says.
    """
    if not rows:
        return None
    ks = {row["k"] for row in rows}
    k = PRIMARY_K if PRIMARY_K in ks else min(ks)
    at_k = [row for row in rows if row["k"] == k]
    newest = max(row["as_of"] for row in at_k)
    of_day = [row for row in at_k if row["as_of"] == newest]
    everyone, is_pooled = _of_everyone(of_day)
    values = [row for row in everyone if row["compared_with"] is None]
    models = _best_first(values)
    return {
        "day": str(newest),
        "k": k,
        "cut_off": str(max(row["cut_off"] for row in of_day)),
        "is_pooled": is_pooled,
        "kinds": [
            {
                "items": ITEMS[items],
                "models": _models(values, models, items),
                "plot": _plot(values, models, items, k),
            }
            for items in ITEMS
            if any(row["items"] == items for row in values)
        ],
        "over_time": _over_time(at_k, models, k),
        "differences": _differences(everyone),
        "segments": _segments(of_day, models),
    }


def _of_everyone(rows: Sequence[Row]) -> tuple[list[Row], bool]:
    """Of everyone the pooled rows where there are such, else those of the newest cut-off."""
    pooled = [row for row in rows if row["segment_by"] == "cut_offs"]
    if pooled:
        newest = max(row["cut_off"] for row in pooled)
        return [row for row in pooled if row["cut_off"] == newest], True
    newest = max(row["cut_off"] for row in rows)
    return [r for r in rows if r["segment_by"] == "everyone" and r["cut_off"] == newest], False


def _best_first(values: Sequence[Row]) -> list[str]:
    items = "new" if any(row["items"] == "new" for row in values) else "all"
    of = {row["model"]: row["value"] for row in values if row["items"] == items}
    models = {row["model"] for row in values}
    return sorted(models, key=lambda model: (-of.get(model, -1.0), model))


def _models(values: Sequence[Row], models: Sequence[str], items: str) -> list[Row]:
    of = {row["model"]: row for row in values if row["items"] == items}
    return [of[model] for model in models if model in of]


def _plot(values: Sequence[Row], models: Sequence[str], items: str, k: int) -> Any:
    rows = _models(values, models, items)
    points = Points(
        f"hit@{k}",
        [row["value"] for row in rows],
        [row["low"] for row in rows],
        [row["high"] for row in rows],
    )
    meaning = f"hit@{k} of {ITEMS[items]} by model, the best first, with 95 % intervals"
    said = Said(f"hits-{items}", meaning, x=f"hit@{k}, with 95 % interval")
    return plots.intervals(said, [row["model"] for row in rows], [points])


def _over_time(rows: Sequence[Row], models: Sequence[str], k: int) -> Any:
    """Lines of the best models over the cut-offs; None where there is but one cut-off."""
    newest: dict[tuple[date, str], Row] = {}
    items = "new" if any(row["items"] == "new" for row in rows) else "all"
    for row in sorted(rows, key=lambda row: row["as_of"]):
        is_value = row["compared_with"] is None and row["segment_by"] == "everyone"
        if is_value and row["items"] == items:
            newest[row["cut_off"], row["model"]] = row
    days = sorted({day for day, _ in newest})
    if len(days) < 2:
        return None
    series = []
    for model in models[:IN_PLOT]:
        of = [newest.get((day, model)) for day in days]
        value, low, high = (
            [None if row is None else row[name] for row in of] for name in ("value", "low", "high")
        )
        series.append(Points(model, value, low, high))
    meaning = f"hit@{k} of {ITEMS[items]} by cut-off, of the {len(series)} best models"
    said = Said("hits-over-time", meaning, x="cut-off", y=f"hit@{k}")
    return plots.lines(said, [str(day) for day in days], series)


def _differences(rows: Sequence[Row]) -> list[Row]:
    """Every paired difference with what it allows to say, the largest first."""
    differences = [
        row | {"said": Estimate(row["value"], row["low"], row["high"]).said}
        for row in rows
        if row["compared_with"] is not None
    ]
    return sorted(
        differences,
        key=lambda r: (r["compared_with"], r["items"] != "new", -r["value"], r["model"]),
    )


def _segments(rows: Sequence[Row], models: Sequence[str]) -> list[Row]:
    """By kind of segment a table of the best models: a row a model, a value a segment."""
    newest = max(row["cut_off"] for row in rows)
    items = "new" if any(row["items"] == "new" for row in rows) else "all"
    of_segments = [
        row
        for row in rows
        if row["segment_by"] not in ("everyone", "cut_offs")
        and row["compared_with"] is None
        and (row["cut_off"], row["items"]) == (newest, items)
    ]
    tables = []
    for kind in sorted({row["segment_by"] for row in of_segments}):
        of = {(r["model"], r["segment"]): r for r in of_segments if r["segment_by"] == kind}
        segments = sorted({segment for _, segment in of}, key=_order)
        tables.append(
            {
                "kind": kind,
                "items": ITEMS[items],
                "segments": segments,
                "models": [
                    {"model": model, "values": [of.get((model, s)) for s in segments]}
                    for model in models[:IN_PLOT]
                ],
            }
        )
    return tables


def _order(segment: str) -> tuple[int, str]:
    return (HISTORY.index(segment) if segment in HISTORY else len(HISTORY), segment)
