"""The command `show`: an item's lists as they are served."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from alsobought.commands.borrowed_lists import print_borrowed_list
from alsobought.commands.item_pairs import VERBS, ItemPairs
from alsobought.commands.item_search import the_item
from alsobought.commands.options import command
from alsobought.commands.pair_kinds import kinds_of
from alsobought.commands.printing import Id, Number, Text, grid, number, rows_for_programs, say
from alsobought.commands.view import ItemWords, ListOptions, chosen_views
from alsobought.errors import NotFoundError
from alsobought.runtime import home
from alsobought.runtime.warehouse import Row

EXAMPLES = (
    'alsobought show "coffee filter"',
    "alsobought show 1098066 --env shop --unit order --metric lift --top 5",
    "alsobought show 1098066 --json",
)
LEGEND = (
    "N: units with both items. E: such units expected by chance. n_x, n_y: units with the item, "
    "with the related item. n: all units."
)


@dataclass(frozen=True, kw_only=True)
class ShowOptions(ListOptions):
    """What `show` takes."""

    item: ItemWords
    top: Annotated[int | None, typer.Option(min=1, help="Rows of each list; by default all.")] = (
        None
    )


@command
def show(options: ShowOptions) -> None:
    """Print an item's related items, best first, with their evidence."""
    views = chosen_views(home.find(), options)
    item = the_item(views, options.item, lambda item_id: f"show {item_id} {options.as_typed()}")
    lists = [[ItemPairs(view, item, unit) for unit in view.units] for view in views]
    if options.is_for_programs:
        rows = [row for of_view in lists for pairs in of_view for row in _rows(pairs, options.top)]
        rows_for_programs(rows, as_csv=options.as_csv)
        has_list = bool(rows)
    else:
        has_list = sum(_print_lists(of_view, options.top) for of_view in lists) > 0
    if not has_list:
        raise typer.Exit(NotFoundError.exit_code)
    if not options.is_for_programs:
        say("", LEGEND)


def _print_lists(lists: list[ItemPairs], top: int | None) -> int:
    """Print an item's lists in one market; returns how many there are."""
    view, item = lists[0].view, lists[0].item
    say(f"{item}: related items by {view.metrics[0]}, {view}")
    return sum(_print_list(pairs, top) for pairs in lists)


def _rows(pairs: ItemPairs, top: int | None) -> list[Row]:
    """A list's rows, for programs."""
    metric = pairs.view.metrics[0]
    of_list = {"unit": pairs.unit, "metric": metric, "item_id": pairs.item.item_id}
    rows, kinds = pairs.related_items(metric)[:top], kinds_of(pairs.view, pairs.item)
    if kinds is not None:
        rows = [row | {"kind": kinds.get(row["related_item_id"])} for row in rows]
    return [pairs.view.columns | of_list | row for row in rows]


def _print_list(pairs: ItemPairs, top: int | None) -> bool:
    """Print one list or why there is none, and what is borrowed for it; True: there is one."""
    metric = pairs.view.metrics[0]
    rows = pairs.related_items(metric)
    if rows:
        say("", f"By {pairs.unit}:")
        kinds = kinds_of(pairs.view, pairs.item)
        evidence = map(Number, ("score", "N", "E", "n_x", "n_y", "n"))
        kind = [] if kinds is None else [Id("kind")]
        headings = [Number("rank"), Text("title"), Id("item"), *kind, *evidence]
        grid(headings, [_cells(row, kinds) for row in rows[:top]])
    else:
        say("", f"By {pairs.unit}: no list. {_reason_for_no_list(pairs)}")
    return print_borrowed_list(pairs, metric, top) or bool(rows)


def _cells(row: Row, kinds: Mapping[str, str] | None) -> list[str]:
    counts = [f"{row[name]:,}" for name in ("buyers", "related_buyers", "units")]
    item = [row["title"] or row["related_item_id"], row["related_item_id"]]
    kind = [] if kinds is None else [kinds.get(row["related_item_id"], "")]
    evidence = [number(row["score"]), f"{row['both']:,}", number(row["expected"])]
    return [str(row["rank"]), *item, *kind, *evidence, *counts]


def _reason_for_no_list(pairs: ItemPairs) -> str:
    """Why the item has no list, in one sentence."""
    statistics, unit = pairs.statistics(pairs.item), pairs.unit
    if statistics is None:
        return f"No {unit} that was counted has it."
    buyers = statistics["buyers"]
    with_it = f"{buyers:,} {unit}{'s' * (buyers > 1)} {VERBS[unit]} it"
    support = pairs.limits("co_purchases").min_support
    if buyers < support:
        return f"{with_it}, and a pair needs {support} (min_support)."
    candidates = pairs.candidates()
    if not candidates:
        return f"{with_it}, but no other item is in {support} of them (min_support)."
    if not any(candidate.is_available for candidate in candidates):
        return (
            f"{with_it}, but no item bought with it is available (of {len(candidates)} candidates)."
        )
    return f"{with_it}, and it has candidates: run the job related_items again."
