"""What a process and all its children take: resident memory and processor time, by sampling."""

import time
from dataclasses import dataclass, field

import psutil

SAMPLE_SECONDS = 0.1


@dataclass
class Peaks:
    """The largest resident memory seen so far, and each process's processor time when last seen."""

    tree: int = 0
    worker: int = 0
    started: float = field(default_factory=time.perf_counter)
    cpu_seconds: dict[psutil.Process, float] = field(default_factory=dict)
    is_java: dict[psutil.Process, bool] = field(default_factory=dict)

    def sample(self, process: psutil.Process) -> None:
        """Look at the process and all its children once."""
        running = [child for child in children(process) if not _is_about_to_start(child)]
        resident = {one: self._look_at(one) for one in (process, *running)}
        self.tree = max(self.tree, sum(resident.values()))
        workers = [resident[child] for child in running if _name(child).startswith("python")]
        self.worker = max([self.worker, *workers])

    def core_seconds(self) -> dict[str, float]:
        """Processor time of the JVM and of all other processes, up to the last sample of each."""
        java = sum(s for process, s in self.cpu_seconds.items() if self.is_java[process])
        others = sum(self.cpu_seconds.values()) - java
        return {"core_seconds_java": round(java, 2), "core_seconds_others": round(others, 2)}

    def _look_at(self, process: psutil.Process) -> int:
        """Its resident memory; notes its processor time, and whether it is a JVM by now."""
        try:
            with process.oneshot():
                times = process.cpu_times()
                resident: int = process.memory_info().rss
                self.cpu_seconds[process] = times.user + times.system
                self.is_java[process] = process.name() == "java"
        except psutil.Error:
            return 0
        return resident


def children(process: psutil.Process) -> list[psutil.Process]:
    """All descendants that are there now."""
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def end(process: psutil.Process) -> None:
    """End this process and its children, and no others."""
    for one in (*children(process), process):
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue


def _is_about_to_start(process: psutil.Process) -> bool:
    """Whether it is a JVM's fork on its way to another program: its memory is its parent's."""
    try:
        parent = process.parent()
        return process.name() == "java" and parent is not None and parent.name() == "java"
    except psutil.Error:
        return True


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return ""
