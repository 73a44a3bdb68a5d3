"""Runs the jobs of a backfill for days, in one session, and says when each day begins and ends.

python -m benchmarks.backfill.days ENVIRONMENT DAY...      in the project's folder
"""

import sys
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


def run_days(environment: str, days: list[str]) -> None:
    """Every day in the given order; the source files are read once, for the latest."""
    home = Path.cwd()
    in_order = {name: jobs.load(home, name) for name in (*LOADED, *OF_DAYS)}

    def of_day(day: str) -> Context:
        where = context(home, environment, date.fromisoformat(day), [*in_order.values()])
        return replace(where, run_id=new_run_id())

    spark = session.build("backfill", of_day(days[0]).environment.spark)
    with closing(Preparation()) as preparation:
        for day in days:
            print(f"begins {day}", flush=True)
            for name in OF_DAYS:
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
            run_days(sys.argv[1], sys.argv[2:])
