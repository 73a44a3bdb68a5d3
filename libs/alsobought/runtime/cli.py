"""The alsobought command: run jobs, look at tables."""

from typing import Annotated

import typer

from alsobought.runtime import home
from alsobought.runtime.faults import guarded
from alsobought.runtime.options import AsOf, Debug, Env, day

app = typer.Typer(
    help="Co-purchase statistics and related-item lists, as Delta tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def run(
    job: Annotated[str, typer.Argument(help="A job: the name of a file in jobs/.")],
    env: Env,
    as_of: AsOf,
    with_upstream: Annotated[
        bool, typer.Option("--with-upstream", help="First run every job that it waits for.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Run a job, as spark-submit jobs/JOB.py does."""
    with guarded(debug=debug):
        from alsobought.runtime import job as jobs
        from alsobought.runtime.run import context, run_all

        root, as_of_day = home.find(), day(as_of)
        chosen = [jobs.load(root, job)]
        if with_upstream:
            chosen = jobs.with_upstream(jobs.all_jobs(root), job)
        run_all(chosen, context(root, env, as_of_day, chosen), debug=debug)


@app.callback()
def _options() -> None:
    """Co-purchase statistics and related-item lists, as Delta tables."""


def main() -> None:
    """Entry point of the alsobought command."""
    app()
