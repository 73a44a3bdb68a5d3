"""Runs the jobs of a backfill for days, in one session, and says when each job begins.

    python -m benchmarks.backfill.days ENVIRONMENT      in the project's folder

Days come as lines of stdin. Says `ready` once the session is there, `begins DAY JOB`, `ended DAY`.
"""

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

from alsobought.runtime import job as jobs
from alsobought.runtime import session
from alsobought.runtime.faults import guarded
from alsobought.runtime.journal import new_run_id
from alsobought.runtime.preparation import Preparation
from alsobought.runtime.run import Context, context, execute

LOADED = ("purchases", "items")
OF_DAYS = ("co_purchases", "item_statistics", "related_items", "bestsellers")


def run_days(environment: str, days: Iterator[str]) -> None:
    """Every day in the given order; the source files are read once, for the latest."""
    home = Path.cwd()
    in_order = {name: jobs.load(home, name) for name in (*LOADED, *OF_DAYS)}

    def of_day(day: str) -> Context:
        where = context(home, environment, date.fromisoformat(day), [*in_order.values()])
        return replace(where, run_id=new_run_id())

    spark = session.build("backfill", of_day("2000-01-01").environment.spark)
    print("ready", flush=True)
    with closing(Preparation()) as preparation:
        for day in days:
            for name in OF_DAYS:
                print(f"begins {day} {name}", flush=True)
                execute(in_order[name], of_day(day), spark, preparation)
            print(f"ended {day}", flush=True)
    spark.stop()


def load(environment: str, day: str) -> None:
    """The source files, as of the latest day."""
    home = Path.cwd()
    loaded = [jobs.load(home, name) for name in LOADED]
    where = context(home, environment, date.fromisoformat(day), loaded)
    spark = session.build("load", where.environment.spark)
    with closing(Preparation()) as preparation:
        for job in loaded:
            execute(job, where, spark, preparation)
    spark.stop()


if __name__ == "__main__":
    with guarded(debug=False):
        if sys.argv[1] == "load":
            load(sys.argv[2], sys.argv[3])
        else:
            run_days(sys.argv[1], (line.strip() for line in sys.stdin))
