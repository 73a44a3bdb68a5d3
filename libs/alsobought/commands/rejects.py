"""The command `rejects`: the rows that the ingest jobs have rejected, and why."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

import typer

from alsobought.commands.options import RowOptions, command
from alsobought.commands.printing import Id, Number, Text, csv_writer, grid, rows_for_programs, say
from alsobought.errors import ConfigError, NotFoundError
from alsobought.ingest.files import local
from alsobought.ingest.settings import Sources
from alsobought.ingest.source_lines import RejectedRow, lines_of
from alsobought.runtime import config, home
from alsobought.runtime.arguments import EnvArgument
from alsobought.runtime.warehouse import Row, Warehouse, quoted

EXAMPLES = (
    "alsobought rejects shop",
    "alsobought rejects shop --reason unreadable_time --top 20",
    "alsobought rejects shop --reason unreadable_time --to broken.csv",
)
SHOWN = 5
LONGEST = 120  # characters of a row in a grid
TABLES = {
    "rejected_purchases": "'purchases'",
    "rejected_events": "source",
}
"""By table, the section of [sources] that its rows are of, as SQL."""
COLUMNS = ("source", "file", "line", "reasons", "copies", "row")


@dataclass(frozen=True, kw_only=True)
class RejectsOptions(RowOptions):
    """What `rejects` takes."""

    env: EnvArgument
    reason: Annotated[
        str | None, typer.Option(help="Only rows that broke this rule; with --json or --csv, rows.")
    ] = None
    top: Annotated[int, typer.Option(min=0, help="How many rows to print, as a sample.")] = SHOWN
    to: Annotated[
        Path | None,
        typer.Option(help="A CSV file to write, with all the rows; lines are looked up for --top."),
    ] = None


@command
def rejects(options: RejectsOptions) -> None:
    """Print the rows that were rejected: counts by reason, a sample with its lines."""
    root = home.find()
    environment = config.load_sections(root, options.env, Sources)
    warehouse = Warehouse.of(root, environment)
    counts = _counts(warehouse)
    if options.reason:
        counts = _of_reason(counts, options.reason)
    if options.to:
        written = _write(warehouse, options)
        say(f"{written:,} rows: {options.to}", to_stderr=options.is_for_programs)
    if not options.is_for_programs:
        _print_counts(counts)
    elif not options.reason:
        rows_for_programs(counts, as_csv=options.as_csv)
        return
    sample = [*islice(_rows(warehouse, options.reason, options.top), options.top)]
    sources = environment.section(Sources)
    rows = [_shown(row) for row in _with_lines(sample, sources)]
    if options.is_for_programs:
        rows_for_programs(rows, as_csv=options.as_csv)
    elif rows:
        _print_sample(rows)


def _counts(warehouse: Warehouse) -> list[Row]:
    """Rows and files by source and reason, most rows first; a row counts for all its reasons."""
    counts: list[Row] = []
    for table, source in TABLES.items():
        if warehouse.has(table):
            counts += warehouse.rows(
                f"SELECT source, reason, sum(copies) AS rows, count(DISTINCT source_file) AS files"
                f" FROM (SELECT {source} AS source, unnest(reasons) AS reason, copies, source_file"
                f" FROM {table}) GROUP BY source, reason",
                table,
            )
    return sorted(counts, key=lambda row: (-row["rows"], row["source"], row["reason"]))


def _of_reason(counts: list[Row], reason: str) -> list[Row]:
    """The counts of one reason. Raises NotFoundError where no row has it."""
    chosen = [row for row in counts if row["reason"] == reason]
    if not chosen:
        reasons = ", ".join(sorted({row["reason"] for row in counts})) or "none"
        raise NotFoundError(f"No rejected row has the reason {reason!r}; there are: {reasons}.")
    return chosen


def _rows(warehouse: Warehouse, reason: str | None, top: int | None) -> Iterator[Row]:
    """Rejected rows by source, file and row, of each table `top`; None: all of them.

    A stream: memory stays bounded.
    """
    condition = f"WHERE array_has(reasons, {quoted(reason)})" if reason else ""
    limit = "" if top is None else f"ORDER BY source, source_file, row LIMIT {top}"
    for table, source in TABLES.items():
        if warehouse.has(table):
            query = (
                f"SELECT {source} AS source, source_file, reasons, row, copies FROM {table}"
                f" {condition} {limit}"
            )
            for batch in warehouse.batches(query, table):
                yield from batch.to_pylist()


def _with_lines(rows: Sequence[Row], sources: Sources) -> list[Row]:
    """The rows, each with the lines of its file that read so, where they can be looked up."""
    with_lines: list[Row] = []
    files = dict.fromkeys((row["source"], row["source_file"]) for row in rows)
    for name, file in files:
        of_file = [row for row in rows if (row["source"], row["source_file"]) == (name, file)]
        source, path = getattr(sources, name), Path(unquote(local(file)))
        wanted = [
            RejectedRow(row["row"], row["reasons"] == ["duplicate"], row["copies"])
            for row in of_file
        ]
        places = [[] for _ in wanted] if source is None else lines_of(path, source, wanted)
        with_lines += [{**row, "lines": lines} for row, lines in zip(of_file, places, strict=True)]
    return with_lines


def _shown(row: Row) -> Row:
    """A row as it is printed and written; `line`: more than one where several lines read so."""
    lines = ", ".join(map(str, row.get("lines", ())))
    shown = {"file": unquote(local(row["source_file"])), "line": lines or None}
    reasons = ", ".join(row["reasons"])
    return {name: {**row, **shown, "reasons": reasons}[name] for name in COLUMNS}


def _write(warehouse: Warehouse, options: RejectsOptions) -> int:
    """Write all the rows as CSV, without their lines; returns how many."""
    assert options.to is not None
    names = [name for name in COLUMNS if name != "line"]
    written = 0
    try:
        with options.to.open("w", newline="", encoding="utf-8") as file:
            writer = csv_writer(file, names)
            for row in _rows(warehouse, options.reason, None):
                writer.writerow(_shown(row))
                written += 1
    except OSError as error:
        raise ConfigError(f"{options.to} cannot be written: {error.strerror}.") from None
    return written


def _print_counts(counts: Sequence[Row]) -> None:
    if not counts:
        say("No row is rejected.")
        return
    headings = [Id("source"), Id("reason"), Number("rows"), Number("files")]
    cells = [[r["source"], r["reason"], f"{r['rows']:,}", f"{r['files']:,}"] for r in counts]
    grid(headings, cells)


def _print_sample(rows: Sequence[Row]) -> None:
    say("A sample, of which a row may have broken several rules:")
    headings = [Text("file"), Number("line"), Text("reasons"), Text("row")]
    grid(headings, [[r["file"], r["line"] or "", r["reasons"], _short(r["row"])] for r in rows])


def _short(row: str) -> str:
    """A row without the signs of JSON, cut where it is long."""
    try:
        columns = json.loads(row)
    except ValueError:
        columns = None
    if isinstance(columns, dict):
        row = ", ".join(f"{name} {value}" for name, value in columns.items())
    return row if len(row) <= LONGEST else f"{row[: LONGEST - 1]}…"
