"""The command `tables`: what lies in an environment's warehouse."""

from dataclasses import dataclass

from alsobought.commands.options import DefaultEnv, Options, command
from alsobought.commands.printing import Number, Text, grid
from alsobought.runtime import config, home
from alsobought.runtime.warehouse import Row, Warehouse
from alsobought.tables import ALL

COMMITS = 10  # how far back the run that wrote a table last is looked for
HEADINGS = (
    Text("table"),
    Number("rows"),
    Number("version"),
    Number("as-of days"),
    Text("first"),
    Text("last"),
    Number("written (UTC)"),
    Number("size"),
    Text("run"),
)


@dataclass(frozen=True, kw_only=True)
class TablesOptions(Options):
    """What `tables` takes."""

    env: DefaultEnv = "demo"


@command
def tables(options: TablesOptions) -> None:
    """Print what each table of an environment holds, and which run wrote it last."""
    root = home.find()
    warehouse = Warehouse.of(root, config.load_sections(root, options.env))
    grid(HEADINGS, [_cells(warehouse, name) for name in ALL])


def _cells(warehouse: Warehouse, name: str) -> list[str]:
    if not warehouse.has(name):
        return [name, "not built", *[""] * (len(HEADINGS) - 2)]
    rows, size = warehouse.size(name)
    days = warehouse.days(name)
    commits = warehouse.commits(name, COMMITS)
    last = next((commit for commit in commits if commit["run"]), commits[0])
    return [
        name,
        "unknown" if rows is None else f"{rows:,}",
        str(warehouse.version(name)),
        *([str(len(days)), days[0], days[-1]] if days else [""] * 3),
        f"{last['committed_at']:%Y-%m-%d %H:%M:%S}",
        f"{size / 1e6:,.1f} MB",
        _run(last),
    ]


def _run(commit: Row) -> str:
    """Job, day and code version of the commit's run; its operation where another wrote it."""
    run = {"job": commit["operation"], "as_of": "", "code_version": ""} | commit["run"]
    return " ".join(part for part in (run["job"], run["as_of"], run["code_version"]) if part)
