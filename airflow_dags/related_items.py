"""The nightly way from the shop's files to the related items that are served."""

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag
from spark_job import spark_job


@dag(
    # The run of day D starts at D 00:00 UTC and its `ds` is D, so --as-of D sees all that happened
    # before the run, and nothing later. A plain "@daily" says the same by default, but means the
    # day before where [scheduler] create_cron_data_intervals is on.
    schedule=CronTriggerTimetable("@daily", timezone="UTC"),
    start_date=datetime(2017, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1},
    tags=["alsobought"],
)
def related_items() -> None:
    """Ranks, for each item, the items that are bought with it; every day anew.

    A task is a job of the same name and writes the table of the same name. It waits for the jobs
    whose tables it reads.
    """
    purchases = spark_job("purchases")
    items = spark_job("items")
    returned = spark_job("returned_purchases")  # ends at once where the TOML has no returns
    co_purchases = spark_job("co_purchases")
    item_statistics = spark_job("item_statistics")

    purchases >> returned
    [purchases, returned, items] >> item_statistics
    [purchases, returned, items] >> co_purchases
    [co_purchases, item_statistics, items] >> spark_job("related_items")


related_items()
