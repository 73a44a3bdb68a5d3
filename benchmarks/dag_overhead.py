"""What a job of the nightly DAG costs beyond its own work, and when: before it begins, or after.

    make .venv-airflow/.ready
    .venv-airflow/bin/python -m benchmarks.dag_overhead cluster    # or local

The DAG `daily_lists` runs by `airflow dags test` with real spark-submit in the small shop of
tests/airflow_dags, on `make cluster`'s two workers or on this machine alone. Airflow's database
says when each task began and ended, the log of runs when its job did. Prints a line of JSON for
each task, in seconds, and one of their medians. Before a job begins there are three stretches:
Airflow's until it starts spark-submit, Java's until it starts Python, and Python's, which imports
the job and starts the session. Cost: some six minutes.
"""

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import threading
from contextlib import closing, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "airflow_dags"))

from running import Run, cluster, project, run_dags, submitted_to
from test_run import CLUSTER, DAY, ITEMS, LOCAL, PURCHASES, SETTINGS

TASKS = """
SELECT task_id, start_date, end_date FROM task_instance
WHERE dag_id = 'daily_lists' AND state = 'success' ORDER BY start_date
"""


def main() -> None:
    """Run the night, and print what its tasks took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("master", choices=("cluster", "local"))
    on_cluster = parser.parse_args().master == "cluster"
    settings = CLUSTER if on_cluster else LOCAL
    with tempfile.TemporaryDirectory() as folder, cluster() if on_cluster else nullcontext() as at:
        sources = {"purchases.csv": PURCHASES, "items.csv": ITEMS}
        night = project(Path(folder, "night"), {"test": settings + SETTINGS}, sources)
        submitted = submitted_to("local[2]" if at is None else at.url)
        seen: dict[str, dict[str, datetime]] = {}
        is_over = threading.Event()
        watching = threading.Thread(target=watch, args=(seen, is_over))
        watching.start()
        run_dags(Path(folder, "airflow"), Run("daily_lists", DAY, night, submitted=submitted))
        is_over.set()
        watching.join()
        tasks = overheads(Path(folder, "airflow", "airflow.db"), jobs_of(night), seen)
    for task in tasks:
        print(json.dumps(task))
    names = ("airflow", "java", "python", "after", "all")
    medians = {name: statistics.median(task[name] for task in tasks) for name in names}
    print(json.dumps({"medians": medians, "greatest": max(task["all"] for task in tasks)}))


def jobs_of(night: Path) -> dict[str, dict[str, datetime]]:
    """When each job began and ended, by the log of runs; jobs that a section is missing for did
    neither."""
    times: dict[str, dict[str, datetime]] = {}
    for file in night.glob("*-logs/*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            times.setdefault(event["job"], {})[event["event"]] = datetime.fromisoformat(event["at"])
    return times


def watch(seen: dict[str, dict[str, datetime]], is_over: threading.Event) -> None:
    """Note when the spark-submit of each job was started, and when its Python was."""
    while not is_over.wait(0.1):
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                place = next((n for n, word in enumerate(words) if "/night/jobs/" in word), None)
                if place is None:
                    continue
                # python FILE ...; else spark-submit, or what it has become
                kind = "python" if place == 1 else "submit"
                # not the process's own time, which is off by what the clock was when Linux began
                seen.setdefault(Path(words[place]).stem, {}).setdefault(kind, datetime.now(UTC))


def overheads(
    database: Path, jobs: dict[str, dict[str, datetime]], seen: dict[str, dict[str, datetime]]
) -> list[dict[str, Any]]:
    """For each task with a job its seconds, and those of the stretches before and after the job."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(TASKS).fetchall()
    tasks = []
    for name, *times in rows:
        if name not in jobs:
            continue
        began, ended = (datetime.fromisoformat(time).replace(tzinfo=UTC) for time in times)
        job, processes = jobs[name], seen[name]
        ends = {
            "airflow": processes["submit"],
            "java": processes["python"],
            "python": job["started"],
            "job": job["done"],
            "after": ended,
        }
        stretches: dict[str, float] = {}
        for stretch, end in ends.items():
            stretches[stretch], began = (end - began).total_seconds(), end
        stretches["all"] = sum(stretches.values()) - stretches["job"]
        tasks.append({"task": name} | {name: round(one, 1) for name, one in stretches.items()})
    return tasks


if __name__ == "__main__":
    main()
