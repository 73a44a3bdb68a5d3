"""Runs one contestant on one data set in a process of its own; prints one JSON line.

    python -m benchmarks.run_one engine tiny

seconds: from reading to the written result, the session and the imports ready; process_seconds:
all of it; peak_bytes: resident memory of the process and all its children, every 0.1 s;
peak_worker_bytes: the largest single Python child, the workers of Spark.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from benchmarks.contestants import ALL, TOP, Task
from benchmarks.data_sets import ALL as DATA_SETS
from benchmarks.data_sets import DATA, HERE, sizes
from benchmarks.processes import SAMPLE_SECONDS, Peaks, end

PEERS_PYTHON = HERE / ".venv-peers" / "bin" / "python"
SUPPORT = 2  # pairs that one customer alone bought are noise


@dataclass(frozen=True)
class Options:
    """How to run."""

    data: Path = DATA
    cores: int = 2
    support: int = SUPPORT
    rows: int = 0
    """For the floor; 0: TOP rows an item."""
    timeout: float = 3600.0
    keep: Path | None = None
    """Where to leave the result; by default it is deleted."""


def why_not(name: str, data_set: str) -> str:
    """Why the contestant cannot run on the data set; empty where it can."""
    contestant, wanted = ALL[name], DATA_SETS[data_set]
    if contestant.own_python and not PEERS_PYTHON.is_file():
        return "there is no benchmarks/.venv-peers: see benchmarks/README.md"
    if wanted.purchases > contestant.most_purchases:
        return f"takes too long or too much memory above {contestant.most_purchases:,} purchases"
    if wanted.markets > 1 and not contestant.markets:
        return "does not keep markets apart"
    return ""


def run_one(name: str, data_set: str, options: Options) -> dict[str, Any]:
    """What was measured; or `failed`, the reason."""
    run = {"contestant": name, "data_set": data_set, "cores": options.cores}
    run["support"] = options.support
    options.data.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.data, prefix="run-") as folder:
        task = _task(data_set, options, Path(folder))
        measured = _watched(name, task, options, Path(folder))
        if options.keep is not None and "failed" not in measured:
            shutil.rmtree(options.keep, ignore_errors=True)
            shutil.move(task.out, options.keep)
    return {**run, **measured}


def _task(data_set: str, options: Options, folder: Path) -> Task:
    (folder / "scratch").mkdir()
    (folder / "out").mkdir()
    items = sizes(options.data, data_set)["items"]
    return Task(
        purchases=str((DATA_SETS[data_set].folder(options.data) / "purchases").resolve()),
        out=str((folder / "out").resolve()),
        scratch=str((folder / "scratch").resolve()),
        cores=options.cores,
        support=options.support,
        rows=options.rows or TOP * items,
    )


def _watched(name: str, task: Task, options: Options, folder: Path) -> dict[str, Any]:
    """Start the contestant, look at its memory until it ends, and read what it printed."""
    with (folder / "printed").open("w+") as printed, (folder / "log").open("w+") as log:
        started = time.perf_counter()
        child = _start(name, task, printed, log, folder)
        peaks, process = Peaks(), psutil.Process(child.pid)
        while child.poll() is None:
            peaks.sample(process)
            if time.perf_counter() - started > options.timeout:
                end(process)
                return {"failed": f"no result after {options.timeout:,.0f} s"}
            time.sleep(SAMPLE_SECONDS)
        lasted = time.perf_counter() - started
        if child.returncode != 0:
            return {"failed": _last_words(log)}
        printed.seek(0)
        printed_by_child = json.loads(printed.read().strip().splitlines()[-1])
    memory = {"peak_bytes": peaks.tree, "peak_worker_bytes": peaks.worker}
    took = {"process_seconds": round(lasted, 3), **peaks.core_seconds()}
    return {**printed_by_child, **took, **memory}


def _start(
    name: str, task: Task, printed: IO[str], log: IO[str], folder: Path
) -> subprocess.Popen[bytes]:
    python = PEERS_PYTHON if ALL[name].own_python else Path(sys.executable)
    path = os.pathsep.join([str(HERE.parent), str(HERE.parent / "libs")])
    left_out = ("SPARK_HOME", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")
    environment = {key: value for key, value in os.environ.items() if key not in left_out}
    environment |= {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
    command = [str(python), "-m", "benchmarks.contestants.child", name, json.dumps(task.as_dict())]
    return subprocess.Popen(command, stdout=printed, stderr=log, env=environment, cwd=folder)


def _last_words(log: IO[str]) -> str:
    log.seek(0)
    lines = [line.strip() for line in log.read().splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line.split(" ")[0] or "Exception" in line]
    return (errors or lines or ["it ended without a word"])[-1][:300]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contestant", choices=ALL)
    parser.add_argument("data_set", choices=DATA_SETS)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--min-support", type=int, default=SUPPORT, dest="support")
    parser.add_argument("--rows", type=int, default=0, help="of the floor; 0: 50 an item")
    parser.add_argument("--timeout", type=float, default=3600.0)
    parser.add_argument("--keep", type=Path, default=None, help="leave the result in this folder")
    given = vars(parser.parse_args())
    name, data_set = given.pop("contestant"), given.pop("data_set")
    reason = why_not(name, data_set)
    run = {"left_out": reason} if reason else run_one(name, data_set, Options(**given))
    print(json.dumps({"contestant": name, "data_set": data_set, **run}))


if __name__ == "__main__":
    main()
