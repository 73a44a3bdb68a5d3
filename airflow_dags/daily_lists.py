"""The nightly way from the shop's files to the lists that are served."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag
from nightly_jobs import NIGHT, PROMOTIONS
from spark_job import PARAMS, reported_after, spark_job, wired


@dag(
    # The run of day D starts at D 00:00 UTC and its `ds` is D, so --as-of D sees all that happened
    # before the run, and nothing later. A plain "@daily" says the same by default, but means the
    # day before where [scheduler] create_cron_data_intervals is on.
    schedule=CronTriggerTimetable("@daily", timezone="UTC"),
    start_date=datetime(2017, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=20),  # the next night does not wait for one that hangs
    params=PARAMS,
    tags=["alsobought"],
)
def daily_lists() -> None:
    """Ranks what is bought with each item, and what each customer may want; every day anew.

    A task is a job of the same name and writes the table of the same name. It waits for the jobs
    whose tables it reads; one whose section the TOML does not have ends at once. The first waits
    for the day's purchases, as [sources.purchases.arrival] of the TOML says. The last job decides
    which lists are served from here on; then the page of the night is made (`alsobought report`),
    whatever has failed.
    """
    night = NIGHT | PROMOTIONS
    jobs = {name: spark_job(name) for name in night}
    wired(night, jobs)
    reported_after(jobs.values())


daily_lists()
