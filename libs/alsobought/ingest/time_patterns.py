"""Datetime patterns as people write them, in the letters of Spark."""

import re

NUMBERS = ("unix_seconds", "unix_milliseconds")
READ = set("GyDMLdahHkKmsSVzOXxZ")  # the letters that Spark reads; it writes some more
HOURS = set("HhKk")
STRFTIME = {
    "%Y": "yyyy", "%y": "yy", "%m": "MM", "%d": "dd", "%H": "HH", "%I": "hh", "%M": "mm",
    "%S": "ss", "%f": "SSSSSS", "%p": "a", "%b": "MMM", "%B": "MMMM", "%z": "XX", "%T": "HH:mm:ss",
    "%F": "yyyy-MM-dd",
}  # fmt: skip
LETTERS = (
    "y year, M month, d day, H hour of 24, h hour of 12 with a for am or pm, m minute, s second, "
    "S fraction, X zone, other letters in single quotes"
)
PART = re.compile(r"'[^']*'|([A-Za-z])\1*|.", re.DOTALL)


def fault(pattern: str) -> str | None:
    """What is wrong with a `timestamp_format`, and the pattern that is meant; None: nothing is.

    Spark takes some of the wrong letters without a word: every time is then unreadable, or another.
    """
    if pattern in ("", *NUMBERS):
        return None
    meant = in_letters_of_spark(pattern)
    wrong = sorted({letter for letter in _runs(meant) if letter not in READ})
    if wrong:
        return f"has {', '.join(map(repr, wrong))}, which Spark does not read in a time: {LETTERS}"
    return None if meant == pattern else f"should be {meant!r} in the letters of Spark ({LETTERS})"


def in_letters_of_spark(pattern: str) -> str:
    """The pattern with each letter replaced that can only be meant as another one."""
    if "%" in pattern:
        letters_of_spark = re.sub("%.", lambda code: STRFTIME.get(code[0], code[0]), pattern)
        return letters_of_spark.replace("T", "'T'")
    parts = [match[0] for match in PART.finditer(pattern)]
    letters = set(_runs(pattern))
    before = ""
    for place, part in enumerate(parts):
        if part.startswith("'") or not part[0].isalpha():
            continue
        parts[place] = _meant(part, before, letters)
        before = part[0]
    return "".join(parts)


def _meant(run: str, before: str, letters: set[str]) -> str:
    """A run of one letter as it is meant after the letter `before`, in a pattern of `letters`."""
    letter = run[0]
    if run == "T":
        return "'T'"
    if letter in "Yu":
        return "y" * len(run)
    if letter == "D" and letters & set("Mm"):
        return "d" * len(run)
    if letter == "h" and "a" not in letters:
        return "H" * len(run)
    if letter == "M" and before in HOURS:
        return "m" * len(run)
    if letter == "m" and before not in HOURS and letters & set("Ddy"):
        return "M" * len(run)
    if letter == "S" and before in ("m", "M") and "s" not in letters:
        return "s" * len(run)
    return run


def _runs(pattern: str) -> list[str]:
    """The letter of each run outside of quotes, in order."""
    return [match[1] for match in PART.finditer(pattern) if match[1]]
