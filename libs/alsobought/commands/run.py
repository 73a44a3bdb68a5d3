"""The command `run`: jobs in one Spark session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from alsobought.commands.options import Options, command
from alsobought.commands.printing import say
from alsobought.errors import ConfigError
from alsobought.runtime import config, home
from alsobought.runtime import job as jobs
from alsobought.runtime.arguments import AsOf, Env, Reload, day
from alsobought.runtime.config import sections_of
from alsobought.runtime.job import Job
from alsobought.runtime.run import context, run_all


@dataclass(frozen=True, kw_only=True)
class RunOptions(Options):
    """What `run` takes."""

    env: Env
    as_of: AsOf
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="JOB...", help="Jobs: the names of files in jobs/."),
    ] = None
    with_upstream: Annotated[
        bool, typer.Option("--with-upstream", help="First run every job that they wait for.")
    ] = False
    reload: Reload = False
    all_jobs: Annotated[bool, typer.Option("--all", help="Run every job, in order.")] = False


@command
def run(options: RunOptions) -> None:
    """Run jobs, each as spark-submit jobs/JOB.py does, in one Spark session."""
    names = options.names or []
    if options.all_jobs == bool(names):
        raise ConfigError("Name the jobs to run, or give --all.")
    root, as_of = home.find(), day(options.as_of)
    chosen = [jobs.load(root, name) for name in names]
    every_job: Mapping[str, Job] | None = None
    if len(chosen) != 1 or options.with_upstream:
        every_job = jobs.all_jobs(root)
        chosen = _in_order(every_job, names, with_upstream=options.with_upstream)
    if options.all_jobs:
        chosen = _configured(chosen, root, options.env)
    every = None if every_job is None else every_job.values()
    where = replace(context(root, options.env, as_of, chosen, every), reload=options.reload)
    run_all(chosen, where, debug=options.debug)


def _in_order(
    every_job: Mapping[str, Job], names: Sequence[str], *, with_upstream: bool
) -> list[Job]:
    """The named jobs, or every one where none is named, each after those that it waits for."""
    wanted = names or list(every_job)
    ordered = jobs.with_upstream(every_job, wanted)
    return [job for job in ordered if with_upstream or job.name in wanted]


def _configured(ordered: list[Job], root: Path, env: str) -> list[Job]:
    """The jobs that the environment has sections for; prints which others are left out."""
    sections = sections_of(job.params for job in ordered)
    environment = config.load_sections(root, env, *sections.values())
    chosen, lacking = jobs.configured(ordered, environment)
    if lacking:
        wanted = [job for job in ordered if environment.wants(job.writes)]
        left_out = ", ".join(job.name for job in wanted if job not in chosen)
        absent = ", ".join(f"[{section}]" for section in lacking)
        say(f"Left out, as {config.path_of(root, env)} has no {absent}: {left_out}.")
    return chosen
