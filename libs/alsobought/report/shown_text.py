"""Text of sources as a page may show it: short, and without signs that no page may hold."""

import math
import re

LONGEST = 200
"""Characters of a title or an id that are shown."""
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def printable(text: str) -> str:
    """The text, with U+FFFD for each sign that HTML forbids or that a reader cannot see."""
    return UNPRINTABLE.sub("\ufffd", text)


def short(text: str, longest: int = LONGEST) -> str:
    """The text's beginning where it is long, which an ellipsis ends."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return printable(cut)


def figure(value: float | None) -> str:
    """Four significant digits, never as a power of ten: 28,474 and 0.03121; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    digits = 3 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(0, digits)}f}"


def count(value: int | None) -> str:
    """A whole number with commas; a dash for none."""
    return "–" if value is None else f"{value:,}"


def counted(value: int, noun: str) -> str:
    """So many of a noun: 1 item, 2 items."""
    return f"{value:,} {noun}{'' if value == 1 else 's'}"


def share(value: float | None) -> str:
    """A share in per cent, to one decimal; a dash for none."""
    return "–" if value is None else f"{value:.1%}"


def share2(value: float | None) -> str:
    """A share in per cent, to two decimals; a dash for none."""
    return "–" if value is None else f"{value:.2%}"


def megabytes(value: int | None) -> str:
    """Bytes as megabytes, to one decimal; a dash for none."""
    return "–" if value is None else f"{value / 1e6:,.1f}"


def seconds(value: float | None) -> str:
    """Seconds to one decimal; a dash for none."""
    return "–" if value is None else f"{value:,.1f}"
