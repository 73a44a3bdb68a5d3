"""One process, watched until it ends: seconds, memory, processor time, when it printed what."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.data_sets import HERE
from benchmarks.processes import SAMPLE_SECONDS, Peaks, end

NOT_INHERITED = ("SPARK_HOME", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "ALSOBOUGHT_HOME")
# purchases: 10,500,000 rows are new, 0 changed in 139.2 s, 602 MB shuffled
JOB_LINE = re.compile(r"^(?P<job>\w+): (?P<what>.*?)\bin (?P<seconds>[\d.,]+) s\b(?P<rest>.*)$")
SHUFFLED = re.compile(r"([\d.,]+) MB shuffled")


class Failed(Exception):
    """The process did not end well; says why."""


@dataclass(frozen=True)
class Line:
    """A printed line, and when it was seen: seconds since the epoch."""

    text: str
    at: float


@dataclass(frozen=True)
class Watched:
    """What a process took, and what it printed."""

    seconds: float
    peaks: Peaks
    lines: list[Line]

    def measured(self) -> dict[str, Any]:
        """The figures that every process has."""
        return {
            "process_seconds": round(self.seconds, 3),
            **self.peaks.core_seconds(),
            "peak_bytes": self.peaks.tree,
            "peak_worker_bytes": self.peaks.worker,
        }

    def jobs(self) -> list[dict[str, Any]]:
        """Each job that `alsobought run` says it has ended, in order, with what it printed."""
        matches = [(JOB_LINE.match(line.text), line.at) for line in self.lines]
        return [_job(match, at) for match, at in matches if match]


def _job(match: re.Match[str], at: float) -> dict[str, Any]:
    shuffled = SHUFFLED.search(match["rest"])
    return {
        "job": match["job"],
        "seconds": _number(match["seconds"]),
        "shuffled_mb": _number(shuffled[1]) if shuffled else 0.0,
        "printed": match["what"].strip(),
        "ended_at": round(at, 3),
    }


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def watch(
    command: Sequence[str], folder: Path, settings: dict[str, str], timeout: float
) -> Watched:
    """Run the command in the folder, with these environment variables, until it ends.

    Raises Failed with its last words where it does not end well, or not in time.
    """
    path = os.pathsep.join([str(HERE.parent), str(HERE.parent / "libs")])
    environment = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
    # spark-submit looks for pyspark with the first python3 on the PATH
    programs = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    environment |= {"PATH": programs, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **settings}
    printed, log = folder / "printed.txt", folder / "log.txt"
    with printed.open("wb") as out, log.open("wb") as errors, printed.open("rb") as seen:
        peaks = Peaks()
        child = subprocess.Popen(command, stdout=out, stderr=errors, env=environment, cwd=folder)
        process, lines, rest = psutil.Process(child.pid), list[Line](), b""
        try:
            while child.poll() is None:
                peaks.sample(process)
                rest = _read_on(rest + seen.read(), lines)
                if time.perf_counter() - peaks.started > timeout:
                    raise Failed(f"no result after {timeout:,.0f} s")
                time.sleep(SAMPLE_SECONDS)
        finally:
            end(process)  # also where this process is interrupted
            child.wait()
        seconds = time.perf_counter() - peaks.started
        _read_on(rest + seen.read() + b"\n", lines)
    if child.returncode != 0:
        raise Failed(_last_words(log, lines))
    return Watched(seconds, peaks, lines)


def _read_on(text: bytes, lines: list[Line]) -> bytes:
    """Note the whole lines; what comes after the last of them."""
    *whole, rest = text.split(b"\n")
    lines += [Line(line.decode(errors="replace"), time.time()) for line in whole if line]
    return rest


def _last_words(log: Path, lines: list[Line]) -> str:
    words = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in words if "Error" in line.split(" ")[0] or "Exception" in line]
    printed = [line.text for line in lines]
    return (errors or words or printed or ["it ended without a word"])[-1][:300]
