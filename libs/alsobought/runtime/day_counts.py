"""Rows of a table by market and day, of a few days."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import reduce
from operator import or_

from pydantic import BaseModel
from pyspark.sql import functions as F

from alsobought.days import is_within
from alsobought.runtime.job import Job
from alsobought.runtime.store import Store
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.table import Table

DAY = timedelta(days=1)


def require_arrived(job: Job, store: Store, params: BaseModel, as_of: date) -> None:
    """Raise JobError where a job's table lacks rows of the last day, by the job's own judge."""
    if job.arrival is not None:
        days = job.arrival.days(params, as_of)
        rows = day_counts(store, job.writes, job.arrival.column, days)
        job.arrival.judge(rows, params, as_of)


def day_counts(
    store: Store, table: Table, column: str, days: Sequence[date]
) -> dict[tuple[str, date], int]:
    """Rows by market and day of the time `column`, UTC; a day without rows is missing.

    Cost: two columns of the files with such days; without Spark where that is possible.
    """
    if not days or not store.exists(table):
        return {}
    if store.opens_files:
        ranges = (
            f"({column} >= TIMESTAMP '{day}T00:00:00Z'"
            f" AND {column} < TIMESTAMP '{day + DAY}T00:00:00Z')"
            for day in days
        )
        query = (
            f"SELECT market, CAST({column} AS DATE) AS day, count(*) AS n FROM {table.name} "
            f"WHERE {' OR '.join(ranges)} GROUP BY market, CAST({column} AS DATE)"
        )
        rows = Warehouse(store.warehouse).rows(query, table.name)
        return {(row["market"], row["day"]): row["n"] for row in rows}
    at = F.col(column)
    wanted = reduce(or_, (is_within(at, day, day + DAY) for day in days))
    of_days = store.read_version(table, store.version(table)).where(wanted)
    # the session's time zone is UTC
    counted = of_days.groupBy("market", F.to_date(at).alias("day")).count().collect()
    return {(row["market"], row["day"]): row["count"] for row in counted}
