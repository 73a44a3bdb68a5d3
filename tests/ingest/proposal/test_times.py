"""The form of a column's times, in Spark's letters."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from alsobought.ingest import time_patterns
from alsobought.ingest.proposal.times import Times, times_of, times_of_instants


def times(*texts):
    return times_of(pa.array(texts), np.ones(len(texts), np.int64))


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        (["2010-12-01 08:26:00"], ""),
        (["2024-01-02T10:11:12.123Z"], ""),
        (["2024-01-02"], ""),
        (["2010/12/31"], "yyyy/M/d"),
        (["12/1/2010 8:26", "12/13/2010 10:05"], "M/d/yyyy H:mm"),
        (["1/12/2010 8:26", "13/12/2010 10:05"], "d/M/yyyy H:mm"),
        (["01.02.2026 08:30", "03.02.2026 18:30:15"], "dd.MM.yyyy HH:mm[:ss]"),
        (["31/01/2024", "01/02/2024 10:00"], "dd/MM/yyyy[ H:mm]"),
        (["1/31/24 1:05 PM"], "M/d/yy h:mm a"),
        (["13-Jan-24"], "d-MMM-yy"),
        (["Jan 3, 2024 10:00"], "MMM d, yyyy H:mm"),
        (["02.01.2024 10:11 +01:00"], "dd.MM.yyyy H:mm XXX"),
        (["20240131"], "yyyyMMdd"),
        (["20240131101112"], "yyyyMMddHHmmss"),
        (["1433193132"], "unix_seconds"),
        (["1433193132535"], "unix_milliseconds"),
    ],
)
def test_a_form(texts, pattern):
    assert times(*texts).pattern == pattern
    assert time_patterns.fault(pattern) is None


@pytest.mark.parametrize("text", ["tea", "85123A", "536365", "12.50", "20249999", "2.5", ""])
def test_what_is_no_time(text):
    assert times(text) is None


def test_the_first_and_the_last_day():
    assert times("9/12/2011 8:26", "13/1/2011 9:00") == Times(
        "d/M/yyyy H:mm", date(2011, 1, 13), date(2011, 12, 9), date(2011, 12, 9), has_clock=True
    )


def test_day_or_month_first_where_no_value_tells():
    """The days lie closer together in February than on the first of five months."""
    may_be_either = times("1/2/2026", "2/2/2026", "5/2/2026")
    assert (may_be_either.pattern, may_be_either.other) == ("d/M/yyyy", "M/d/yyyy")
    other = times("2/1/2026", "2/2/2026", "2/5/2026")
    assert (other.pattern, other.other) == ("M/d/yyyy", "d/M/yyyy")


def test_one_value_tells_day_and_month_apart():
    assert times(*(f"1/{day}/2026" for day in range(1, 14))) == Times(
        "M/d/yyyy", date(2026, 1, 1), date(2026, 1, 13), date(2026, 1, 13), has_clock=False
    )


def test_a_day_that_there_is_not():
    days = [f"{day:02}/02/2026" for day in range(1, 29)]
    assert times(*days, "30/02/2026").pattern == "dd/MM/yyyy"


def test_dots_mean_that_the_day_comes_first():
    assert times("01.02.2026", "01.03.2026").other == ""


def test_a_zone_that_the_times_name():
    assert times("2024-01-02 10:11:12 -0500").names_zone
    assert not times("2024-01-02 10:11:12").names_zone


def test_a_column_that_holds_times_already():
    noon = datetime(2026, 1, 5, 12)  # noqa: DTZ001 - without a zone
    first, last = date(2026, 1, 5), date(2026, 1, 5)
    wall = times_of_instants(pa.chunked_array([[noon, None]]))
    assert wall == Times("", first, last, last, has_clock=True)
    instants = pa.chunked_array([pa.array([noon], pa.timestamp("us", "UTC"))])
    assert times_of_instants(instants) == Times(
        "", first, last, last, has_clock=True, names_zone=True
    )
    days = pa.chunked_array([pa.array([first], pa.date32())])
    assert times_of_instants(days) == Times("", first, last, last, has_clock=False)


BULK = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-12-31"]


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y %H:%M", "%Y%m%d", "%s"])
def test_a_row_of_a_day_far_ahead(form):
    def written(*days):
        return [
            str(int(moment.timestamp())) if form == "%s" else moment.strftime(form)
            for moment in (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in days)
        ]

    once = times(*written(*BULK, "2034-01-01"))
    assert (once.last, once.bulk_last) == (date(2034, 1, 1), date(2026, 12, 31))
    texts, counts = pa.array(written(*BULK, "2034-01-01")), np.array([1000, 9, 9, 9, 2])
    assert times_of(texts, counts).bulk_last == date(2034, 1, 1)  # 2 of 1029 rows are many


def test_a_row_far_ahead_in_a_column_of_times():
    days = pa.chunked_array([[*map(date.fromisoformat, BULK), date(2099, 1, 1)]])
    both = times_of_instants(days)
    assert (both.last, both.bulk_last) == (date(2099, 1, 1), date(2026, 12, 31))


def test_a_few_values_that_are_no_times():
    days = [f"{day:02}.01.2026" for day in range(1, 32)]
    assert times_of(pa.array([*days, "soon"]), np.array([9] * 31 + [1])).pattern == "dd.MM.yyyy"
    assert times_of(pa.array([*days, "soon"]), np.array([9] * 31 + [60])) is None
