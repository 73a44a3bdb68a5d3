"""Source columns of any type as canonical text, times and numbers: null where unreadable.

Every line of every new file passes through here, and a regular expression takes longer than all
else of a value: it is asked only where a cheap look does not tell.
"""

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
ZONE_LETTERS = "VzOXxZ"
BLANKS = " \t\r\n\u00a0"


def as_id(value: Column, kind: DataType) -> Column:
    """`value` as the text of an id: trimmed, null when empty, whole numbers without '.0'.

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
    text = _trimmed(F.decode(value, "UTF-8") if isinstance(kind, BinaryType) else value)
    whole = F.regexp_replace(text, r"^(-?(?:0|[1-9]\d*))\.0$", "$1")
    return F.nullif(F.when(text.endswith(".0"), whole).otherwise(text), F.lit(""))


def as_text(value: Column, kind: DataType) -> Column:
    """`value` as text for people: trimmed, null when empty."""
    return as_id(value, kind)


def as_number(value: Column, kind: DataType) -> Column:
    """`value` as a finite double; null where it is not one."""
    if isinstance(kind, StringType):
        text = _trimmed(value)
        value = F.when(_looks_like_a_number(text), text)
    number = value.try_cast("double")
    return F.when(_is_finite(number), number)


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
    text = _trimmed(value)
    if not pattern:
        wall = F.when(_starts_with_a_year(text), text).try_cast("timestamp")
        if zone == "UTC":
            return wall
        own_zone = ~_is_to_the_second(text) & text.rlike(NAMES_ITS_ZONE)
        return F.when(own_zone, wall).otherwise(F.to_utc_timestamp(wall, zone))
    wall = F.try_to_timestamp(text, F.lit(pattern))
    if any(letter in _without_quoted(pattern) for letter in ZONE_LETTERS):
        return wall
    return F.to_utc_timestamp(wall, zone)


def _starts_with_a_year(text: Column) -> Column:
    """Whether four digits and a dash come first, in text that may be a time.

    Spark would read 12:30 as today's, and 2017 as its first second.
    """
    return (F.substring(text, 5, 1) == "-") & F.substring(text, 1, 4).try_cast("int").isNotNull()


def _is_to_the_second(text: Column) -> Column:
    """Whether text that is a time looks like 2017-11-30 10:00:00, and so names no zone."""
    colons = (F.substring(text, 14, 1) == ":") & (F.substring(text, 17, 1) == ":")
    return (F.length(text) == 19) & colons & F.substring(text, 19, 1).between("0", "9")


def _looks_like_a_number(text: Column) -> Column:
    """Whether text that Java reads as a number is one to people too: not 2d, 0x1p3 or NaN."""
    begins = (text >= "+") & (text < ":")  # + - . or a digit; Java reads no other of these
    ends = F.substring(text, -1, 1).between(".", "9")
    return begins & ends & ~text.contains("p") & ~text.contains("P")


def _trimmed(value: Column) -> Column:
    text = value.cast("string")
    first_is_plain = (text >= "!") & (text < "\u007f")
    last_is_plain = F.substring(text, -1, 1).between("!", "~")
    return F.when(first_is_plain & last_is_plain, text).otherwise(F.trim(text, F.lit(BLANKS)))


def _is_finite(number: Column) -> Column:
    return F.abs(number) < F.lit(float("inf"))  # Spark takes NaN for greater than all numbers


def _without_quoted(pattern: str) -> str:
    return "".join(part for i, part in enumerate(pattern.split("'")) if i % 2 == 0)
