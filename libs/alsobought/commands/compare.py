"""The command `compare`: two models by what the evaluations say, and what can be concluded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from alsobought.commands import completion
from alsobought.commands.hit_plot import draw, require_format
from alsobought.commands.model_values import Compared, Estimate, ModelValues, Place
from alsobought.commands.options import DefaultEnv, LatestDay, RowOptions, command
from alsobought.commands.printing import Heading, Id, Number, Text, grid, rows_for_programs, say
from alsobought.commands.view import chosen_day
from alsobought.errors import JobError
from alsobought.runtime import config, home
from alsobought.runtime.warehouse import Warehouse

EXAMPLES = (
    "alsobought compare calibrated bestsellers",
    "alsobought compare calibrated most_bought --env shop --plot hits.svg",
    'alsobought compare calibrated "related_items order together lift" --json',
)
POOLED = "cut_offs"
ITEMS = {"new": "New items, those that the customer had not bought before", "all": "All items"}

Model = Annotated[
    str,
    typer.Argument(help="A model of the evaluations.", autocompletion=completion.models),
]


@dataclass(frozen=True, kw_only=True)
class CompareOptions(RowOptions):
    """What `compare` takes."""

    model: Model
    other: Model
    env: DefaultEnv = "demo"
    as_of: LatestDay = None
    plot: Annotated[
        Path | None,
        typer.Option(help="An SVG or PNG to write: the hit rates of all models, with intervals."),
    ] = None


@command
def compare(options: CompareOptions) -> None:
    """Compare two models by the evaluations: values, differences, what can be concluded."""
    if options.plot:
        require_format(options.plot)
    if options.model == options.other:
        raise JobError(f"Both are {options.model}: name two models.")
    root = home.find()
    warehouse = Warehouse.of(root, config.load_sections(root, options.env))
    values = ModelValues(warehouse, chosen_day(warehouse, "evaluations", options.as_of))
    pairs = values.compared(options.model, options.other)
    if options.is_for_programs:
        rows = [pair.as_row(values.day) for pair in pairs]
        rows_for_programs(rows, as_csv=options.as_csv)
    else:
        _print(options, pairs, values.day)
    if options.plot:
        draw(values.hit_rates(), options.plot, (options.model, options.other))
        say(f"Plot: {options.plot}", to_stderr=options.is_for_programs)


def _print(options: CompareOptions, pairs: Sequence[Compared], day: str) -> None:
    say(f"{options.model} and {options.other}, evaluations as of {day}; 95 % intervals")
    for items, words in ITEMS.items():
        of_items = [pair for pair in pairs if pair.place.items == items]
        if of_items:
            _print_items(options, of_items, words)


def _print_items(options: CompareOptions, pairs: Sequence[Compared], words: str) -> None:
    """Print what is said of all items, or of new ones: at every cut-off, by metric, by segment."""
    k = primary_k(pairs)
    at_k = [pair for pair in pairs if pair.place.k == k]
    of_all = [pair for pair in at_k if pair.place.segment_by == "everyone"]
    hits = [pair for pair in of_all if pair.place.metric == "hit"]
    pooled = [
        pair for pair in at_k if pair.place.segment_by == POOLED and pair.place.metric == "hit"
    ]
    newest = max(pair.place.cut_off for pair in pairs)
    say("", f"{words}: hit@{k} by cut-off")
    by_cut_off = [([str(pair.place.cut_off)], pair) for pair in hits]
    together = [(["all together"], pair) for pair in pooled if len(hits) > 1]
    _grid(options, [Id("cut-off")], by_cut_off + together)
    of_newest = [pair for pair in of_all if pair.place.cut_off == newest]
    say(f"All metrics at {k} places, cut-off {newest}")
    _grid(options, [Id("metric")], [([p.place.metric], p) for p in of_newest])
    segments = [
        ([p.place.segment_by, p.place.segment], p)
        for p in at_k
        if _is_segment(p.place) and p.place.cut_off == newest
    ]
    if segments:
        say(f"hit@{k} by customers, cut-off {newest}")
        _grid(options, [Text("by"), Id("segment")], segments)
    said = conclusion((options.model, options.other), hits, pooled[0] if pooled else None)
    say(f"What can be concluded: {said}")


def _is_segment(place: Place) -> bool:
    return place.metric == "hit" and place.segment_by not in ("everyone", POOLED)


def _grid(
    options: CompareOptions,
    headings: Sequence[Heading],
    rows: Sequence[tuple[list[str], Compared]],
) -> None:
    names = Number("customers"), Number(options.model), Number(options.other), Number("difference")
    cells = [
        [
            *first,
            f"{pair.customers:,}",
            pair.value.in_words(),
            pair.other.in_words(),
            pair.difference.in_words() if pair.difference else "",
        ]
        for first, pair in rows
    ]
    grid([*headings, *names], cells)


def primary_k(pairs: Sequence[Compared]) -> int:
    """The number of places that is printed: 6 where it was judged, else the least."""
    ks = {pair.place.k for pair in pairs}
    return 6 if 6 in ks else min(ks)


def conclusion(models: tuple[str, str], hits: Sequence[Compared], pooled: Compared | None) -> str:
    """What can be concluded of the hit rates of two models, at each cut-off and at all together.

    The models are those of the paired differences, in their order.
    """
    differences = [pair.difference for pair in hits if pair.difference is not None]
    if any(difference.low is None for difference in differences):
        return "little, for customers are too few for an interval of the difference."
    if len(differences) < len(hits) or not differences:
        return (
            f"little, for no paired difference of the two was computed. Name {models[1]} in "
            f"compared_with of [jobs.evaluations], and run the job evaluations again."
        )
    if len(differences) == 1:
        return _of_one(models, differences[0])
    by_cut_off = _by_cut_off(models, differences)
    if pooled is None or pooled.difference is None:
        return by_cut_off
    return f"{_of_one(models, pooled.difference)} This is of all cut-offs together: {by_cut_off}"


def _by_cut_off(models: tuple[str, str], differences: Sequence[Estimate]) -> str:
    better = sum(difference.is_above_0 for difference in differences)
    worse = sum(difference.is_below_0 for difference in differences)
    n = len(differences)
    return (
        f"of {n} cut-offs {models[0]} is better at {better} and {models[1]} at {worse}, where the "
        f"interval of the difference leaves out 0; at {n - better - worse} it holds 0."
    )


def _of_one(models: tuple[str, str], difference: Estimate) -> str:
    interval = f"the interval of the difference, {difference.low:z.4f} to {difference.high:z.4f},"
    if not (difference.is_above_0 or difference.is_below_0):
        return f"nothing, as {interval} holds 0: neither can be told to be better."
    first, second = models if difference.is_above_0 else models[::-1]
    return f"{first} is better than {second}, as {interval} leaves out 0."
