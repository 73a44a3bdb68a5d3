"""The weekly way from the shop's files to weighted training sets, scores and audits."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag
from spark_job import PARAMS, reported_after, spark_job, wired

# The nightly DAG reads purchases and catalogue too. Here they are read again, so that a week
# depends on no other DAG: the jobs add only what is new. Should both write in the same minute,
# Delta refuses the second, whose next try finds nothing left to add.
WEEK = {
    "purchases": [],
    "items": [],
    "returned_purchases": ["purchases"],  # ends at once where the TOML has no returns
    "offers": [],
    "engagements": [],
    "redemptions": [],
    "purchase_examples": ["purchases", "returned_purchases", "items"],
    "redemption_examples": [
        "purchases", "returned_purchases", "offers", "engagements", "redemptions",
    ],
    "redemption_weights": ["redemption_examples"],
    "training_examples": ["redemption_examples", "redemption_weights"],
    "redemption_audits": ["redemption_examples", "redemption_weights"],
    "redemption_scores": ["redemption_examples", "training_examples"],
}  # fmt: skip


@dag(
    # Sunday 00:00 UTC; `ds` is that Sunday, so a run sees all that happened before it.
    schedule=CronTriggerTimetable("@weekly", timezone="UTC"),
    start_date=datetime(2017, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(days=2),
    params=PARAMS,
    tags=["alsobought"],
)
def training_data() -> None:
    """Makes weighted training sets of offers and of purchases, with scores and audits; every week.

    A task is a job of the same name and writes the table of the same name. It waits for the jobs
    whose tables it reads. Then the page of the night is made anew.
    """
    jobs = {name: spark_job(name) for name in WEEK}
    wired(WEEK, jobs)
    reported_after(jobs.values())


training_data()
