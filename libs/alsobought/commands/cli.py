"""The alsobought command: run jobs, look at tables."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alsobought.commands import printing
from alsobought.commands.calibration import calibration
from alsobought.commands.export import export
from alsobought.commands.options import AsOf, Debug, Env, LookDay, LookEnv, day
from alsobought.commands.weights import weights
from alsobought.errors import ConfigError, JobError
from alsobought.runtime import home
from alsobought.runtime.faults import guarded

if TYPE_CHECKING:  # imported where it is used, so that --help does not wait for it
    from alsobought.runtime.job import Job

LookItem = Annotated[str, typer.Argument(help="An item's id, or words of title, brand, category.")]
Unit = Annotated[str | None, typer.Option(help="Together in what; else in each of them.")]
Metric = Annotated[str | None, typer.Option(help="The score; else as the environment has it.")]
Relation = Annotated[str | None, typer.Option(help="How items are related; else 'together'.")]
Market = Annotated[str | None, typer.Option(help="The marketplace; else the only one.")]

app = typer.Typer(
    help="Co-purchase statistics and related-item lists, as Delta tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def run(  # noqa: PLR0913
    env: Env,
    as_of: AsOf,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="JOB...", help="Jobs: the names of files in jobs/."),
    ] = None,
    with_upstream: Annotated[
        bool, typer.Option("--with-upstream", help="First run every job that they wait for.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Run every job, in order.")] = False,
    debug: Debug = False,
) -> None:
    """Run jobs, each as spark-submit jobs/JOB.py does, in one Spark session."""
    with guarded(debug=debug):
        from alsobought.runtime import job as jobs
        from alsobought.runtime.run import context, run_all

        if every == bool(names):
            raise ConfigError("Name the jobs to run, or give --all.")
        root, as_of_day = home.find(), day(as_of)
        chosen = [jobs.load(root, name) for name in names or []]
        if every or with_upstream or len(chosen) > 1:
            known = jobs.all_jobs(root)
            asked = [job.name for job in chosen] or list(known)
            ordered = jobs.with_upstream(known, asked)
            chosen = [job for job in ordered if with_upstream or job.name in asked]
        if every:
            chosen = _configured(chosen, root, env)
        run_all(chosen, context(root, env, as_of_day, chosen), debug=debug)


def _configured(ordered: "list[Job]", root: Path, env: str) -> "list[Job]":
    """The jobs that the environment has sections for; one line tells of the others."""
    from alsobought.runtime import config
    from alsobought.runtime import job as jobs

    chosen, lacking = jobs.configured(
        ordered, config.load_sections(root, env, *jobs.sections(ordered).values())
    )
    if lacking:
        out = ", ".join(job.name for job in ordered if job not in chosen)
        sections = ", ".join(f"[{section}]" for section in lacking)
        printing.say(f"Left out, as {config.path_of(root, env)} has no {sections}: {out}.")
    return chosen


@app.command()
def plan(
    env: Annotated[str, typer.Argument(help="An environment: the name of a file in conf/.")],
    as_of: AsOf,
    debug: Debug = False,
) -> None:
    """Tell what counting the pairs would take, before anything is counted."""
    with guarded(debug=debug):
        from alsobought.commands import plan as plans
        from alsobought.runtime import job as jobs
        from alsobought.runtime.run import context

        root, as_of_day = home.find(), day(as_of)
        job = jobs.load(root, "co_purchases")
        where = context(root, env, as_of_day, [job])
        plans.show(where, where.environment.params(job.name, job.params), debug=debug)


@app.command()
def show(  # noqa: PLR0913
    item: LookItem,
    env: LookEnv = "demo",
    unit: Unit = None,
    metric: Metric = None,
    relation: Relation = None,
    market: Market = None,
    as_of: LookDay = None,
    top: Annotated[int | None, typer.Option(min=1, help="So many of each list.")] = None,
    debug: Debug = False,
) -> None:
    """Print an item's related items, best first, with their evidence."""
    with guarded(debug=debug):
        from alsobought.commands import explain
        from alsobought.commands import view as look

        asked = look.Asked(env, unit, metric, relation, market, as_of)
        view = look.view(home.find(), asked)
        found = printing.one(view, item, lambda item_id: f"show {item_id} {asked}")
        printing.say(f"{found}: related items by {view.metrics[0]}, {view}")
        shown = [printing.listed(explain.Subject(view, found, unit), top) for unit in view.units]
        if not any(shown):
            raise typer.Exit(1)
        printing.say("", printing.LEGEND)


@app.command()
def why(  # noqa: PLR0913
    item: LookItem,
    related: LookItem,
    env: LookEnv = "demo",
    unit: Unit = None,
    metric: Metric = None,
    relation: Relation = None,
    market: Market = None,
    as_of: LookDay = None,
    debug: Debug = False,
) -> None:
    """Explain why an item is, or is not, in another item's list."""
    with guarded(debug=debug):
        from alsobought.commands import explain
        from alsobought.commands import view as look

        asked = look.Asked(env, unit, metric, relation, market, as_of)
        view = look.view(home.find(), asked)
        first = printing.one(
            view, item, lambda chosen: f"why {chosen} {shlex.quote(related)} {asked}"
        )
        other = printing.one(view, related, lambda chosen: f"why {first.item_id} {chosen} {asked}")
        if first == other:
            raise JobError(f"Both are {first}: name two items.")
        printing.say(f"{first} and {other}, {view}")
        for unit in view.units:
            sentences, places = explain.why(explain.Subject(view, first, unit), other)
            printing.say("", f"By {unit}:", *(f"  {sentence}" for sentence in sentences))
            if places:
                printing.grid("metric, score, place", places)


@app.command()
def tables(env: LookEnv = "demo", debug: Debug = False) -> None:
    """Print what each table of an environment holds, and which run wrote it last."""
    with guarded(debug=debug):
        from alsobought.commands import view
        from alsobought.runtime import config
        from alsobought.runtime.store import warehouse_path
        from alsobought.tables import ALL

        root = home.find()
        warehouse = view.Warehouse(warehouse_path(root, config.load_sections(root, env).warehouse))
        names = "table, rows, version, as-of days, first, last, written (UTC), size, run"
        printing.grid(names, [printing.state(warehouse, name) for name in ALL])


app.command()(weights)
app.command()(calibration)
app.command()(export)


@app.callback()
def _options() -> None:
    """Co-purchase statistics and related-item lists, as Delta tables."""


def main() -> None:
    """Entry point of the alsobought command."""
    app()
