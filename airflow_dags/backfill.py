"""The tables of days that are past, by hand: after a correction, or to begin with."""

from datetime import UTC, date, datetime, timedelta

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Param, dag, task
from nightly_jobs import NIGHT
from spark_job import ENV, ENV_PARAM, FROM_PARAM, in_common, settings_of, spark_job, wired

LOADED_ONCE = ("purchases", "items")  # tables that keep no days


@dag(
    schedule=None,
    start_date=datetime(2017, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "first_day": Param(type="string", format="date", description="The first as-of day."),
        "last_day": Param(type="string", format="date", description="The last one."),
        "env": ENV_PARAM,
        "from_job": FROM_PARAM,
    },
    tags=["alsobought"],
)
def backfill() -> None:
    """Makes every table of the night anew for a range of as-of days; what is served stays served.

    A task is a job of the same name, once for each day. A job waits until all days of those are
    made whose tables it reads, because some read earlier days: so days may run in any order, and
    side by side, and each has the rows that its own night would have given. How many of the jobs
    that count purchases run at a time is said by the slots of the pool. Files are read once, for
    the last day.
    """

    @task(**in_common("arguments") | {"on_failure_callback": None})
    def arguments(env: str, first: str, last: str) -> list[list[str]]:
        """The arguments of a job for each of the days."""
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
        days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
        if not days:
            raise ValueError(f"first_day {first} is after last_day {last}")
        return [["--env", env, "--as-of", day.isoformat()] for day in days]

    of_days = arguments(ENV, "{{ params.first_day }}", "{{ params.last_day }}")

    def of_each_day(name: str):
        one = settings_of(name) | {"map_index_template": "{{ task.application_args[3] }}"}
        return SparkSubmitOperator.partial(**one).expand(application_args=of_days)

    def made(name: str):
        if name in LOADED_ONCE:
            return spark_job(name, "{{ params.last_day }}")
        return of_each_day(name)

    wired(NIGHT, {name: made(name) for name in NIGHT})


backfill()
