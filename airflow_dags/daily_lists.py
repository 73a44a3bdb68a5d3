"""The nightly way from the shop's files to the lists that are served."""

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
def daily_lists() -> None:
    """Ranks what is bought with each item, and what each customer may want; every day anew.

    A task is a job of the same name and writes the table of the same name. It waits for the jobs
    whose tables it reads; one whose section the TOML does not have ends at once. The last decides
    which lists are served from here on.
    """
    purchases = spark_job("purchases")
    items = spark_job("items")
    returned = spark_job("returned_purchases")
    bought = [purchases, returned, items]

    co_purchases = spark_job("co_purchases")
    item_statistics = spark_job("item_statistics")
    kinds = spark_job("related_kinds")
    related_items = spark_job("related_items")
    purchases >> returned
    bought >> co_purchases
    bought >> item_statistics
    [*bought, co_purchases] >> kinds
    [co_purchases, item_statistics, items, kinds] >> related_items

    bestsellers = spark_job("bestsellers")
    repeat_purchases = spark_job("repeat_purchases")
    buy_again = spark_job("buy_again")
    factors = spark_job("factor_recommendations")
    bought >> bestsellers
    bought >> repeat_purchases
    [*bought, repeat_purchases] >> buy_again
    bought >> factors

    informativeness = spark_job("item_informativeness")
    cold_start = spark_job("cold_start_items")
    recommendations = spark_job("recommendations")
    [purchases, returned, related_items] >> informativeness
    [related_items, item_statistics, items] >> cold_start
    of_items = [related_items, item_statistics, informativeness, cold_start]
    [*bought, *of_items, bestsellers, repeat_purchases, buy_again] >> recommendations

    evaluations = spark_job("evaluations")
    lists = [related_items, bestsellers, buy_again, factors, recommendations]
    [*bought, item_statistics, *lists] >> evaluations
    served = [related_items, recommendations]
    [purchases, returned, item_statistics, *served, evaluations] >> spark_job("promotions")


daily_lists()
