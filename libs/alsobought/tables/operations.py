"""Contract of what is recorded of runs. No job writes it: the runtime does, for each of them."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType, TimestampType

from alsobought.tables.table import Table, column

RUNS = Table(
    "runs",
    "What jobs did when they were run: a row for each time, failures too.",
    (
        column("run_id", StringType(), "the run; its jobs share it, and their commits record it"),
        column("job", StringType(), "the job, or maintain"),
        column("as_of", DateType(), "the run's day"),
        column("started_at", TimestampType(), "when the job began, UTC"),
        column("seconds", DoubleType(), "how long it took, without the start of Spark"),
        column(
            "outcome",
            StringType(),
            "done; unchanged: there was nothing to do; failed; interrupted",
        ),
        column("rows_read", LongType(), "of source files or of the day's inputs", optional=True),
        column("bytes_read", LongType(), "size of their files; null: not known", optional=True),
        column("rows_written", LongType(), "of its table; null: none or not known", optional=True),
        column("bytes_written", LongType(), "size of their files; null: not known", optional=True),
        column("bytes_shuffled", LongType(), "what Spark wrote to shuffles", optional=True),
        column("code_version", StringType(), "of this package"),
        column("said", StringType(), "why it failed, in a sentence; else null", optional=True),
    ),
    key=("run_id", "job"),
    kept="added",
    checks={"outcome_known": "outcome IN ('done', 'unchanged', 'failed', 'interrupted')"},
)
