"""Prints, as JSON, the tables that each job reads. Runs in the jobs' own Python.

Arguments: the project's folder.
"""

import json
import sys
from pathlib import Path

from alsobought.runtime.job import Job, all_jobs
from alsobought.tables.table import Table


def tables_of(job: Job) -> list[str]:
    """The names of the tables that the job reads; files are not tables."""
    return sorted(source.name for source in job.reads.values() if isinstance(source, Table))


if __name__ == "__main__":
    jobs = all_jobs(Path(sys.argv[1]))
    json.dump({name: tables_of(job) for name, job in jobs.items()}, sys.stdout)
