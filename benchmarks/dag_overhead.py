"""What a job of the nightly DAG costs beyond its own work, and when: before it begins, or after.

    make .venv-airflow/.ready
    .venv-airflow/bin/python -m benchmarks.dag_overhead cluster    # or local

The DAG `daily_lists` runs by `airflow dags test` with real spark-submit in the small shop of
tests/airflow_dags, on `make cluster`'s two workers or on this machine alone. Airflow's database
says when each task began and ended, the log of runs when its job did. Prints a line of JSON for
each task, in seconds, and one of their medians. Cost: some five minutes.
"""

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
        run_dags(Path(folder, "airflow"), Run("daily_lists", DAY, night, submitted=submitted))
        tasks = overheads(Path(folder, "airflow", "airflow.db"), jobs_of(night))
    for task in tasks:
        print(json.dumps(task))
    of_all = {
        name: statistics.median(t[name] for t in tasks) for name in ("before", "after", "all")
    }
    print(json.dumps({"medians": of_all, "greatest": max(task["all"] for task in tasks)}))


def jobs_of(night: Path) -> dict[str, dict[str, datetime]]:
    """When each job began and ended, by the log of runs; jobs that a section is missing for did
    neither."""
    times: dict[str, dict[str, datetime]] = {}
    for file in night.glob("*-logs/*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            times.setdefault(event["job"], {})[event["event"]] = datetime.fromisoformat(event["at"])
    return times


def overheads(database: Path, jobs: dict[str, dict[str, datetime]]) -> list[dict[str, Any]]:
    """For each task with a job its seconds, those before and after the job, and their sum."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(TASKS).fetchall()
    tasks = []
    for name, *times in rows:
        if name not in jobs:
            continue
        began, ended = (datetime.fromisoformat(time).replace(tzinfo=UTC) for time in times)
        before = (jobs[name]["started"] - began).total_seconds()
        after = (ended - jobs[name]["done"]).total_seconds()
        seconds = (ended - began).total_seconds()
        tasks.append(
            {
                "task": name,
                "seconds": round(seconds, 1),
                "before": round(before, 1),
                "after": round(after, 1),
                "all": round(before + after, 1),
            }
        )
    return tasks


if __name__ == "__main__":
    main()
