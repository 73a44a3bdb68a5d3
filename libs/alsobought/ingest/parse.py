"""Source columns of any type as canonical text, times and numbers: null where unreadable."""

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
STARTS_WITH_DAY = r"^\d{4}-"  # Spark would read 12:30 as today's, and 2017 as its first second
NAMES_ITS_ZONE = r"\d:\d[\d:.]*\s*[A-Za-z+-]"
ZONE_LETTERS = "VzOXxZ"
BLANKS = " \t\r\n\u00a0"
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"  # Java would also read 2d and 0x1p3


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
    return F.nullif(F.regexp_replace(text, r"^(-?(?:0|[1-9]\d*))\.0$", "$1"), F.lit(""))


def as_text(value: Column, kind: DataType) -> Column:
    """`value` as text for people: trimmed, null when empty."""
    return as_id(value, kind)


def as_number(value: Column, kind: DataType) -> Column:
    """`value` as a finite double; null where it is not one."""
    if isinstance(kind, StringType):
        text = _trimmed(value)
        value = F.when(text.rlike(NUMBER), text)
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
        wall = F.when(text.rlike(STARTS_WITH_DAY), text).try_cast("timestamp")
        own_zone = text.rlike(NAMES_ITS_ZONE)
        return F.when(own_zone, wall).otherwise(F.to_utc_timestamp(wall, zone))
    wall = F.try_to_timestamp(text, F.lit(pattern))
    if any(letter in _without_quoted(pattern) for letter in ZONE_LETTERS):
        return wall
    return F.to_utc_timestamp(wall, zone)


def _trimmed(value: Column) -> Column:
    return F.trim(value.cast("string"), F.lit(BLANKS))


def _is_finite(number: Column) -> Column:
    return ~F.isnan(number) & (F.abs(number) < F.lit(float("inf")))


def _without_quoted(pattern: str) -> str:
    return "".join(part for i, part in enumerate(pattern.split("'")) if i % 2 == 0)
