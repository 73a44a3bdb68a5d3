"""The command `runs`: what was run, how it ended, and how long it took against the usual."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Annotated

import typer

from alsobought.commands.options import DefaultEnv, RowOptions, command
from alsobought.commands.printing import Id, Number, Text, grid, rows_for_programs, say
from alsobought.errors import NotFoundError
from alsobought.runtime import config, home
from alsobought.runtime.warehouse import Row, Warehouse
from alsobought.tables.operations import RUNS

EXAMPLES = ("alsobought runs --env shop", "alsobought runs --env shop --nights 7 --json")
LATEST = 20  # earlier runs of a job whose median is its usual time
HEADINGS = (
    Id("as of"),
    Id("job"),
    Number("started (UTC)"),
    Id("outcome"),
    Number("seconds"),
    Number("usual"),
    Number("times"),
    Number("rows read"),
    Number("rows written"),
    Number("MB written"),
    Text("why"),
)


@dataclass(frozen=True, kw_only=True)
class RunsOptions(RowOptions):
    """What `runs` takes."""

    env: DefaultEnv = "demo"
    nights: Annotated[
        int, typer.Option(min=1, help="The latest as-of days that were run, so many.")
    ] = 2


@command
def runs(options: RunsOptions) -> None:
    """Print what was run of late: the time it took, and the usual; rows; why it failed.

    Usual is the median of the last runs of the job that ended well before that one.
    """
    warehouse = Warehouse.of(home.find(), config.load_sections(home.find(), options.env))
    if not warehouse.has(RUNS.name):
        raise NotFoundError(f"No run of {options.env} has been recorded yet.")
    query = f"SELECT {', '.join(RUNS.names)} FROM {RUNS.name} ORDER BY started_at, job"
    rows = of_latest_nights(with_usual(warehouse.rows(query, RUNS.name)), options.nights)
    if options.is_for_programs:
        rows_for_programs(rows, as_csv=options.as_csv)
        return
    grid(HEADINGS, map(_cells, rows))
    failed = [row["job"] for row in rows if row["outcome"] == "failed"]
    if failed:
        say(f"{len(failed)} failed: {', '.join(dict.fromkeys(failed))}.")


def with_usual(rows: Iterable[Row]) -> list[Row]:
    """The rows, oldest first, with `usual_seconds`: the median of the job's last runs before that
    did their work; null where there is none."""
    earlier: defaultdict[str, list[float]] = defaultdict(list)
    compared = []
    for row in rows:
        seconds = earlier[row["job"]][-LATEST:]
        compared.append(row | {"usual_seconds": median(seconds) if seconds else None})
        if row["outcome"] == "done":
            earlier[row["job"]].append(row["seconds"])
    return compared


def of_latest_nights(rows: Sequence[Row], nights: int) -> list[Row]:
    """Those of the as-of days that were run last, so many days, in the order of their start."""
    days = dict.fromkeys(row["as_of"] for row in reversed(rows))
    wanted = set(list(days)[:nights])
    return [row for row in rows if row["as_of"] in wanted]


def _cells(row: Row) -> list[str]:
    usual, size = row["usual_seconds"], row["bytes_written"]
    return [
        str(row["as_of"]),
        row["job"],
        f"{row['started_at']:%Y-%m-%d %H:%M:%S}",
        row["outcome"],
        f"{row['seconds']:,.1f}",
        "" if usual is None else f"{usual:,.1f}",
        f"{row['seconds'] / usual:.1f}" if usual else "",
        *("" if row[name] is None else f"{row[name]:,}" for name in ("rows_read", "rows_written")),
        "" if size is None else f"{size / 1e6:,.1f}",
        row["said"] or "",
    ]
