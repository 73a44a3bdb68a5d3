"""What a page may show of a source's text, and how numbers are written."""

import pytest

from alsobought.report import shown_text


def test_signs_that_no_page_may_hold_are_replaced():
    assert shown_text.printable("a\x00b\x1f\u2028c\x7f") == "a\ufffdb\ufffd\ufffdc\ufffd"
    assert shown_text.printable("Käse <b> & 'x'\n") == "Käse <b> & 'x'\n"


def test_a_long_text_is_cut():
    assert shown_text.short("x" * 200) == "x" * 200
    assert shown_text.short("x" * 1_000_000) == "x" * 199 + "…"
    assert shown_text.short("abcdef", 4) == "abc…"


@pytest.mark.parametrize(
    ("value", "said"),
    [(28474.3, "28,474"), (0.031214, "0.03121"), (0, "0"), (-2.5, "-2.500"), (None, "–"),
     (float("nan"), "–"), (float("inf"), "–")],
)  # fmt: skip
def test_figures_have_four_significant_digits(value, said):
    assert shown_text.figure(value) == said


def test_a_noun_is_singular_or_plural():
    assert [shown_text.counted(n, "item") for n in (0, 1, 1200)] == [
        "0 items", "1 item", "1,200 items",
    ]  # fmt: skip


def test_counts_shares_and_sizes():
    assert [shown_text.count(n) for n in (1234567, 0, None)] == ["1,234,567", "0", "–"]
    assert [shown_text.share(n) for n in (0.1234, None)] == ["12.3%", "–"]
    assert [shown_text.megabytes(n) for n in (1_250_000, None)] == ["1.2", "–"]
    assert [shown_text.seconds(n) for n in (1234.56, None)] == ["1,234.6", "–"]
