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
    TimestampNTZType,
    TimestampType,
)

EPOCHS = {"unix_seconds": 1_000_000, "unix_milliseconds": 1_000}
NAMES_ITS_ZONE = r"(?:[Zz]|[+-]\d\d(?::?\d\d)?)$"
ZONE_LETTERS = "VzOXxZ"


def as_id(value: Column, kind: DataType) -> Column:
    """`value` as the text of an id: trimmed, null when empty, whole numbers without '.0'.

    1095275.0 (a float, as other tools write whole numbers next to nulls) becomes '1095275',
    also where it is already text; '007' keeps its zeros. Null: null or blank.
    """
    if isinstance(kind, FloatType | DoubleType | DecimalType):
        whole = value.try_cast("decimal(38,0)")
        text = F.when(value == whole, whole.cast("string")).otherwise(value.cast("string"))
    elif isinstance(kind, BinaryType):
        text = F.decode(value, "UTF-8")
    else:
        text = F.regexp_replace(value.cast("string"), r"^\s*(0|[1-9]\d*)\.0\s*$", "$1")
    return F.nullif(F.trim(text), F.lit(""))


def as_text(value: Column, kind: DataType) -> Column:
    """`value` as text for people: trimmed, null when empty."""
    return as_id(value, kind)


def as_number(value: Column) -> Column:
    """`value` as a finite double; null where it is not one."""
    number = value.try_cast("double")
    finite = ~F.isnan(number) & (F.abs(number) < F.lit(float("inf")))
    return F.when(finite, number)


def as_boolean(value: Column) -> Column:
    """`value` as a boolean (true/false, yes/no, 1/0 in any case); null where it is neither."""
    return F.trim(value.cast("string")).try_cast("boolean")


def as_time(value: Column, kind: DataType, pattern: str, zone: str) -> Column:
    """`value` as an instant; null where it is unreadable.

    Text and zone-less times are wall time in `zone`, unless the text or `pattern` names its own.
    A wall time inside a daylight-saving gap moves forward by the gap's length; one that happens
    twice is the earlier. Times that are instants already stay as they are.
    """
    if isinstance(kind, TimestampType):
        return value
    if pattern in EPOCHS:
        number = value.try_cast("double") * F.lit(EPOCHS[pattern])
        micros = F.when(F.abs(number) < F.lit(9e18), number).cast("bigint")
        return F.timestamp_micros(micros)
    if isinstance(kind, TimestampNTZType | DateType):
        return F.to_utc_timestamp(value.cast("timestamp"), zone)
    text = F.trim(value.cast("string"))
    if not pattern:
        wall = text.try_cast("timestamp")
        own_zone = text.rlike(r"\d:\d.*" + NAMES_ITS_ZONE)
        return F.when(own_zone, wall).otherwise(F.to_utc_timestamp(wall, zone))
    wall = F.try_to_timestamp(text, F.lit(pattern))
    if any(letter in _without_quoted(pattern) for letter in ZONE_LETTERS):
        return wall
    return F.to_utc_timestamp(wall, zone)


def _without_quoted(pattern: str) -> str:
    return "".join(part for i, part in enumerate(pattern.split("'")) if i % 2 == 0)
