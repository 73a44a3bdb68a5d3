"""Pairs by size of unit, against units in plain Python; seconds and bytes of nights."""

from datetime import date
from itertools import combinations

import pytest

from alsobought.report.night_costs import nights, pairs_by_size, share_of_largest

UNITS = [1, 1, 1, 2, 2, 3, 4, 7, 12, 1500]  # distinct items of each unit
SIZES = [{"size": size, "units": UNITS.count(size)} for size in sorted(set(UNITS))]


def test_every_pair_counts_once():
    groups = pairs_by_size(SIZES)
    assert [(g["items"], g["units"]) for g in groups] == [
        ("2", 2), ("3 to 4", 2), ("5 to 9", 1), ("10 to 19", 1), ("1000 to 1500", 1),
    ]  # fmt: skip
    pairs = sum(sum(1 for _ in combinations(range(size), 2)) for size in UNITS)
    assert sum(group["pairs"] for group in groups) == pairs
    assert sum(group["share"] for group in groups) == pytest.approx(1)
    assert pairs_by_size([{"size": 1, "units": 5}]) == []


def test_the_largest_units_have_so_many_pairs():
    pairs = [size * (size - 1) / 2 for size in sorted(UNITS, reverse=True)]
    assert share_of_largest(SIZES, 0.2) == pytest.approx(sum(pairs[:2]) / sum(pairs))
    assert share_of_largest(SIZES, 0.25) == pytest.approx(
        (sum(pairs[:2]) + pairs[2] / 2) / sum(pairs)
    )
    assert share_of_largest(SIZES, 1.0) == pytest.approx(1)
    assert share_of_largest([{"size": 1, "units": 5}]) is None


def run(job, day, seconds, **more):
    amounts = dict.fromkeys(("bytes_read", "bytes_written", "bytes_shuffled"))
    return {"job": job, "as_of": date(2024, 1, day), "seconds": seconds} | amounts | more


RUNS = [
    run("a", 1, 5.0), run("b", 1, 1.0), run("b", 2, 2.0, bytes_written=7), run("b", 2, 3.0),
    run("c", 9, 1.0),
]  # fmt: skip


def test_the_longest_job_comes_first_and_tries_are_added():
    result = nights(RUNS, date(2024, 1, 2))
    assert result["days"] == ["2024-01-01", "2024-01-02"]
    assert [(job["job"], job["seconds"]) for job in result["jobs"]] == [
        ("b", [1.0, 5.0]), ("a", [5.0, None]),
    ]  # fmt: skip
    assert result["jobs"][0]["last"]["bytes_written"] == 7
    assert result["jobs"][1]["last"]["bytes_written"] is None
    assert 'aria-label="Seconds of each night, by job"' in result["plot"]


def test_a_week_of_nights_is_told_and_no_night_is_none():
    many = [run("a", day, 1.0) for day in range(1, 20)]
    assert nights(many, date(2024, 1, 10))["days"][0] == "2024-01-04"
    assert nights(RUNS, date(2023, 1, 1)) is None
