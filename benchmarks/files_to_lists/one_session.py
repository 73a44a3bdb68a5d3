"""Jobs of one Spark session, each as often as it is named; started by night.

    python -m benchmarks.files_to_lists.one_session ENV AS_OF JOB JOB ...

Prints what `alsobought run` prints, which would run no job twice. Nothing is handed from one job to
the next: each makes what it needs, as if it were alone in the session.
"""

import sys

from alsobought.runtime import home, session
from alsobought.runtime import job as jobs
from alsobought.runtime.arguments import day
from alsobought.runtime.run import context, execute_all


def main() -> None:
    environment, as_of, *names = sys.argv[1:]
    root = home.find()
    chosen = [jobs.load(root, name) for name in names]
    where = context(root, environment, day(as_of), chosen)
    spark = session.build("one session", where.environment.spark)
    for job in chosen:
        execute_all([job], where, spark)
    spark.stop()


if __name__ == "__main__":
    main()
