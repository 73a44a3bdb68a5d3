"""The command `report`: a night as a static page, to be opened from disk or put on any server."""

import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from alsobought import __version__
from alsobought.commands import report_lists, report_sections
from alsobought.commands.earlier_lists import Before, before
from alsobought.commands.night_tables import NightTables
from alsobought.commands.options import Options, Quiet, command
from alsobought.commands.printing import say
from alsobought.commands.report_health import health
from alsobought.commands.report_lists import Written
from alsobought.errors import ConfigError
from alsobought.ingest.settings import Sources
from alsobought.report import numbered_items, page, score_words
from alsobought.report.page import Empty, Head, Section
from alsobought.report.shown_text import short
from alsobought.runtime import config, home
from alsobought.runtime.arguments import AsOf, Env, day
from alsobought.runtime.page_folder import PageFolder
from alsobought.runtime.warehouse import Row, Warehouse
from alsobought.tables.related import RELATED_ITEMS
from alsobought.training.offers.settings import Redemption

EXAMPLES = (
    "alsobought report --env shop --as-of 2026-02-01 --open",
    "alsobought report --env shop --as-of 2026-02-01 --to site/2026-02-01",
)
BEGIN_WITH = 6  # of the most bought items


@dataclass(frozen=True, kw_only=True)
class ReportOptions(Options):
    """What `report` takes."""

    env: Env
    as_of: AsOf
    to: Annotated[
        Path | None,
        typer.Option(help="The folder to write; by default beside a warehouse on a path."),
    ] = None
    is_opened: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False
    quiet: Quiet = False


@command
def report(options: ReportOptions) -> None:
    """Write a night as a page: whether its lists go out, what they are, what changed."""
    root = home.find()
    environment = config.load_sections(root, options.env, Sources, Redemption)
    warehouse = Warehouse.of(root, environment)
    folder = PageFolder(_place(warehouse, options))
    folder.require_replaceable()
    tables = NightTables(warehouse, environment, options.env, day(options.as_of))
    folder.begin()
    try:
        size = write(tables, folder)
    except BaseException:
        folder.discard()
        raise
    index = folder.to / "index.html"
    say(f"report of {options.env}, {options.as_of}: {index} ({size / 1e6:,.1f} MB)")
    if options.is_opened:
        webbrowser.open(index.as_uri())


def _place(warehouse: Warehouse, options: ReportOptions) -> Path:
    """The folder that is written. Raises ConfigError where it must be named."""
    if options.to is not None:
        if "://" in str(options.to) or ":/" in str(options.to):
            raise ConfigError(f"--to {options.to}: name a folder on a path.")
        return options.to
    if "://" in warehouse.path:
        raise ConfigError(f"The warehouse is {warehouse.path}: name a folder with --to.")
    return Path(f"{warehouse.path}-report") / options.as_of


def write(tables: NightTables, folder: PageFolder) -> int:
    """Write all files of the report; returns their bytes."""
    of = tables.newest_day(RELATED_ITEMS.name)
    earlier = None if of is None else before(tables, of)
    written = None if of is None else report_lists.write(tables, folder, of, earlier)
    changes = None if written is None else written.changes
    sections = [
        health(tables, changes),
        lists(tables, written, of),
        changed(tables, written, earlier),
        report_sections.quality(tables),
        report_sections.weights(tables),
        report_sections.cost(tables),
    ]
    named = report_sections.customers(tables)
    sections += [] if named is None else [named]
    of_page = manifest(tables, written, of)
    head = Head(tables.name, tables.day, __version__, of_page, named is not None)
    folder.write("index.html", page.page(head, sections))
    for name, text in page.assets().items():
        folder.write(name, text)
    card = {"environment": tables.name, "as_of": str(tables.day), "code_version": __version__}
    return folder.finish(card)


def manifest(tables: NightTables, written: Written | None, of: str | None) -> Row:
    """What the page's script has to know of the data files."""
    return {
        "environment": tables.name,
        "day": of or str(tables.day),
        "shards": 0 if written is None else written.numbered.shards,
        "chunk": numbered_items.IN_A_CHUNK,
        "chunks": 0 if written is None else written.chunks,
        "metrics": list(score_words.FORMULAS),
        "formulas": score_words.FORMULAS,
        "meanings": score_words.MEANINGS,
    }


def lists(tables: NightTables, written: Written | None, of: str | None) -> Section:
    """The section in which an item's lists are looked at."""
    title = "Look at a list"
    if written is None or of is None:
        return Section("lists", title, None, tables.run_again(RELATED_ITEMS.name))
    items = written.numbered.items
    again = f"alsobought run related_items --env {tables.name} --as-of {tables.day}"
    facts = {
        "note": None
        if of == str(tables.day)
        else f"There are no lists of {tables.day}; these are "
        f"those of {of}, the newest before it. To make them: {again}",
        "day": of,
        "item_count": items.num_rows,
        "lists": written.numbered.lists,
        "places": written.numbered.places,
        "begin_with": [item(written, n) for n in range(min(BEGIN_WITH, items.num_rows))],
    }
    return Section("lists", title, facts)


def changed(tables: NightTables, written: Written | None, earlier: Before | None) -> Section:
    """The section of what changed in the lists."""
    title = "What changed"
    if written is None:
        return Section("changes", title, None, tables.run_again(RELATED_ITEMS.name))
    if written.changes is None or earlier is None:
        why = Empty("There are no lists of an earlier day to compare with.")
        return Section("changes", title, None, why)
    changes = written.changes
    facts = {
        "compared": earlier.said,
        "places": written.numbered.places,
        "several_markets": len({row["market"] for row in changes.by_kind}) > 1,
        "by_kind": changes.by_kind,
        "most_changed": [row | item(written, row["item"]) for row in changes.most_changed],
        "biggest_moves": [
            row | item(written, row["item"]) | {"related": item(written, row["related"])}
            for row in changes.biggest_moves
        ],
        "lost": [row | item(written, row["item"]) for row in changes.lost],
        "lost_count": changes.lost_count,
    }
    return Section("changes", title, facts)


def item(written: Written, number: int) -> Row:
    """An item's key and title, as links have them."""
    items = written.numbered.items
    title = items["title"][number].as_py()
    return {"key": items["key"][number].as_py(), "title": short(title or "")}
