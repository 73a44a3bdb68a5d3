"""How commands print: aligned by the heading's type, numbers with four significant digits."""

import csv
import io
import os
import subprocess
import sys

import pytest
from rich.console import Console

from alsobought.commands import printing
from alsobought.commands.printing import Id, Number, Text, grid, number, rows_for_programs, say


@pytest.mark.parametrize(
    ("value", "text"),
    [(28474.4, "28,474"), (12.3456, "12.35"), (-0.03121, "-0.03121"), (0.0, "0"), (1, "1.000")],
)
def test_a_number_has_four_significant_digits(value, text):
    assert number(value) == text


def test_text_is_aligned_to_the_left_and_numbers_to_the_right(capsys):
    grid([Text("of"), Number("n")], [["tea", "1,000"], ["j", "2"]])
    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in lines if line.strip()] == [
        " of        n",
        " ───────────",
        " tea   1,000",
        " j         2",
    ]


def test_markup_and_control_characters_are_printed_as_text(capsys):
    say("[bold]a\nb\tc", "d")
    assert capsys.readouterr().out == "[bold]a b c\nd\n"


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 60 columns."""

    def console(*, to_stderr=False):
        return Console(width=60, force_terminal=True, color_system=None, markup=False)

    monkeypatch.setattr(printing, "_console", console)


def test_in_a_narrow_terminal_text_is_wrapped_and_ids_and_numbers_are_not(terminal, capsys):
    headings = [Number("rank"), Text("title"), Id("item"), Number("score")]
    title = "A very long title that takes more than a line"
    grid(headings, [["1", title, "item-1234567890-abc", "1,234,567.89"]])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert all(len(line) <= 60 for line in lines)
    assert "item-1234567890-abc   1,234,567.89" in lines[2]
    assert len(lines) > 3


def test_where_not_even_that_fits_a_row_is_lines_of_named_numbers(terminal, capsys):
    headings = [Number("rank"), Text("title"), Id("item"), *map(Number, ("score", "N", "E"))]
    numbers = ["12,345.67", "123,456,789", "123,456.78"]
    grid(headings, [["1", "Plum jam", "item-1234567890-abc", *numbers], ["2", "", "x", *numbers]])
    assert capsys.readouterr().out.splitlines() == [
        "  rank 1  Plum jam  item-1234567890-abc  score 12,345.67",
        "    N 123,456,789  E 123,456.78",
        "  rank 2  x  score 12,345.67  N 123,456,789  E 123,456.78",
    ]


def test_rows_for_programs(capsys):
    rows = [
        {"item": 'a "b", c', "n": 1, "score": float("nan")},
        {"item": None, "n": 2, "score": 0.5},
    ]
    rows_for_programs(rows, as_csv=False)
    assert capsys.readouterr().out == (
        '[{"item": "a \\"b\\", c", "n": 1, "score": null},\n'
        ' {"item": null, "n": 2, "score": 0.5}]\n'
    )
    rows_for_programs(rows, as_csv=True)
    assert capsys.readouterr().out == 'item,n,score\n"a ""b"", c",1,\n,2,0.5\n'
    rows_for_programs([], as_csv=False)
    assert capsys.readouterr().out == "[]\n"


def test_a_cell_of_csv_keeps_its_control_characters(capsys):
    text = "a\tb\x0bc\x0cd\re\nf\x85g"
    rows_for_programs([{"item": text, "n": 1}], as_csv=True)
    out = capsys.readouterr().out
    assert out == f'item,n\n"{text}",1\n'
    assert [*csv.reader(io.StringIO(out, newline=""))] == [["item", "n"], [text, "1"]]


@pytest.mark.parametrize(
    "printed",
    ["say('x' * 99999)", "rows_for_programs([{'x': 'x' * 99999}], as_csv=True)"],
)
def test_a_reader_who_leaves_is_no_error(printed):
    """As `| head` does."""
    names = "rows_for_programs, say"
    code = f"from alsobought.commands.printing import {names}\nfor n in range(9): {printed}"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ,
    )  # fmt: skip
    process.stdout.read(1)
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 0)
