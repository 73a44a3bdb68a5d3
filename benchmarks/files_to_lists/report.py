"""The runs of one call as Markdown: targets, scenarios, stages; medians of the rounds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.files_to_lists.scenarios import DUCKDB, JOBS, PROJECT, SPARK, Run

STAGES_OF = (("first_night", JOBS), ("new_day", ("purchases",)))
MEGABYTE, GIGABYTE = 1e6, 1e9


class OneRound:
    """The runs of one round by scenario and contestant; asking for one that is not there raises."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self.runs = {(run["scenario"], run["contestant"]): run for run in runs}

    def value(self, scenario: str, contestant: str, name: str = "process_seconds") -> float:
        return float(self.runs[scenario, contestant][name])

    def job(self, scenario: str, job: str) -> float:
        """The seconds that the job printed; of a job that ran twice, the second time."""
        jobs = self.runs[scenario, PROJECT]["jobs"]
        return float([one["seconds"] for one in jobs if one["job"] == job][-1])

    def step(self, scenario: str, step: str) -> float:
        """The seconds of a step of DuckDB's script."""
        return float(self.runs[scenario, DUCKDB]["steps"][step])

    def peak(self, name: str) -> float:
        """The largest memory of a first night, or of counting alone, in GB."""
        return max(self.value(at, PROJECT, name) for at in MEMORY_OF) / GIGABYTE


MEMORY_OF = ("first_night", "co_purchases")


@dataclass(frozen=True)
class Target:
    """A line of the issue's table."""

    what: str
    before: str
    measure: Callable[[OneRound], float]
    at_most: float | None
    """None: measured, without a target."""
    at_most_of: tuple[tuple[str, float], ...] = ()
    """Data sets with a target of their own."""

    def limit(self, data_set: str) -> float | None:
        return dict(self.at_most_of).get(data_set, self.at_most)


def _of_first_load(scenario: str) -> Callable[[OneRound], float]:
    return lambda r: r.job(scenario, "purchases") / r.job("first_night", "purchases")


def _of_duckdb_counting(scenario: str) -> Callable[[OneRound], float]:
    return lambda r: r.job(scenario, "co_purchases") / r.value("co_purchases", DUCKDB, "seconds")


def _of_duckdb_process(scenario: str) -> Callable[[OneRound], float]:
    return lambda r: r.value(scenario, PROJECT) / r.value(scenario, DUCKDB)


TARGETS = (
    Target(
        "purchases, first load ÷ plain Spark's parse-filter-write",
        "2.4",
        lambda r: r.job("first_night", "purchases") / r.value("first_night", SPARK, "seconds"),
        1.2,
    ),
    Target(
        "purchases, first load ÷ DuckDB's load",
        "9.3",
        lambda r: r.job("first_night", "purchases") / r.step("first_night", "purchases"),
        None,
    ),
    Target("purchases, nothing new ÷ first load", "1.2", _of_first_load("nothing_new"), 0.04),
    Target("purchases, one new day ÷ first load", "1.2", _of_first_load("new_day"), 0.08),
    Target("purchases, a late file ÷ first load", "–", _of_first_load("late_file"), None),
    Target("purchases, a changed file ÷ first load", "–", _of_first_load("changed_file"), None),
    Target(
        "co_purchases, cold process, Delta to Delta ÷ DuckDB",
        "1.4",
        _of_duckdb_counting("co_purchases"),
        0.85,
        (("s40m", 0.7),),
    ),
    Target(
        "the same, second run in one session ÷ DuckDB",
        "–",
        _of_duckdb_counting("co_purchases_twice"),
        0.5,
    ),
    Target(
        "related_items ÷ DuckDB's ranking",
        "19",
        lambda r: r.job("first_night", "related_items") / r.step("ranking", "ranking"),
        4,
    ),
    Target("first night, files to lists ÷ DuckDB", "5.9", _of_duckdb_process("first_night"), 2.5),
    Target(
        "a night with one new day ÷ DuckDB from scratch",
        "6.2",
        _of_duckdb_process("new_day"),
        1.2,
    ),
    Target(
        "what item_statistics adds to a run of co_purchases ÷ co_purchases alone",
        "–",
        lambda r: (
            sum(r.job("item_statistics", job) for job in ("item_statistics", "co_purchases"))
            / r.job("co_purchases", "co_purchases")
            - 1
        ),
        0.33,
    ),
    Target(
        "a job of 1,000 rows in a running session, seconds",
        "2–4",
        lambda r: r.job("small_job_in_session", "redemptions"),
        1,
    ),
    Target(
        "its own spark-submit, seconds",
        "–",
        lambda r: r.value("small_job_submitted", PROJECT),
        9,
    ),
    Target("peak memory of the tree, GB", "4.0", lambda r: r.peak("peak_bytes"), 4),
    Target("peak memory of a worker, GB", "0.57", lambda r: r.peak("peak_worker_bytes"), 0.6),
)


def markdown(data_set: str, runs: Sequence[Run]) -> str:
    """All tables of one data set."""
    ended = [run for run in runs if "process_seconds" in run]
    failed = [run for run in runs if "failed" in run]
    rounds = [
        OneRound(run for run in ended if run["round"] == number)
        for number in sorted({run["round"] for run in ended})
    ]
    parts = [
        f"## {data_set}: medians of rounds: {len(rounds)}",
        *_versions(ended),
        targets_table(data_set, rounds),
        scenarios_table(ended),
        *(stages_table(ended, scenario, jobs) for scenario, jobs in STAGES_OF),
        _agreement(runs),
        *(f"{run['scenario']}, {run['contestant']} failed: {run['failed']}" for run in failed),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def targets_table(data_set: str, rounds: Sequence[OneRound]) -> str:
    """Each target, what was measured in the rounds, met or missed."""
    rows = []
    for target in TARGETS:
        values, limit = _values(target.measure, rounds), target.limit(data_set)
        at_most = "" if limit is None else f"≤ {limit:g}"
        rows.append([target.what, target.before, at_most, *_measured(values, limit)])
    return _table(("", "before (s10m)", "target", "measured", ""), rows)


def _values(measure: Callable[[OneRound], float], rounds: Sequence[OneRound]) -> list[float]:
    values = []
    for one_round in rounds:
        try:
            values.append(measure(one_round))
        except (KeyError, IndexError, ZeroDivisionError):
            continue  # a contestant or scenario that was left out, or failed
    return values


def _measured(values: Sequence[float], limit: float | None) -> tuple[str, str]:
    """The median with its spread, and whether the target is met."""
    if not values:
        return "not measured", ""
    middle = median(values)
    spread = f" ({min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
    verdict = ""
    if limit is not None:
        verdict = "met" if middle <= limit else f"**missed, {middle / limit:.1f} times**"
    return f"{middle:.2f}{spread}", verdict


def scenarios_table(runs: Sequence[Run]) -> str:
    """Seconds, core-seconds and memory of every scenario and contestant."""
    rows = []
    for scenario, contestant in dict.fromkeys((r["scenario"], r["contestant"]) for r in runs):
        here = [r for r in runs if (r["scenario"], r["contestant"]) == (scenario, contestant)]
        rows.append(
            [
                scenario.replace("_", " "),
                contestant,
                _median(here, lambda run: run["process_seconds"]),
                _parts(here),
                _median(here, lambda run: run["core_seconds_java"]),
                _median(here, lambda run: run["core_seconds_others"]),
                _median(here, lambda run: run["peak_bytes"] / GIGABYTE, "{:.2f}"),
                _median(here, lambda run: run["peak_worker_bytes"] / GIGABYTE, "{:.2f}"),
                _median(here, _shuffled, "{:,.0f}"),
            ]
        )
    heads = ("scenario", "contestant", "process s", "of it", "core-s JVM", "core-s others")
    return _table((*heads, "tree GB", "worker GB", "shuffled MB"), rows)


def _median(runs: Sequence[Run], value: Callable[[Run], float], shown: str = "{:,.1f}") -> str:
    return shown.format(median(value(run) for run in runs))


def _parts(runs: Sequence[Run]) -> str:
    """The seconds of each job or step, in their order."""
    seconds: dict[str, list[float]] = {}
    for run in runs:
        for name, value in _named_parts(run):
            seconds.setdefault(name, []).append(value)
    return ", ".join(f"{name} {median(values):,.1f}" for name, values in seconds.items())


def _named_parts(run: Run) -> list[tuple[str, float]]:
    if "jobs" in run:
        names: list[str] = []
        for job in run["jobs"]:
            names.append(job["job"] + (" again" if job["job"] in names else ""))
        return [(n, job["seconds"]) for n, job in zip(names, run["jobs"], strict=True)]
    return list(run.get("steps", {"timed": run["seconds"]} if "seconds" in run else {}).items())


def _shuffled(run: Run) -> float:
    jobs = run.get("jobs")
    if jobs is None:
        return float(run.get("shuffled_bytes", 0)) / MEGABYTE
    return float(sum(job["shuffled_mb"] for job in jobs))


def stages_table(runs: Sequence[Run], scenario: str, jobs: Sequence[str]) -> str:
    """Where the jobs' core-seconds go; empty where there is nothing to show."""
    here = [r for r in runs if r["scenario"] == scenario and "stages" in r]
    rows = [
        row for job in jobs for row in _stage_rows([r["stages"].get(job, []) for r in here], job)
    ]
    heads = ("stage", "stages", "tasks", "core-s of tasks", "shuffled MB", "written MB")
    title = f"Where the time goes: {scenario.replace('_', ' ')}"
    return f"{title}\n\n{_table(('job', *heads), rows)}" if rows else ""


def _stage_rows(rounds: Sequence[list[Run]], job: str) -> list[list[str]]:
    names = dict.fromkeys(row["stage"] for stages in rounds for row in stages)
    rows = []
    for name in names:
        same = [row for stages in rounds for row in stages if row["stage"] == name]
        if "seconds" in same[0]:
            idle = median(row["seconds"] for row in same)
            rows.append([job, f"{name} (the driver works)", "", "", f"{idle:.1f} s", "", ""])
            continue
        figures = {key: median(float(row[key]) for row in same) for key in _FIGURES}
        moved = [f"{figures[key] / MEGABYTE:,.0f}" for key in ("shuffle_written", "written")]
        counts = [f"{figures[key]:,.0f}" for key in ("stages", "tasks")]
        rows.append([job, name, *counts, f"{figures['core_seconds']:,.1f}", *moved])
    return rows


_FIGURES = ("stages", "tasks", "core_seconds", "shuffle_written", "written")


def _agreement(runs: Sequence[Run]) -> str:
    faults = [f"{run['scenario']}: {fault}" for run in runs for fault in run.get("faults", [])]
    compared = [run for run in runs if "agreement" in run]
    if faults:
        return "**The contestants disagree**: " + "; ".join(dict.fromkeys(faults)) + "."
    if not compared:
        return "Nothing was compared."
    counts = {name: n for run in compared for name, n in run["agreement"].items()}
    said = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in counts.items())
    return f"The contestants agree ({said})."


def _versions(runs: Sequence[Run]) -> list[str]:
    versions = dict.fromkeys(str(run["version"]) for run in runs if "version" in run)
    return [f"With {', '.join(versions)}."] if versions else []


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
