"""Source columns of any type as canonical text, times and numbers: null where unreadable.

Every line of every new file passes through here, and a regular expression takes longer than all
else of a value: it is asked only where a cheap look does not tell. And Spark, Java's compiler and a
day's small file pay for every node of an expression, so text is cleaned in a projection of its own
(`rules.cleaned`); all functions but `cleaned` take such text.
"""

import re

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    BinaryType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegralType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

EPOCHS = {"unix_seconds": 1_000_000, "unix_milliseconds": 1_000}
NAMES_ITS_ZONE = r"\d:\d[\d:.]*\s*[A-Za-z+-]"
LONGEST_NUMBER = 200  # characters: with an exponent of two digits it is finite
GAP = r"[ \t\u00a0\u202f]"
CURRENCY = rf"(?:{GAP}*\p{{Sc}}{GAP}*)?"
NO_PART = rf"\p{{Sc}}|{GAP}"  # of a number, wherever it stands in the text of one
ZONE_LETTERS = "VzOXxZ"
HARD_BLANK = "\u00a0"
BLANKS = " \t\r\n" + HARD_BLANK


def cleaned(value: Column, kind: DataType) -> Column:
    """Text trimmed, null when blank, bytes as text; values of other types stay."""
    if not isinstance(kind, StringType | BinaryType):
        return value
    text = F.decode(value, "UTF-8") if isinstance(kind, BinaryType) else value
    is_trimmed = (text >= "!") & (F.substring(text, -1, 1) >= "!") & ~text.contains(HARD_BLANK)
    return F.when(is_trimmed, text).when(text.rlike(f"[^{BLANKS}]"), F.trim(text, F.lit(BLANKS)))


def as_id(value: Column, kind: DataType) -> Column:
    """`value` as the text of an id: whole numbers without '.0'.

    1095275.0 (a float, as other tools write whole numbers next to nulls) becomes '1095275',
    also where it is already text; '007' keeps its zeros. Null: null, blank or not a finite number.
    """
    if isinstance(kind, IntegralType):
        return value.cast("string")
    if isinstance(kind, DecimalType):
        return F.regexp_replace(value.cast("string"), r"\.0+$", "")
    if isinstance(kind, FloatType | DoubleType):
        whole = value.try_cast("decimal(38,0)")
        text = F.when(value == whole, whole.cast("string")).otherwise(value.cast("string"))
        return F.when(_is_finite(value), text)
    if not isinstance(kind, StringType):
        return value.cast("string")
    whole = F.regexp_replace(value, r"^(-?(?:0|[1-9]\d*))\.0$", "$1")
    return F.when(value.endswith(".0"), whole).otherwise(value)


def as_text(value: Column, kind: DataType) -> Column:
    """`value` as text for people."""
    return as_id(value, kind)


def as_number(value: Column, kind: DataType, decimal: str = ".", thousands: str = "") -> Column:
    """`value` as a finite double; null where it is not one.

    In text `decimal` comes before the decimals, and `thousands` may stand between groups of three
    digits; a currency sign may come before or after the number: "£2.55", "-2,55 €".
    """
    if not isinstance(kind, StringType):
        number = value.try_cast("double")
        return F.when(_is_finite(number), number)
    digits = F.translate(F.regexp_replace(value, NO_PART, ""), decimal + thousands, ".")
    is_written = value.rlike(_written_number(decimal, thousands))
    # one cast: each takes sixty lines of the code that Spark makes of a row
    usual = rf"^[0-9{'.' if decimal == '.' else ''}]{{1,{LONGEST_NUMBER}}}$"
    text = F.when(value.rlike(usual), value).when(is_written, digits)
    return text.try_cast("double")


def as_boolean(value: Column, kind: DataType) -> Column:
    """`value` as a boolean (true/false, yes/no, 1/0 in any case); null where it is neither."""
    return as_id(value, kind).try_cast("boolean")


def as_time(value: Column, kind: DataType, pattern: str, zone: str) -> Column:
    """`value` as an instant; null where it is unreadable.

    Text and zone-less times are wall time in `zone`, unless the text or `pattern` names its own.
    A wall time inside a daylight-saving gap moves forward by the gap's length; one that happens
    twice is the earlier. Times that are instants already stay as they are.
    """
    if isinstance(kind, TimestampType):
        return value
    if pattern in EPOCHS:
        micros = as_number(value, kind) * F.lit(EPOCHS[pattern])
        return F.timestamp_micros(F.when(F.abs(micros) < F.lit(9e18), micros).cast("bigint"))
    if isinstance(kind, TimestampNTZType | DateType):
        return F.to_utc_timestamp(value.cast("timestamp"), zone)
    if not pattern:
        wall = F.when(_starts_with_a_year(value), value).try_cast("timestamp")
        if zone == "UTC":
            return wall
        own_zone = ~_is_to_the_second(value) & value.rlike(NAMES_ITS_ZONE)
        return F.when(own_zone, wall).otherwise(F.to_utc_timestamp(wall, zone))
    wall = F.try_to_timestamp(value.cast("string"), F.lit(pattern))
    if any(letter in _without_quoted(pattern) for letter in ZONE_LETTERS):
        return wall
    return F.to_utc_timestamp(wall, zone)


def _starts_with_a_year(text: Column) -> Column:
    """Whether text that is a time begins with a year and a dash.

    Spark would read 12:30 as today's, and 2017 as its first second.
    """
    return (F.instr(text, "-") == 5) & ~F.substring(text, 1, 4).contains(":")


def _is_to_the_second(text: Column) -> Column:
    """Whether text that is a time looks like 2017-11-30 10:00:00, and so names no zone."""
    colons = (F.substring(text, 14, 1) == ":") & (F.substring(text, 17, 1) == ":")
    return (F.length(text) == 19) & colons & F.substring(text, 19, 1).between("0", "9")


def _written_number(decimal: str, thousands: str) -> str:
    """The regular expression of a number as people write it."""
    group = GAP if thousands == " " else re.escape(thousands)
    whole = rf"(?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)" if thousands else r"\d+"
    decimals = re.escape(decimal) + r"\d"
    digits = rf"(?:{whole}(?:{decimals}*)?|{decimals}+)(?:[eE][+-]?\d{{1,2}})?"
    return rf"^(?=.{{1,{LONGEST_NUMBER}}}$)[+-]?{CURRENCY}[+-]?{digits}{CURRENCY}$"


def _is_finite(number: Column) -> Column:
    return F.abs(number) < F.lit(float("inf"))  # Spark takes NaN for greater than all numbers


def _without_quoted(pattern: str) -> str:
    return "".join(part for i, part in enumerate(pattern.split("'")) if i % 2 == 0)
