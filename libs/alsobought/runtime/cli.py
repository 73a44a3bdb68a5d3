"""The alsobought command: run jobs, look at tables."""

import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from alsobought.errors import ConfigError, JobError
from alsobought.runtime import home
from alsobought.runtime.faults import guarded
from alsobought.runtime.options import AsOf, Debug, Env, day

if TYPE_CHECKING:  # the looking commands import these themselves, so that `run` starts without
    from alsobought.runtime.explain import Subject
    from alsobought.runtime.look import Item, View, Warehouse

PIPED = 10_000  # columns where there is no terminal
WORDS = {"title", "item", "brand", "metric", "place", "table", "first", "last", "run"}
LEGEND = (
    "N: units with both items. E: such units expected by chance. n_x, n_y: units with the item, "
    "with the related item. n: all units."
)
LookEnv = Annotated[
    str, typer.Option(envvar="ALSOBOUGHT_ENV", help="An environment: the name of a file in conf/.")
]
LookItem = Annotated[str, typer.Argument(help="An item's id, or words of title, brand, category.")]
Unit = Annotated[str | None, typer.Option(help="Together in what; else in each of them.")]
Metric = Annotated[str | None, typer.Option(help="The score; else as the environment has it.")]
Relation = Annotated[str | None, typer.Option(help="How items are related; else 'together'.")]
Market = Annotated[str | None, typer.Option(help="The marketplace; else the only one.")]
LookDay = Annotated[
    str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="The day; else the latest.")
]

app = typer.Typer(
    help="Co-purchase statistics and related-item lists, as Delta tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def run(
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
        if every or with_upstream:
            known = jobs.all_jobs(root)
            chosen = jobs.with_upstream(known, [job.name for job in chosen] or list(known))
        run_all(chosen, context(root, env, as_of_day, chosen), debug=debug)


@app.command()
def show(  # noqa: PLR0913
    item: LookItem,
    env: LookEnv = "demo",
    unit: Unit = None,
    metric: Metric = None,
    relation: Relation = None,
    market: Market = None,
    as_of: LookDay = None,
    debug: Debug = False,
) -> None:
    """Print an item's related items, best first, with their evidence."""
    with guarded(debug=debug):
        from alsobought.runtime import explain, look

        asked = look.Asked(env, unit, metric, relation, market, as_of)
        view = look.view(home.find(), asked)
        found = _one(view, item, lambda item_id: f"show {item_id} {asked}")
        _say(f"{found}: related items by {view.metrics[0]}, {view}")
        shown = [_show(explain.Subject(view, found, unit)) for unit in view.units]
        if not any(shown):
            raise typer.Exit(1)
        _say("", LEGEND)


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
        from alsobought.runtime import explain, look

        asked = look.Asked(env, unit, metric, relation, market, as_of)
        view = look.view(home.find(), asked)
        first = _one(view, item, lambda chosen: f"why {chosen} {shlex.quote(related)} {asked}")
        other = _one(view, related, lambda chosen: f"why {first.item_id} {chosen} {asked}")
        if first == other:
            raise JobError(f"Both are {first}: name two items.")
        _say(f"{first} and {other}, {view}")
        for unit in view.units:
            sentences, places = explain.why(explain.Subject(view, first, unit), other)
            _say("", f"By {unit}:", *(f"  {sentence}" for sentence in sentences))
            if places:
                _grid("metric, score, place", places)


@app.command()
def tables(env: LookEnv = "demo", debug: Debug = False) -> None:
    """Print what each table of an environment holds, and which run wrote it last."""
    with guarded(debug=debug):
        from alsobought.runtime import config, look
        from alsobought.runtime.store import warehouse_path
        from alsobought.tables import ALL

        root = home.find()
        warehouse = look.Warehouse(warehouse_path(root, config.load(root, env, {}).warehouse))
        names = "table, rows, version, as-of days, first, last, written (UTC), size, run"
        _grid(names, [_state(warehouse, name) for name in ALL])


@app.callback()
def _options() -> None:
    """Co-purchase statistics and related-item lists, as Delta tables."""


def _one(view: "View", text: str, command: Callable[[str], str]) -> "Item":
    """The one item that `text` means; where it is not one, suggestions and exit code 1."""
    from alsobought.runtime import look

    items = look.find(view, text)
    if len(items) == 1:
        return items[0]
    near = items or look.closest(view, text)
    how_many = f"More than {look.SUGGESTED}" if len(items) > look.SUGGESTED else f"{len(items)}"
    said = f"{how_many} items have" if items else "No item has"
    order = "the most bought:" if items else "the closest:" if near else "nothing is like it."
    _say(f"{said} all of {text!r} in title, brand and category; {order}")
    if near:
        rows = [[i.item_id, i.title or "", i.brand or "", f"{i.buyers:,}"] for i in near]
        _grid(f"item, title, brand, {view.units[0]}s", rows[: look.SUGGESTED])
        _say(f"Choose one: alsobought {command(shlex.quote(near[0].item_id))}")
    raise typer.Exit(1)


def _show(subject: "Subject") -> bool:
    """Print one list, or why there is none; True where there is one."""
    from alsobought.runtime import explain

    rows = subject.listed(subject.view.metrics[0])
    if not rows:
        _say("", f"By {subject.unit}: no list. {explain.no_list(subject)}")
        return False
    _say("", f"By {subject.unit}:")
    _grid("rank, title, item, score, N, E, n_x, n_y, n", [explain.cells(row) for row in rows])
    return True


def _state(warehouse: "Warehouse", name: str) -> list[str]:
    """The table's row of `tables`; its row count comes from the statistics of its files."""
    if not warehouse.has(name):
        return [name, "not built", *[""] * 7]
    files = warehouse.table(name).get_add_actions(flatten=True)
    rows, sizes = (files.column(kind).to_pylist() for kind in ("num_records", "size_bytes"))
    commits, days = warehouse.commits(name, 10), warehouse.days(name) or [""]
    last = next((commit for commit in commits if commit["run"]), commits[0])
    run = {"job": last["operation"], "as_of": "", "code_version": ""} | last["run"]
    return [
        name,
        "unknown" if None in rows else f"{sum(rows):,}",
        str(warehouse.table(name).version()),
        str(len(days)) if days[0] else "",
        days[0],
        days[-1],
        f"{datetime.fromtimestamp(last['timestamp'] / 1000, UTC):%Y-%m-%d %H:%M:%S}",
        f"{sum(sizes) / 1e6:,.1f} MB",
        " ".join(part for part in (run["job"], run["as_of"], run["code_version"]) if part),
    ]


def _grid(names: str, rows: list[list[str]]) -> None:
    """Print rows under their names, words to the left and numbers to the right."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names.split(", "):
        grid.add_column(name, justify="left" if name in WORDS else "right", overflow="fold")
    for row in rows:
        grid.add_row(*map(_plain, row))
    _console().print(grid)


def _say(*lines: str) -> None:
    _console().print(*map(_plain, lines), sep="\n")


def _plain(text: str) -> str:
    """The text with a space for every line break and control character."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _console() -> Console:
    """As wide as the terminal; where there is none, nothing is cut or wrapped."""
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = PIPED
    return console


def main() -> None:
    """Entry point of the alsobought command."""
    app()
