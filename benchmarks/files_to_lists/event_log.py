"""Spark's event log, stage by stage: what each stage did, and the seconds that its tasks took."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

DELTA_LOG = "Delta's log"
PYTHON_FUNCTION = re.compile(r"^(?:Map|FlatMap\w+)In(?:Arrow|Pandas)\s+(\w+)\(")
CALL_SITE = re.compile(r"^(\w+) at (?:.*/)?([\w.]+?)(?:\.py|\.java|\.scala)?:\d+$")
SHOWN = ("Scan csv", "Scan parquet", "Window", "Sort", "InMemoryTableScan", "DeltaInvariantChecker")
LEAST_SHARE = 0.01  # of a job's core-seconds: smaller stages are added up under one name


@dataclass(frozen=True)
class Stage:
    """One stage: when it ran (seconds since the epoch), and what its tasks took in all."""

    name: str
    began: float
    ended: float
    tasks: int
    core_seconds: float
    """Executor run time: a task that waits for its Python worker counts as long as it waits."""
    shuffle_read: int
    shuffle_written: int
    written: int


def stages(log: Path) -> list[Stage]:
    """The stages that ended, in the order in which they began."""
    functions: dict[int, str] = {}
    completed: list[dict[str, Any]] = []
    with log.open() as lines:
        for line in lines:
            event = json.loads(line)
            if "sparkPlanInfo" in event:
                functions.update(_python_functions(event["sparkPlanInfo"]))
            elif event["Event"] == "SparkListenerStageCompleted":
                completed.append(event["Stage Info"])
    made = [_stage(info, functions) for info in completed if info.get("Submission Time")]
    return sorted(made, key=lambda stage: stage.began)


def _python_functions(plan: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """The accumulators of the plan's nodes that call Python, with the functions' names."""
    match = PYTHON_FUNCTION.match(plan["simpleString"])
    if match:
        for metric in plan["metrics"]:
            yield metric["accumulatorId"], match[1]
    for child in plan["children"]:
        yield from _python_functions(child)


def _stage(info: dict[str, Any], functions: dict[int, str]) -> Stage:
    values = {one["Name"]: one.get("Value") for one in info["Accumulables"]}

    def total(*names: str) -> int:
        return sum(int(values.get(f"internal.metrics.{name}") or 0) for name in names)

    return Stage(
        name=_name(info, functions),
        began=info["Submission Time"] / 1000,
        ended=info["Completion Time"] / 1000,
        tasks=info["Number of Tasks"],
        core_seconds=total("executorRunTime") / 1000,
        shuffle_read=total("shuffle.read.localBytesRead", "shuffle.read.remoteBytesRead"),
        shuffle_written=total("shuffle.write.bytesWritten"),
        written=total("output.bytesWritten"),
    )


def _name(info: dict[str, Any], functions: dict[int, str]) -> str:
    """Python functions of the stage where it calls any, its operators, and who asked for it."""
    scopes = [
        json.loads(rdd["Scope"])["name"].strip() for rdd in info["RDD Info"] if "Scope" in rdd
    ]
    if any("_delta_log" in scope or scope == "Scan json" for scope in scopes):
        return DELTA_LOG
    called = dict.fromkeys(functions.get(one["ID"], "") for one in info["Accumulables"])
    done = [f"{name}()" for name in called if name]
    done += dict.fromkeys(name for scope in scopes for name in SHOWN if scope.startswith(name))
    site = CALL_SITE.match(info["Stage Name"])
    asked = f"{site[1]} in {site[2]}" if site and site[2] != "NativeMethodAccessorImpl" else ""
    asked = "" if "withThreadLocalCaptured" in asked else asked
    return ", ".join(filter(None, [*done, asked])) or info["Stage Name"].split(" at ")[0]


def by_job(
    all_stages: Sequence[Stage], jobs: Sequence[dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Each job's stages, those of one name added up; a stage belongs to the job that it ended in.

    In: the jobs in their order, each with `job` and `ended_at`, seconds since the epoch.
    """
    sums: dict[str, list[dict[str, Any]]] = {}
    before = 0.0
    for job in jobs:
        inside = [stage for stage in all_stages if before < stage.ended <= job["ended_at"]]
        sums[job["job"]] = _with_idle(_added_up(inside), inside, job["seconds"])
        before = job["ended_at"]
    return sums


def _added_up(inside: Sequence[Stage]) -> list[dict[str, Any]]:
    whole = sum(stage.core_seconds for stage in inside)
    rows: dict[str, dict[str, Any]] = {}
    for stage in inside:
        is_small = stage.core_seconds < LEAST_SHARE * whole
        name = "small stages" if is_small and stage.name != DELTA_LOG else stage.name
        figures = asdict(stage)
        row = rows.setdefault(name, {"stage": name, "stages": 0})
        row["stages"] += 1
        for key in ("tasks", "core_seconds", "shuffle_read", "shuffle_written", "written"):
            row[key] = round(row.get(key, 0) + figures[key], 3)
    return list(rows.values())


def _with_idle(
    rows: list[dict[str, Any]], inside: Sequence[Stage], seconds: float
) -> list[dict[str, Any]]:
    """The rows, and the seconds of the job in which no stage ran: the driver's."""
    busy, last = 0.0, 0.0
    for stage in sorted(inside, key=lambda stage: stage.began):
        busy += max(0.0, stage.ended - max(stage.began, last))
        last = max(last, stage.ended)
    return [*rows, {"stage": "no stage runs", "seconds": round(max(0.0, seconds - busy), 3)}]


def newest(folder: Path) -> Path | None:
    """The log of the last session; None where there is none, or it was not closed."""
    logs = [log for log in folder.iterdir() if log.is_file() and log.suffix != ".inprogress"]
    return max(logs, key=lambda log: log.stat().st_mtime_ns, default=None)
