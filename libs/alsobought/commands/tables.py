"""The command `tables`: what lies in an environment's warehouse."""

from dataclasses import dataclass

from alsobought.commands.options import DefaultEnv, RowOptions, command
from alsobought.commands.printing import Id, Number, Text, grid, rows_for_programs
from alsobought.runtime import config, home
from alsobought.runtime.warehouse import Row, Warehouse
from alsobought.tables import ALL

COMMITS = 10  # how far back the run that wrote a table last is looked for
EXAMPLES = ("alsobought tables", "alsobought tables --env shop --json")
COLUMNS = (
    "table", "is_built", "rows", "version", "as_of_days", "first", "last", "written_at", "bytes",
    "run",
)  # fmt: skip
HEADINGS = (
    Id("table"),
    Number("rows"),
    Number("version"),
    Number("as-of days"),
    Id("first"),
    Id("last"),
    Number("written (UTC)"),
    Number("size"),
    Text("run"),
)


@dataclass(frozen=True, kw_only=True)
class TablesOptions(RowOptions):
    """What `tables` takes."""

    env: DefaultEnv = "demo"


@command
def tables(options: TablesOptions) -> None:
    """Print what each table of an environment holds, and which run wrote it last."""
    root = home.find()
    warehouse = Warehouse.of(root, config.load_sections(root, options.env))
    rows = [_row(warehouse, name) for name in ALL]
    if options.is_for_programs:
        rows_for_programs(rows, as_csv=options.as_csv)
    else:
        grid(HEADINGS, map(_cells, rows))


def _row(warehouse: Warehouse, name: str) -> Row:
    """What is known of a table; nothing but its name where it is not built."""
    row: Row = dict.fromkeys(COLUMNS) | {"table": name, "is_built": warehouse.has(name)}
    if not row["is_built"]:
        return row
    rows, size = warehouse.size(name)
    days = warehouse.days(name)
    commits = warehouse.commits(name, COMMITS)
    last = next((commit for commit in commits if commit["run"]), commits[0])
    return row | {
        "rows": rows,
        "version": warehouse.version(name),
        "as_of_days": len(days) if days else None,
        "first": days[0] if days else None,
        "last": days[-1] if days else None,
        "written_at": f"{last['committed_at']:%Y-%m-%d %H:%M:%S}",
        "bytes": size,
        "run": _run(last),
    }


def _cells(row: Row) -> list[str]:
    if not row["is_built"]:
        return [row["table"], "not built", *[""] * (len(HEADINGS) - 2)]
    return [
        row["table"],
        "unknown" if row["rows"] is None else f"{row['rows']:,}",
        *("" if row[name] is None else str(row[name]) for name in COLUMNS[3:8]),
        f"{row['bytes'] / 1e6:,.1f} MB",
        row["run"],
    ]


def _run(commit: Row) -> str:
    """Job, day and code version of the commit's run; its operation where another wrote it."""
    run = {"job": commit["operation"], "as_of": "", "code_version": ""} | commit["run"]
    return " ".join(part for part in (run["job"], run["as_of"], run["code_version"]) if part)
