"""Jobs of one Spark session, each as often as it is named; started by night.

    python -m benchmarks.files_to_lists.one_session ENV AS_OF JOB JOB ...

Prints what `alsobought run` prints, which would run no job twice.
"""

import sys

from alsobought.runtime import home
from alsobought.runtime import job as jobs
from alsobought.runtime.arguments import day
from alsobought.runtime.run import context, run_all


def main() -> None:
    environment, as_of, *names = sys.argv[1:]
    root = home.find()
    chosen = [jobs.load(root, name) for name in names]
    run_all(chosen, context(root, environment, day(as_of), chosen))


if __name__ == "__main__":
    main()
