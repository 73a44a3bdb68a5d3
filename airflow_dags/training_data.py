"""The weekly way from the shop's files to weighted training sets, scores and audits."""

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag
from spark_job import spark_job


@dag(
    # Sunday 00:00 UTC; `ds` is that Sunday, so a run sees all that happened before it.
    schedule=CronTriggerTimetable("@weekly", timezone="UTC"),
    start_date=datetime(2017, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1},
    tags=["alsobought"],
)
def training_data() -> None:
    """Makes weighted training sets of offers and of purchases, with scores and audits; every week.

    A task is a job of the same name and writes the table of the same name. It waits for the jobs
    whose tables it reads.
    """
    # The nightly DAG reads purchases and catalogue too. Here they are read again, so that a week
    # depends on no other DAG: the jobs add only what is new. Should both write in the same minute,
    # Delta refuses the second, whose next try finds nothing left to add.
    purchases = spark_job("purchases")
    items = spark_job("items")
    returned = spark_job("returned_purchases")  # ends at once where the TOML has no returns
    events = [spark_job("offers"), spark_job("engagements"), spark_job("redemptions")]
    examples = spark_job("redemption_examples")
    weights = spark_job("redemption_weights")
    training = spark_job("training_examples")

    purchases >> returned
    [purchases, returned, items] >> spark_job("purchase_examples")
    [purchases, returned, *events] >> examples
    examples >> weights
    [examples, weights] >> training
    [examples, weights] >> spark_job("redemption_audits")
    [examples, training] >> spark_job("redemption_scores")


training_data()
