"""What nights cost: pairs by size of unit, their skew, seconds and bytes by job."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from alsobought.report import plots
from alsobought.report.plots import SERIES, Points, Said

Row = dict[str, Any]

NIGHTS = 7
BINS = (2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
"""First sizes of the groups of units, in distinct items."""


def pairs_by_size(sizes: Sequence[Row]) -> list[Row]:
    """Units and their pairs by distinct items, with the share of all pairs, of one unit and market.

    In: `size` and `units`, how many units have so many items. A unit of d items has d (d - 1) / 2
    pairs. Units of one item have none, and are left out.
    """
    groups = []
    for first, after in zip(BINS, (*BINS[1:], None), strict=True):
        of = [r for r in sizes if r["size"] >= first and (after is None or r["size"] < after)]
        units = sum(row["units"] for row in of)
        pairs = sum(row["units"] * row["size"] * (row["size"] - 1) // 2 for row in of)
        if units:
            last = max(row["size"] for row in of) if after is None else after - 1
            name = str(first) if last == first else f"{first} to {last}"
            groups.append({"items": name, "units": units, "pairs": pairs})
    every = sum(group["pairs"] for group in groups)
    return [group | {"share": group["pairs"] / every} for group in groups]


def share_of_largest(sizes: Sequence[Row], part: float = 0.01) -> float | None:
    """The share of all pairs that the largest units have, so great a part of them; None: no pairs.

    Units of one item count among the units.
    """
    units = sum(row["units"] for row in sizes)
    left = part * units
    pairs = every = 0.0
    for row in sorted(sizes, key=lambda row: -row["size"]):
        of_unit = row["size"] * (row["size"] - 1) / 2
        every += row["units"] * of_unit
        pairs += min(left, row["units"]) * of_unit
        left -= min(left, row["units"])
    return pairs / every if every else None


def nights(runs: Sequence[Row], day: date) -> Row | None:
    """Seconds and bytes of jobs in the last NIGHTS as-of days up to a day; None: none is recorded.

    In: rows of `runs`. A job's tries of one day are added.
    """
    of_days = [row for row in runs if row["as_of"] <= day]
    days = sorted({row["as_of"] for row in of_days})[-NIGHTS:]
    if not days:
        return None
    sums: dict[tuple[str, date], Row] = {}
    for row in of_days:
        if row["as_of"] in days:
            so_far = sums.setdefault((row["job"], row["as_of"]), dict.fromkeys(SUMMED, 0))
            for name in SUMMED:
                so_far[name] += row[name] or 0
    jobs = sorted(
        {job for job, _ in sums},
        key=lambda job: (-sum(sums.get((job, d), NOTHING)["seconds"] for d in days), job),
    )
    last = days[-1]
    return {
        "days": [str(day) for day in days],
        "jobs": [
            {
                "job": job,
                "seconds": [sums[job, d]["seconds"] if (job, d) in sums else None for d in days],
                "last": sums.get((job, last), dict.fromkeys(SUMMED)),
            }
            for job in jobs
        ],
        "last": str(last),
        "plot": _plot(days, jobs, sums),
    }


SUMMED = ("seconds", "bytes_read", "bytes_written", "bytes_shuffled")
NOTHING = dict.fromkeys(SUMMED, 0)


def _plot(days: Sequence[date], jobs: Sequence[str], sums: dict[tuple[str, date], Row]) -> Any:
    """Seconds by night, of the longest jobs and of all others."""
    named = jobs[: SERIES - 1]
    seconds = {job: [sums.get((job, d), NOTHING)["seconds"] for d in days] for job in jobs}
    series = [Points(job, seconds[job]) for job in named]
    others = [seconds[job] for job in jobs[len(named) :]]
    if others:
        series.append(Points("others", [sum(of_day) for of_day in zip(*others, strict=True)]))
    said = Said("seconds", "Seconds of each night, by job", y="seconds")
    return plots.stacked(said, [str(day) for day in days], series)
