"""Source columns as text, numbers and times: the expected value stands beside each input."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from alsobought.ingest import parse

NAN, INFINITY = float("nan"), float("inf")


@pytest.fixture
def check(frame) -> Callable[..., None]:
    """check(formula, kind, (input, expected), ...): all cases in one frame, one collect."""

    def checked(
        formula: Callable[[Column, DataType], Column], kind: str, *cases: tuple[Any, Any]
    ) -> None:
        df = frame(f"place int, value {kind}", *[(i, value) for i, (value, _) in enumerate(cases)])
        value = parse.cleaned(F.col("value"), df.schema["value"].dataType)
        df = df.select("place", value.alias("value"))
        got = formula(F.col("value"), df.schema["value"].dataType).cast("string")
        found = {row[0]: row[1] for row in df.select("place", got).collect()}
        wrong = [
            (value, expected, found[i])
            for i, (value, expected) in enumerate(cases)
            if found[i] != expected
        ]
        assert wrong == []

    return checked


def test_an_id_as_text_is_trimmed_and_loses_a_float_tail(check):
    check(
        parse.as_id,
        "string",
        ("1095275", "1095275"),
        ("1095275.0", "1095275"),
        (" 1095275.0\t", "1095275"),
        ("-1.0", "-1"),
        ("0.0", "0"),
        ("007", "007"),
        ("007.0", "007.0"),  # no tool writes a number so: it is a name
        ("1.50", "1.50"),
        ("1.2.0", "1.2.0"),
        ("AB 12", "AB 12"),
        (" \u00a0tea\r", "tea"),
        ("tea\u00a0", "tea"),
        ("\u00e9t\u00e9 \n", "\u00e9t\u00e9"),
        ("", None),
        (" \t ", None),
        (None, None),
    )


def test_an_id_as_a_double_is_the_whole_number_that_it_stands_for(check):
    check(
        parse.as_id,
        "double",
        (1095275.0, "1095275"),
        (31198570044.0, "31198570044"),
        (9007199254740992.0, "9007199254740992"),
        (0.0, "0"),
        (2.5, "2.5"),
        (NAN, None),  # how pandas writes that there is none
        (INFINITY, None),
        (None, None),
    )


def test_an_id_as_a_decimal_loses_its_zeros_behind_the_point(check):
    check(
        parse.as_id,
        "decimal(20,2)",
        (Decimal("31198570044.00"), "31198570044"),
        (Decimal("2.50"), "2.50"),
        (None, None),
    )


def test_an_id_as_an_integer_or_as_bytes_is_its_text(check):
    check(parse.as_id, "bigint", (31198570044, "31198570044"), (-1, "-1"), (None, None))
    check(parse.as_id, "binary", (b" tea ", "tea"), (b"7.0", "7"), (b"", None), (None, None))


def test_a_number_is_finite_and_decimal_or_null(check):
    check(
        parse.as_number,
        "string",
        ("2", "2.0"),
        (" 2.50 ", "2.5"),
        ("-.5", "-0.5"),
        ("1e3", "1000.0"),
        ("abc", None),
        ("NaN", None),
        ("Infinity", None),
        ("1e999", None),
        ("+5.", "5.0"),
        ("-1.5E-3", "-0.0015"),
        (".", None),
        ("2 5", None),
        ("3.x", None),
        ("-", None),
        ("1e", None),
        ("1/2", None),
        ("2d", None),  # a number in Java
        ("2F", None),
        ("0X1P-3", None),
        ("0x1p3", None),  # and this too
        ("1,5", None),
        ("", None),
        (None, None),
    )
    check(parse.as_number, "double", (2.5, "2.5"), (NAN, None), (-INFINITY, None), (None, None))
    check(parse.as_number, "decimal(9,2)", (Decimal("1.25"), "1.25"), (None, None))
    check(parse.as_number, "int", (3, "3.0"), (None, None))


def test_a_number_may_bear_a_currency_sign(check):
    check(
        parse.as_number,
        "string",
        ("\u00a32.55", "2.55"),
        ("2.55\u00a0\u20ac", "2.55"),
        ("-$3", "-3.0"),
        ("$ -3.5", "-3.5"),
        ("$.5", "0.5"),
        ("$", None),
        ("2$5", None),
        ("\u00a31,000", None),  # a thousand, or one
        ("EUR 2", None),
    )


def test_a_number_is_read_by_the_source_s_marks(check):
    english = partial(parse.as_number, decimal=".", thousands=",")
    check(
        english,
        "string",
        ("1,234.56", "1234.56"),
        ("-1,234,567", "-1234567.0"),
        ("$1,000", "1000.0"),
        ("1234.5", "1234.5"),
        ("0.5", "0.5"),
        ("1,23", None),
        ("1,2345", None),
        (",123", None),
        ("1.234,56", None),
    )
    german = partial(parse.as_number, decimal=",", thousands=".")
    check(
        german,
        "string",
        ("1.234,56", "1234.56"),
        ("1.234", "1234.0"),
        ("2,50 \u20ac", "2.5"),
        ("-,5", "-0.5"),
        ("1,5e3", "1500.0"),
        ("12", "12.0"),
        ("1.5", None),
        ("1.234.56", None),
        ("1,234.56", None),
        ("2d", None),
    )
    check(partial(parse.as_number, decimal=","), "string", ("1234,5", "1234.5"), ("1.234", None))
    french = partial(parse.as_number, decimal=",", thousands=" ")
    check(
        french,
        "string",
        ("1 234,5", "1234.5"),
        ("1\u00a0234\u202f567", "1234567.0"),
        ("1 23", None),
    )
    swiss = partial(parse.as_number, thousands="'")
    check(swiss, "string", ("1'234.50", "1234.5"), ("1'2", None))
    check(german, "double", (1234.5, "1234.5"))


def test_a_boolean_is_read_from_words_and_numbers(check):
    check(
        parse.as_boolean,
        "string",
        ("true", "true"),
        (" No ", "false"),
        ("0", "false"),
        ("0.0", "false"),  # a number next to nulls, as text
        ("1.0", "true"),
        ("maybe", None),
        ("", None),
        (None, None),
    )
    check(parse.as_boolean, "double", (0.0, "false"), (1.0, "true"), (NAN, None), (None, None))
    check(parse.as_boolean, "boolean", (False, "false"), (True, "true"), (None, None))


def test_a_time_without_zone_is_wall_time_in_the_source_s_zone(check):
    check(
        partial(parse.as_time, pattern="", zone="America/New_York"),
        "string",
        ("2017-07-01 12:00:00", "2017-07-01 16:00:00"),
        ("2017-01-01T12:00:00.25", "2017-01-01 17:00:00.25"),
        ("2017-01-01", "2017-01-01 05:00:00"),
        (" 2017-01-01 12:00 ", "2017-01-01 17:00:00"),
        ("2017-03-12 01:59:59", "2017-03-12 06:59:59"),
        ("2017-03-12 02:30:00", "2017-03-12 07:30:00"),  # there is no such time: 03:30 EDT
        ("2017-03-12 03:00:00", "2017-03-12 07:00:00"),
        ("2017-11-05 01:30:00", "2017-11-05 05:30:00"),  # it comes twice: the first, EDT
        ("2017-11-05 02:00:00", "2017-11-05 07:00:00"),
        ("yesterday", None),
        ("T1:3-08:00", None),
        ("12:30:00", None),  # Spark would put today's date before it
        ("1:30-08:00", None),
        ("+201-01-01", None),
        ("2017", None),
        ("20170101", None),
        ("2017-02-29 12:00:00", None),
        ("", None),
        (None, None),
    )


def test_a_time_that_names_its_zone_keeps_it(check):
    check(
        partial(parse.as_time, pattern="", zone="America/New_York"),
        "string",
        ("2017-07-01T12:00:00Z", "2017-07-01 12:00:00"),
        ("2017-07-01 12:00:00+02:00", "2017-07-01 10:00:00"),
        ("2017-07-01 12:00:00.5-0330", "2017-07-01 15:30:00.5"),
        ("2017-07-01 12:00:00 UTC", "2017-07-01 12:00:00"),
        ("2017-7-01 12:00:00Z", "2017-07-01 12:00:00"),  # as long as without a zone
        ("2017-07-01 12:00:00 Europe/Berlin", "2017-07-01 10:00:00"),
    )


def test_a_time_is_read_by_the_source_s_own_pattern(check):
    local = partial(parse.as_time, pattern="dd.MM.yyyy HH:mm", zone="Europe/Berlin")
    check(
        local,
        "string",
        ("01.07.2017 12:00", "2017-07-01 10:00:00"),
        ("26.03.2017 02:30", "2017-03-26 01:30:00"),  # inside the gap
        ("29.10.2017 02:30", "2017-10-29 00:30:00"),  # twice
        ("31.02.2017 12:00", None),
        ("2017-07-01 12:00", None),
        (None, None),
    )
    with_offset = partial(parse.as_time, pattern="yyyyMMdd'Z'HHmm XX", zone="Europe/Berlin")
    check(with_offset, "string", ("20170701Z1200 +0100", "2017-07-01 11:00:00"))
    quoted = partial(parse.as_time, pattern="yyyyMMdd'Z'HHmm", zone="Europe/Berlin")
    check(quoted, "string", ("20170701Z1200", "2017-07-01 10:00:00"))


def test_a_time_as_a_number_counts_from_1970(check):
    seconds = partial(parse.as_time, pattern="unix_seconds", zone="America/New_York")
    check(seconds, "bigint", (1_500_000_000, "2017-07-14 02:40:00"), (None, None))
    check(seconds, "double", (1_500_000_000.5, "2017-07-14 02:40:00.5"), (NAN, None))
    check(
        seconds,
        "string",
        ("1500000000", "2017-07-14 02:40:00"),
        ("9e99", None),
        ("soon", None),
    )
    milliseconds = partial(parse.as_time, pattern="unix_milliseconds", zone="America/New_York")
    check(milliseconds, "bigint", (1_500_000_000_250, "2017-07-14 02:40:00.25"))


def test_a_time_that_is_an_instant_stays_and_one_without_zone_is_moved(check):
    noon = datetime(2017, 7, 1, 12)  # noqa: DTZ001 - a wall time is what this is about
    formula = partial(parse.as_time, pattern="", zone="America/New_York")
    check(formula, "timestamp_ntz", (noon, "2017-07-01 16:00:00"), (None, None))
    check(formula, "date", (noon.date(), "2017-07-01 04:00:00"), (None, None))
