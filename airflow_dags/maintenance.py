"""The weekly upkeep of all tables."""

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag
from spark_job import PARAMS, command


@dag(
    # Sunday noon, when no night runs: a job that loads files while its table's files are joined is
    # tried again.
    schedule=CronTriggerTimetable("0 12 * * 0", timezone="UTC"),
    start_date=datetime(2017, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={name: PARAMS[name] for name in ("as_of", "env")},
    tags=["alsobought"],
)
def maintenance() -> None:
    """Drops old as-of days, joins small files, and removes files that no reader needs any more.

    What goes and what stays is said by [maintenance] of the TOML. The command `alsobought`, or what
    the Variable alsobought_command says, must be there on Airflow's workers.
    """
    command("maintain", '"$ALSOBOUGHT" maintain "$NAME" --as-of "$AS_OF"')


maintenance()
