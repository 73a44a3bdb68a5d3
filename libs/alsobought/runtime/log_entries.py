"""Entries of Delta's log on a path, read as the JSON that they are."""

import json
from pathlib import Path
from typing import Any

from alsobought.errors import JobError
from alsobought.runtime.faults import RESTORE

ADDED, REMOVED = "numFiles", "numRemovedFiles"  # as Spark's Delta calls them
COUNTED = {ADDED: '{"add"', REMOVED: '{"remove"'}
"""What a commit of ours counts, and how the lines begin that it counts."""
WRITER = "delta-rs"  # by which we commit files; it counts under other names by itself


def history(table: str, newest: int, most: int) -> list[dict[str, Any]]:
    """The last commits up to a version, newest first: what their commitInfo says, and `version`.

    delta-rs has no history of a table in a folder with # or ? in its name.
    Raises JobError where an entry is damaged. Cost: the entries are read.
    """
    commits = []
    for version in range(newest, max(newest - most, -1), -1):
        entry = Path(table, "_delta_log", f"{version:020}.json")
        if not entry.exists():
            break  # what is older was cleaned up
        written = {"timestamp": int(entry.stat().st_mtime * 1000)}
        commits.append({**written, **_commit_info(entry), "version": version})
    return commits


def _commit_info(entry: Path) -> dict[str, Any]:
    try:
        with entry.open(encoding="utf-8") as lines:
            actions = (json.loads(line) for line in lines if '"commitInfo"' in line)
            return next((a["commitInfo"] for a in actions if "commitInfo" in a), {})
    except ValueError:
        name = entry.parents[1].name
        raise JobError(
            f"{name} cannot be read: {entry} is damaged (was it cut short?); {RESTORE}."
        ) from None


def damage(entry: Path) -> str | None:
    """What is wrong with an entry that delta-rs would read; None: nothing that is known.

    Of one that was cut short between two lines it reads the rest: rows would be lost, or be there
    twice.
    """
    # not splitlines: text of rows has other signs that end lines there
    lines = [line for line in entry.read_text(encoding="utf-8").split("\n") if line]
    if not lines:
        return "is empty"
    info = json.loads(lines[0]).get("commitInfo", {})
    metrics = info.get("operationMetrics") or {}
    is_ours = str(info.get("engineInfo")).startswith(WRITER) and COUNTED.keys() <= metrics.keys()
    if not is_ours:
        return None  # Spark counts files, too, but others than those that it names
    for name, start in COUNTED.items():
        if sum(line.startswith(start) for line in lines) < int(metrics[name]):
            return "lacks files"
    return None
