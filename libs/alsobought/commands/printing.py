"""How commands print: grids, lines, numbers; for programs, rows as JSON or CSV."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TextIO

from rich import box
from rich.console import Console
from rich.table import Table

from alsobought.runtime.progress import PatientConsole, printable

PIPED = 10_000  # columns where there is no terminal
BETWEEN = 3  # columns of a grid, in characters
NARROWEST = 12  # characters of a column of text


class Heading(str):
    """The name of a grid's column; its type says how the column is aligned."""


class Text(Heading):
    """A heading over text, which is aligned to the left and may be wrapped."""


class Id(Text):
    """A heading over ids, days and names, which no line break may part."""


class Number(Heading):
    """A heading over numbers, amounts and times, which are aligned to the right."""


def grid(
    headings: Sequence[Heading], rows: Iterable[Sequence[str]], *, to_stderr: bool = False
) -> None:
    """Print rows under their headings; in a terminal too narrow for them, each as its own lines.

    No line break parts an id or a number, however narrow the terminal is.
    """
    console, cells = _console(to_stderr=to_stderr), [[*map(printable, row)] for row in rows]
    if _least_width(headings, cells) > console.width:
        for row in cells:
            console.print("\n".join(_card(headings, row, console.width)), soft_wrap=True)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        justify: Literal["left", "right"] = "left" if isinstance(heading, Text) else "right"
        table.add_column(heading, justify=justify, no_wrap=not _may_wrap(heading), overflow="fold")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def say(*lines: str, to_stderr: bool = False) -> None:
    """Print lines as they are."""
    _console(to_stderr=to_stderr).print(*map(printable, lines), sep="\n")


def rows_for_programs(rows: Sequence[Mapping[str, Any]], *, as_csv: bool) -> None:
    """Print rows, which all have the same names: as a JSON list of objects, or as CSV.

    A value that is not there is null, in CSV an empty cell.
    """
    values = [_finite(row) for row in rows]
    if as_csv:
        _write(_csv(values))
        return
    objects = [json.dumps(row, ensure_ascii=False, default=str) for row in values]
    _write("[" + ",\n ".join(objects) + "]\n")


def number(value: float) -> str:
    """Four significant digits, never as a power of ten: 28,474 and 0.03121."""
    digits = 3 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(0, digits)}f}"


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with None for what is no finite number, which JSON cannot say."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


class _Lines(NamedTuple):
    """What csv writes to: rows, each of which ends with a line feed alone."""

    file: TextIO

    def write(self, row: str) -> int:
        return self.file.write(row.removesuffix("\r\n") + "\n")


def csv_writer(file: TextIO, names: Sequence[str]) -> "csv.DictWriter[str]":
    """A writer of rows as CSV, which has written the names; lines end with a line feed."""
    # csv quotes the characters of its line ends: with \r\n a cell may hold either
    writer = csv.DictWriter(_Lines(file), names, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    return writer


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as CSV under their names; "" for none."""
    text = io.StringIO()
    if rows:
        csv_writer(text, list(rows[0])).writerows(rows)
    return text.getvalue()


def _write(text: str) -> None:
    """Write text to stdout with every character as it is: Rich expands tabs and drops others."""
    console = _console()
    try:
        console.file.write(text)
        console.file.flush()
    except BrokenPipeError:
        console.on_broken_pipe()


def _may_wrap(heading: Heading) -> bool:
    return isinstance(heading, Text) and not isinstance(heading, Id)


def _least_width(headings: Sequence[Heading], rows: Sequence[Sequence[str]]) -> int:
    """The characters that a grid takes at least, its text wrapped as narrow as is still legible."""
    width = 0
    for place, heading in enumerate(headings):
        longest = max(map(len, [heading, *(row[place] for row in rows)]))
        width += BETWEEN + (min(longest, NARROWEST) if _may_wrap(heading) else longest)
    return width


def _card(headings: Sequence[Heading], row: Sequence[str], width: int) -> list[str]:
    """A row as lines of at most `width`, but where a cell is longer: text, then named numbers."""
    named = [
        cell if isinstance(heading, Text) else f"{heading} {cell}"
        for heading, cell in zip(headings, row, strict=True)
        if cell
    ]
    lines = [""]
    for cell in named:
        if lines[-1] and len(lines[-1]) + 2 + len(cell) > width:
            lines.append("    " + cell)
        else:
            lines[-1] += f"  {cell}"
    return lines


def _console(*, to_stderr: bool = False) -> Console:
    """As wide as the terminal; where there is none, nothing is cut or wrapped."""
    console = PatientConsole(markup=False, emoji=False, highlight=False, stderr=to_stderr)
    if not console.is_terminal:
        console.width = PIPED
    return console
