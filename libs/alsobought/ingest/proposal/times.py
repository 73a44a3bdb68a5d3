"""How a column writes times, in Spark's pattern letters, told from its values."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ENOUGH = 0.98  # of the values must be times; what is not is a broken row
TRIED, MOST = 50, 0.9  # distinct values that are tried first, and how many must be times
FEW, AHEAD = 0.001, timedelta(days=366)  # of the rows may be dated so far after all others
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
CENTURY = 2000  # of years with two digits, as Spark reads them
UNIX = {"unix_seconds": 1, "unix_milliseconds": 1000}
YEAR, SHORT_YEAR = r"(?P<y>\d{4})", r"(?P<y>\d{4}|\d{2})"
NUMBER, NAME = r"\d{1,2}", r"[A-Za-z]{3}"
CLOCK = (
    r"(?:(?P<gap>,? |T)(?P<hour>\d{1,2}):\d{2}(?P<second>:\d{2})?(?P<fraction>\.\d{1,9})?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|[+-]\d{2}:?\d{2}))?)?"
)
SHAPES = {
    "y M d": rf"{YEAR}(?P<sign>[-/.])(?P<M>{NUMBER})[-/.](?P<d>{NUMBER}){CLOCK}",
    "d M y": rf"(?P<d>{NUMBER})(?P<sign>[-/.])(?P<M>{NUMBER})[-/.]{SHORT_YEAR}{CLOCK}",
    "d MMM y": rf"(?P<d>{NUMBER})(?P<sign>[- ])(?P<M>{NAME})[- ]{SHORT_YEAR}{CLOCK}",
    "MMM d, y": rf"(?P<M>{NAME})(?P<sign> )(?P<d>{NUMBER}), {YEAR}{CLOCK}",
    "yMd": r"(?P<y>(?:19|20)\d{2})(?P<M>[01]\d)(?P<d>[0-3]\d)"
    r"(?P<digits>(?:[0-2]\d[0-5]\d)?(?:\d\d)?)",
    "unix_seconds": r"(?P<ticks>[5-9]\d{8}|[12]\d{9})(?:\.0)?",
    "unix_milliseconds": r"(?P<ticks>[5-9]\d{11}|[12]\d{12})(?:\.0)?",
}


@dataclass(frozen=True)
class Times:
    """What a column's values say of when."""

    pattern: str
    """For timestamp_format; "" is ISO 8601."""
    first: date
    last: date
    bulk_last: date
    """The last day but for a few rows of days that lie more than a year ahead of the others."""
    has_clock: bool
    """Whether it has a time of day."""
    names_zone: bool = False
    other: str = ""
    """The other pattern, where no value tells day and month apart."""


@dataclass(frozen=True)
class _Days:
    """The distinct days of a column, as they are written."""

    texts: list[tuple[str, str, str]]
    """Year, month, day."""
    rows: list[int]
    """Of each."""
    sign: str


def times_of(values: pa.Array, counts: np.ndarray) -> Times | None:
    """The form of distinct text values that occur `counts` times, or None: they are no times."""
    tried = values[:: max(1, len(values) // TRIED)].to_pylist()
    for name, shape in SHAPES.items():
        regex = rf"^\s*{shape}\s*$"
        fits_in = re.compile(regex).match
        if sum(fits_in(value) is not None for value in tried) >= MOST * len(tried) > 0:
            fields = pc.extract_regex(values, regex)
            fits = fields.is_valid()
            matched = counts[as_numpy(fits)].sum()
            if matched < ENOUGH * counts.sum():
                return None
            return _times(name, fields.filter(fits), counts[as_numpy(fits)])
    return None


def as_numpy(values: pa.Array) -> np.ndarray:
    """An array of numbers or booleans without nulls."""
    return np.asarray(values.to_numpy(zero_copy_only=False))


def times_of_instants(values: pa.Array) -> Times:
    """The same of a column that holds times already."""
    every = values.cast(pa.timestamp("us"), safe=False).cast(pa.date32(), safe=False).drop_null()
    counted = pc.value_counts(every)
    days, rows = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    is_day = pa.types.is_date(values.type)
    has_zone = not is_day and values.type.tz is not None
    bulk = _last_of_bulk(list(zip(days, rows, strict=True)))
    return Times("", min(days), max(days), bulk, not is_day, has_zone)


def _last_of_bulk(days: Sequence[tuple[date, int]]) -> date:
    """The last of days of so many rows, up to the first gap of AHEAD after nearly all rows."""
    ordered = sorted(days)
    rows = np.cumsum([n for _, n in ordered])
    place = int(np.searchsorted(rows, rows[-1] - max(1, FEW * rows[-1])))
    last = ordered[place][0]
    for day, _ in ordered[place:]:
        if day - last > AHEAD:
            break
        last = day
    return last


def _of_ticks(shape: str, fields: pa.StructArray, counts: np.ndarray) -> Times:
    days = as_numpy(fields.field("ticks").cast(pa.int64())) // (86400 * UNIX[shape])
    numbers, places = np.unique(days, return_inverse=True)
    rows = np.bincount(places, counts).astype(int).tolist()
    dates = [date(1970, 1, 1) + timedelta(days=number) for number in numbers.tolist()]
    bulk = _last_of_bulk(list(zip(dates, rows, strict=True)))
    return Times(shape, dates[0], dates[-1], bulk, has_clock=True, names_zone=True)


def _days_of(fields: pa.StructArray, counts: np.ndarray) -> _Days:
    parts = [fields.field(name) for name in ("y", "M", "d")]
    joined = pc.dictionary_encode(pc.binary_join_element_wise(*parts, " "))
    texts = [(y, m, d) for y, m, d in (text.split(" ") for text in joined.dictionary.to_pylist())]
    sign = fields.field("sign")[0].as_py() if fields.type.get_field_index("sign") >= 0 else ""
    return _Days(texts, np.bincount(as_numpy(joined.indices), counts).astype(int).tolist(), sign)


def _times(shape: str, fields: pa.StructArray, counts: np.ndarray) -> Times | None:
    if shape in UNIX:
        return _of_ticks(shape, fields, counts)
    days = _days_of(fields, counts)
    if shape == "yMd":
        clock = "HHmmss"[: pc.max(pc.utf8_length(fields.field("digits"))).as_py()]
        times = _of_order("yMd", days, clock)
        return times and replace(times, pattern=f"yyyyMMdd{clock}")
    clock = _clock(fields)
    if shape == "y M d" and days.sign == "-" and fields.field("gap")[0].as_py() in ("", " ", "T"):
        times = _of_order("y M d", days, clock)
        pattern = "" if times and " a" not in clock else clock
        times = times and replace(times, pattern=pattern)
    elif shape == "d M y":
        times = _day_or_month_first(days, clock)
    else:
        times = _of_order(shape, days, clock)
    return times and replace(times, names_zone=clock.endswith(("X", "X]")))


def _day_or_month_first(days: _Days, clock: str) -> Times | None:
    """The order under which more values are days; where that is none or as many, the one under
    which they lie closer together: a file is of a few days or months."""
    swapped = replace(days, texts=[(y, d, m) for y, m, d in days.texts])
    day_first, month_first = _of_order("d M y", days, clock), _of_order("M d y", swapped, clock)
    more = _days_in(days) - _days_in(swapped)
    if days.sign == "." or more > 0 or month_first is None:
        return day_first
    if more < 0 or day_first is None:
        return month_first
    best, other = sorted((day_first, month_first), key=lambda times: times.last - times.first)
    return replace(best, other=other.pattern)


def _days_in(days: _Days) -> int:
    return sum(_date(texts) is not None for texts in days.texts)


def _of_order(order: str, days: _Days, clock: str) -> Times | None:
    """The times of days written in that order; None where too few of them are days."""
    counted = zip(map(_date, days.texts), days.rows, strict=True)
    dated = [(day, rows) for day, rows in counted if day is not None]
    dates = [day for day, _ in dated]
    if len(dates) < MOST * len(days.texts):
        return None
    years, months, month_days = zip(*days.texts, strict=True)
    letters = {
        "y": "yyyy" if all(len(year) == 4 for year in years) else "yy",
        "M": "MMM" if months[0].isalpha() else _letter("M", months),
        "d": _letter("d", month_days),
    }
    order = order.replace("MMM", "M")
    pattern = "".join(letters.get(sign, days.sign if sign == " " else sign) for sign in order)
    bulk = _last_of_bulk(dated)
    return Times(pattern + clock, min(dates), max(dates), bulk, has_clock=bool(clock))


def _date(texts: tuple[str, str, str]) -> date | None:
    year, month, day = texts
    try:
        number = MONTHS.index(month.lower()) + 1 if month.isalpha() else int(month)
        return date(int(year) + (CENTURY if len(year) == 2 else 0), number, int(day))
    except ValueError:
        return None


def _letter(letter: str, texts: Iterable[str]) -> str:
    """Twice where the numbers have leading zeros; once reads them with and without."""
    return letter * 2 if any(len(text) == 2 and text[0] == "0" for text in texts) else letter


def _clock(fields: pa.StructArray) -> str:
    """The pattern of the time of day, in brackets where some values have none; "": none has."""
    parts = {name: fields.field(name) for name in ("gap", "hour", "second", "fraction", "half")}
    unique = {name: pc.unique(part).to_pylist() for name, part in parts.items()}
    if unique["gap"] == [""]:
        return ""
    gap = next(gap for gap in unique["gap"] if gap)
    half = next((half for half in unique["half"] if half), "")
    hour = _letter("h" if half else "H", unique["hour"])
    pattern = "'T'" if gap == "T" else gap
    pattern += f"{hour}:mm{_optional(':ss', unique['second'])}"
    pattern += _optional(".SSSSSSSSS", unique["fraction"])
    pattern += half and (" a" if half.startswith(" ") else "a")
    pattern += _zone(pc.unique(fields.field("zone")).to_pylist())
    return f"[{pattern}]" if "" in unique["gap"] else pattern


def _optional(pattern: str, texts: Sequence[str]) -> str:
    if texts == [""]:
        return ""
    return f"[{pattern}]" if "" in texts else pattern


def _zone(texts: Sequence[str]) -> str:
    letters = "XXX" if any(":" in text for text in texts) else "XX"
    blank = " " if any(text.startswith(" ") for text in texts) else ""
    return _optional(blank + letters, texts)
