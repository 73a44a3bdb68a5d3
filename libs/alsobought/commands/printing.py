"""What the looking commands print: grids, sentences, suggestions."""

import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:  # imported where they are used, so that `run` starts without them
    from alsobought.commands.explain import Subject
    from alsobought.commands.find import Item
    from alsobought.commands.view import View, Warehouse

PIPED = 10_000  # columns where there is no terminal
WORDS = {
    "method",
    "stages",
    "split",
    "state",
    "title",
    "item",
    "brand",
    "metric",
    "place",
    "table",
    "first",
    "last",
    "run",
}
LEGEND = (
    "N: units with both items. E: such units expected by chance. n_x, n_y: units with the item, "
    "with the related item. n: all units."
)


def one(view: "View", text: str, command: Callable[[str], str]) -> "Item":
    """The one item that `text` means; where it is not one, suggestions and exit code 1."""
    from alsobought.commands import find

    items = find.find(view, text)
    if len(items) == 1:
        return items[0]
    near = items or find.closest(view, text)
    how_many = f"More than {find.SUGGESTED}" if len(items) > find.SUGGESTED else f"{len(items)}"
    said = f"{how_many} items have" if items else "No item has"
    order = "the most bought:" if items else "the closest:" if near else "nothing is like it."
    say(f"{said} all of {text!r} in title, brand and category; {order}")
    if near:
        rows = [[i.item_id, i.title or "", i.brand or "", f"{i.buyers:,}"] for i in near]
        grid(f"item, title, brand, {view.units[0]}s", rows[: find.SUGGESTED])
        say(f"Choose one: alsobought {command(shlex.quote(near[0].item_id))}")
    raise typer.Exit(1)


def listed(subject: "Subject", top: int | None) -> bool:
    """Print one list, or why there is none; True where there is one."""
    from alsobought.commands import explain

    rows = subject.listed(subject.view.metrics[0])
    if not rows:
        say("", f"By {subject.unit}: no list. {explain.no_list(subject)}")
        return False
    say("", f"By {subject.unit}:")
    grid("rank, title, item, score, N, E, n_x, n_y, n", [explain.cells(row) for row in rows[:top]])
    return True


def state(warehouse: "Warehouse", name: str) -> list[str]:
    """The table's row of `tables`; its row count comes from the statistics of its files."""
    if not warehouse.has(name):
        return [name, "not built", *[""] * 7]
    files = warehouse.table(name).get_add_actions(flatten=True)
    rows, sizes = (files.column(kind).to_pylist() for kind in ("num_records", "size_bytes"))
    commits, days = warehouse.commits(name, 10), warehouse.days(name) or [""]
    last = next((commit for commit in commits if commit["run"]), commits[0])
    run = {"job": last["operation"], "as_of": "", "code_version": ""} | last["run"]
    return [
        name,
        "unknown" if None in rows else f"{sum(rows):,}",
        str(warehouse.table(name).version()),
        str(len(days)) if days[0] else "",
        days[0],
        days[-1],
        f"{datetime.fromtimestamp(last['timestamp'] / 1000, UTC):%Y-%m-%d %H:%M:%S}",
        f"{sum(sizes) / 1e6:,.1f} MB",
        " ".join(part for part in (run["job"], run["as_of"], run["code_version"]) if part),
    ]


def grid(names: str, rows: list[list[str]]) -> None:
    """Print rows under their names, words to the left and numbers to the right."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names.split(", "):
        grid.add_column(name, justify="left" if name in WORDS else "right", overflow="fold")
    for row in rows:
        grid.add_row(*map(_plain, row))
    _console().print(grid)


def say(*lines: str) -> None:
    """Print lines as they are."""
    _console().print(*map(_plain, lines), sep="\n")


def _plain(text: str) -> str:
    """The text with a space for every line break and control character."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _console() -> Console:
    """As wide as the terminal; where there is none, nothing is cut or wrapped."""
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = PIPED
    return console
