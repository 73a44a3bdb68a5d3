"""Datetime patterns: what people write, and what Spark reads."""

import pytest

from alsobought.ingest.time_patterns import LETTERS, fault, in_letters_of_spark


@pytest.mark.parametrize(
    "pattern",
    [
        "", "unix_seconds", "unix_milliseconds", "yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss.SSS",
        "dd.MM.yyyy HH:mm", "M/d/yy h:mm a", "yyyyMMddHHmmss", "yyyy-MM-dd'T'HH:mm:ssXXX",
        "HH:mm dd/MM/yyyy", "dd MMM yyyy", "yyyyDDD", "yyyy-MM-dd[ HH:mm]", "HH'h'mm dd.MM.yyyy",
        "yyyy-MM-dd HH:mm:ss z",
    ],
)  # fmt: skip
def test_what_spark_reads_is_no_fault(pattern):
    assert fault(pattern) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("YYYY-MM-DD hh:mm", "yyyy-MM-dd HH:mm"),
        ("yyyy-mm-dd HH:MM:SS", "yyyy-MM-dd HH:mm:ss"),
        ("DD/MM/YYYY", "dd/MM/yyyy"),
        ("uuuu-MM-dd", "yyyy-MM-dd"),
        ("yyyy-MM-ddTHH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss"),
        ("HH:mm dd/mm/yyyy", "HH:mm dd/MM/yyyy"),
        ("MM/DD/YYYY hh:mm a", "MM/dd/yyyy hh:mm a"),
        ("%Y-%m-%dT%H:%M:%S", "yyyy-MM-dd'T'HH:mm:ss"),
        ("%d.%m.%y", "dd.MM.yy"),
    ],
)
def test_wrong_letters_are_told_with_the_right_ones(written, meant):
    assert in_letters_of_spark(written) == meant
    assert fault(written) == f"should be {meant!r} in the letters of Spark ({LETTERS})"
    assert fault(meant) is None


def test_a_letter_that_spark_only_writes():
    assert fault("EEE yyyy-MM-dd") == f"has 'E', which Spark does not read in a time: {LETTERS}"
