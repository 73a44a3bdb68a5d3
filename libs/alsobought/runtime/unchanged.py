"""Whether a job would only make again what its last commit for the day has made."""

import json
from datetime import date
from typing import Any

from pydantic import BaseModel

from alsobought import __version__
from alsobought.runtime.commits import recorded_run
from alsobought.runtime.job import Files, Job
from alsobought.runtime.store import COMMITS, DROPPED, Store
from alsobought.tables.table import Table

HARMLESS = ("OPTIMIZE", "VACUUM START", "VACUUM END")  # what others do that changes no row


def made_already(
    job: Job, store: Store, as_of: date, params: BaseModel, *, resumes: bool
) -> str | None:
    """Why the job need not run for the day, in a phrase; None: it must.

    It need not where the last commit for the day is of the same parameters, the same job file, the
    same version of this package and the same Delta versions of the same tables that it reads, and
    nobody has changed the table since. A job that reads source files finds out by itself which of
    them are new; where a run `resumes`, it need not once it has read them for the day.
    Cost: the logs of the job's table and of those that it reads.
    """
    if job.source is not None and not resumes:
        return None
    last = _last_run(store, job.writes, as_of)
    same = json.loads(json.dumps(params.model_dump(mode="json")))
    code = last.get("code_version"), last.get("job_hash")
    if last.get("parameters") != same or code != (__version__, job.source_hash):
        return None
    if job.source is not None:
        return (
            f"its source files were read for {as_of} already "
            f"(without --resume it looks for new ones)"
        )
    tables = [table for table in job.reads.values() if not isinstance(table, Files)]
    if not all(store.exists(table) for table in tables):
        return None
    newest = {table.name: store.newest(table) for table in tables}
    # a table that was made anew has other rows at the same version
    read = last.get("read_versions"), last.get("read_tables")
    if read != (
        {name: version.number for name, version in newest.items()},
        {name: version.table_id for name, version in newest.items()},
    ):
        return None
    return (
        f"its inputs and parameters are as they were at its last commit for {as_of} "
        f"(--force runs it)"
    )


def _last_run(store: Store, table: Table, as_of: date) -> dict[str, Any]:
    """The run that has made the table's rows of the day; {} where that is not known."""
    if not store.exists(table):
        return {}
    for commit in store.commits(table, COMMITS):
        run = recorded_run(commit.get("userMetadata"))
        if as_of.isoformat() in run.get(DROPPED, ()):
            return {}
        if run.get("as_of") == as_of.isoformat():
            return run
        is_of_other_rows = bool(run) and table.kept == "per_as_of"
        if not is_of_other_rows and commit.get("operation") not in HARMLESS:
            return {}
    return {}
