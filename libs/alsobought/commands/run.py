"""The command `run`: jobs in one Spark session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from alsobought.commands import completion
from alsobought.commands.options import Options, Quiet, command
from alsobought.commands.printing import say
from alsobought.errors import ConfigError
from alsobought.runtime import config, home
from alsobought.runtime import job as jobs
from alsobought.runtime.arguments import AsOf, Env, PinInputs, Reload, day
from alsobought.runtime.config import sections_of
from alsobought.runtime.job import Job
from alsobought.runtime.run import context, run_all

EXAMPLES = (
    "alsobought run --all --env shop --as-of 2026-02-01",
    "alsobought run related_items --with-upstream --env shop --as-of 2026-02-01",
    "alsobought run --all --resume --env shop --as-of 2026-02-01",
    "alsobought run co_purchases --pin-inputs --env shop --as-of 2026-02-01",
    "alsobought run purchases --reload --env shop --as-of 2026-02-01",
)


@dataclass(frozen=True, kw_only=True)
class RunOptions(Options):
    """What `run` takes."""

    env: Env
    as_of: AsOf
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="JOB...",
            help="Jobs: the names of files in jobs/.",
            autocompletion=completion.jobs,
        ),
    ] = None
    with_upstream: Annotated[
        bool, typer.Option("--with-upstream", help="First run every job that they wait for.")
    ] = False
    reload: Reload = False
    force: Annotated[
        bool,
        typer.Option("--force", help="Run jobs too whose inputs and parameters have not changed."),
    ] = False
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on where a run of this day stopped: source files are not looked at again.",
        ),
    ] = False
    pin_inputs: PinInputs = False
    quiet: Quiet = False
    all_jobs: Annotated[bool, typer.Option("--all", help="Run every job, in order.")] = False


@command
def run(options: RunOptions) -> None:
    """Run jobs, each as spark-submit jobs/JOB.py does, in one Spark session."""
    names = options.names or []
    if options.all_jobs == bool(names):
        raise ConfigError("Name the jobs to run, or give --all.")
    if options.resume and (options.force or options.reload):
        raise ConfigError("--resume leaves out what --force and --reload ask for: give one.")
    if options.pin_inputs and (options.resume or options.reload):
        raise ConfigError(
            "--pin-inputs reads no source files, as --resume and --reload ask: give one."
        )
    root, as_of = home.find(), day(options.as_of)
    for name in names:
        jobs.load(root, name)  # an unknown one is told before the others are loaded
    every_job = jobs.all_jobs(root)
    chosen = _in_order(every_job, names, with_upstream=options.with_upstream)
    if options.all_jobs:
        chosen = _configured(chosen, root, options)
    where = context(root, options.env, as_of, chosen, every_job.values())
    where = replace(where, reload=options.reload, skips=not options.force, resumes=options.resume)
    run_all(chosen, replace(where, pins=options.pin_inputs), debug=options.debug)


def _in_order(
    every_job: Mapping[str, Job], names: Sequence[str], *, with_upstream: bool
) -> list[Job]:
    """The named jobs, or every one where none is named, each after those that it waits for."""
    wanted = names or list(every_job)
    ordered = jobs.with_upstream(every_job, wanted)
    return [job for job in ordered if with_upstream or job.name in wanted]


def _configured(ordered: list[Job], root: Path, options: RunOptions) -> list[Job]:
    """The jobs that the environment has sections for; prints which others are left out."""
    sections = sections_of(job.params for job in ordered)
    environment = config.load_sections(root, options.env, *sections.values())
    chosen, lacking = jobs.configured(ordered, environment)
    if lacking and not options.quiet:
        wanted = [job for job in ordered if environment.wants(job.writes)]
        left_out = ", ".join(job.name for job in wanted if job not in chosen)
        absent = ", ".join(f"[{section}]" for section in lacking)
        say(f"Left out, as {config.path_of(root, options.env)} has no {absent}: {left_out}.")
    return chosen
