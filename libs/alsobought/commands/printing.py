"""How commands print: grids, lines, numbers."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table

PIPED = 10_000  # columns where there is no terminal


class Heading(str):
    """The name of a grid's column; its type says how the column is aligned."""


class Text(Heading):
    """A heading over text, which is aligned to the left."""


class Number(Heading):
    """A heading over numbers, amounts and times, which are aligned to the right."""


def grid(headings: Sequence[Heading], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their headings."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        justify: Literal["left", "right"] = "left" if isinstance(heading, Text) else "right"
        table.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*map(_printable, row))
    _console().print(table)


def say(*lines: str) -> None:
    """Print lines as they are."""
    _console().print(*map(_printable, lines), sep="\n")


def number(value: float) -> str:
    """Four significant digits, never as a power of ten: 28,474 and 0.03121."""
    digits = 3 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(0, digits)}f}"


def _printable(text: str) -> str:
    """The text with a space for every line break and control character."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _console() -> Console:
    """As wide as the terminal; where there is none, nothing is cut or wrapped."""
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = PIPED
    return console
