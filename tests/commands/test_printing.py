"""How commands print: aligned by the heading's type, numbers with four significant digits."""

import pytest

from alsobought.commands.printing import Number, Text, grid, number, say


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
