"""A complete environment proposed for a shop's files, each guess with what it is based on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow.compute as pc

from alsobought.errors import JobError
from alsobought.ingest.proposal import evidence, sections
from alsobought.ingest.proposal.heads import Head, most_frequent
from alsobought.ingest.proposal.oddities import (
    NoProduct,
    no_products_of,
    returns_of,
    titles_of,
)
from alsobought.ingest.proposal.questions import questions_of
from alsobought.ingest.proposal.roles import ids_of, item_roles, named, purchase_roles
from alsobought.ingest.proposal.sections import UNKNOWN, Files
from alsobought.ingest.proposal.toml_text import Setting, Table, written
from alsobought.ingest.proposal.values import ColumnFacts

LARGE = 100_000  # rows, in which pairs of two or three units are many by chance


@dataclass(frozen=True)
class Place:
    """Where the environment is for: its name, the project's folder, the machine's memory."""

    name: str
    home: Path
    memory_gb: int


@dataclass(frozen=True)
class Proposal:
    """A proposed environment, and what only the shop can say."""

    tables: Sequence[Table]
    questions: Sequence[str]
    as_of: date | None
    """The day after the last purchase seen, but for a few that lie far ahead of all others."""
    example: str
    """The item that is in the most rows."""

    @property
    def text(self) -> str:
        """The TOML."""
        return written(self.tables)


def proposed(heads: Sequence[Head], place: Place) -> Proposal:
    """The environment for files of which one group holds purchases, and maybe one the catalogue.

    Raises JobError where no file has times.
    """
    groups = [_files(head) for head in heads]
    purchases, others = _with_other_headers(_purchases_of(groups), groups)
    items, unused = _catalogue(purchases, others)
    titles = titles_of(items.columns, items.roles)
    item_column = purchases.column("item_id")
    charges = [] if item_column is None else no_products_of(item_column, titles)
    tables = [
        *_machine(place),
        *_purchase_tables(purchases, place.home),
        *_item_tables(items, purchases, place.home),
        *_exclusions(charges),
        *_markets(purchases),
        *_counting(purchases),
    ]
    times = getattr(purchases.column("purchased_at"), "times", None)
    return Proposal(
        tables=tables,
        questions=questions_of(purchases, items, unused),
        as_of=None if times is None else times.bulk_last + timedelta(days=1),
        example=_example(item_column, {charge.item_id for charge in charges}),
    )


def _files(head: Head) -> Files:
    columns = {name: ColumnFacts(name, head.rows[name]) for name in head.rows.column_names}
    return Files(head, columns, purchase_roles(columns))


def _purchases_of(groups: Sequence[Files]) -> Files:
    """The files of purchases: those with the most of what is needed, then with the most rows."""
    needed = ("purchased_at", "item_id", "order_id", "customer_id")

    def fits(files: Files) -> tuple[int, int]:
        return sum(role in files.roles for role in needed), files.head.rows.num_rows

    timed = [files for files in groups if "purchased_at" in files.roles]
    if not timed:
        columns = "; ".join(f"{files.name}: {', '.join(files.columns)}" for files in groups)
        raise JobError(
            f"No file says when something was bought ({columns}): give files with one line an "
            f"item bought, its order or customer, and its time."
        )
    best = max(timed, key=fits)
    missing = [role for role in ("item_id",) if role not in best.roles]
    if not {"order_id", "customer_id"} & best.roles.keys():
        missing.append("order_id")
    return replace(best, roles={**best.roles, **dict.fromkeys(missing, UNKNOWN)})


def _with_other_headers(purchases: Files, groups: Sequence[Files]) -> tuple[Files, list[Files]]:
    """The purchases with those files that have the same columns and some more, and the others."""
    others = [files for files in groups if files.columns is not purchases.columns]
    needed = set(purchases.single.values())
    alike = [
        files
        for files in others
        if needed <= files.columns.keys()
        and replace(files.head.layout, encoding="") == replace(purchases.head.layout, encoding="")
    ]
    files_read = sorted(
        file
        for head in (purchases.head, *(files.head for files in alike))
        for file in zip(head.paths, head.encodings, strict=True)
    )
    encodings = tuple(encoding for _, encoding in files_read)
    head = replace(
        purchases.head,
        paths=tuple(path for path, _ in files_read),
        encodings=encodings,
        layout=replace(purchases.head.layout, encoding=most_frequent(encodings)),
        is_whole=purchases.head.is_whole and not alike,
    )
    return replace(purchases, head=head), [files for files in others if files not in alike]


def _catalogue(purchases: Files, others: Sequence[Files]) -> tuple[Files, list[Files]]:
    """The files of the catalogue, and those that are neither; else the purchases themselves."""
    bought = purchases.column("item_id")
    if bought is None:
        return replace(purchases, roles={"item_id": UNKNOWN}), list(others)
    ids = ids_of(bought)
    for files in others:
        roles = item_roles(files.columns, ids)
        if roles:
            unused = [other for other in others if other is not files]
            return replace(files, roles=roles), unused
    titles = [name for name in purchases.columns if named(name).get("title", (0, 0))[0] == 2]
    roles = {"item_id": bought.name, **({"title": titles[0]} if titles else {})}
    return replace(purchases, roles=roles), list(others)


def _machine(place: Place) -> list[Table]:
    memory = max(1, min(8, place.memory_gb // 2))
    about = (
        "Proposed by alsobought init; what follows a # is what a guess is based on. "
        "docs/configuration.md explains every key."
    )
    return [
        Table("", [Setting("warehouse", f"warehouse/{place.name}")], about),
        Table(
            "spark",
            [
                Setting("spark.master", "local[*]"),
                Setting("spark.driver.memory", f"{memory}g", f"of {place.memory_gb} GB"),
                Setting("spark.sql.shuffle.partitions", "8"),
                Setting("spark.databricks.delta.snapshotPartitions", "2"),
                Setting("spark.ui.enabled", "false"),
                Setting("spark.ui.showConsoleProgress", "false"),
            ],
        ),
    ]


def _purchase_tables(purchases: Files, home: Path) -> list[Table]:
    said = evidence.of_purchases(purchases.columns, purchases.single)
    said |= {
        role: "no column looks like it: name it, or bring it into the files"
        for role, name in purchases.roles.items()
        if name == UNKNOWN
    }
    tables = [
        sections.source("purchases", purchases, home),
        sections.mapping("purchases", purchases, said),
    ]
    returned = returns_of(purchases.columns, purchases.single)
    return tables if returned is None else [*tables, sections.returns(returned)]


def _item_tables(items: Files, purchases: Files, home: Path) -> list[Table]:
    if items.columns is purchases.columns:
        once = Setting(
            "max_rejected_share", 1.0, "the purchases are the catalogue: of an item one row counts"
        )
        source = sections.source("items", items, home, once)
        return [source, sections.mapping("items", items, {})]
    said = {}
    bought, ids = purchases.column("item_id"), items.column("item_id")
    if bought is not None and ids is not None:
        of_bought = ids_of(bought)
        in_catalogue = int(pc.sum(pc.is_in(of_bought, ids_of(ids))).as_py())
        said["item_id"] = (
            f"{ids.distinct:,} distinct of {ids.rows:,} rows; {in_catalogue:,} of the "
            f"{len(of_bought):,} items bought"
        )
    return [sections.source("items", items, home), sections.mapping("items", items, said)]


def _counting(purchases: Files) -> list[Table]:
    """What is counted and kept: the same for every shop, but for units and support."""
    units = [unit for unit in ("order", "customer") if f"{unit}_id" in purchases.roles]
    rows = purchases.head.rows.num_rows
    caps = {
        "order": (500, "more than people buy at once"),
        "customer": (2000, "more than a household buys in a year"),
    }
    tables = [
        Table(
            "baskets",
            [
                Setting("units", units, "bought together; bought by the same customer"),
                Setting("look_back_days", 365, "before --as-of: a year has every season once"),
                Setting("count_repeats", False, "true: where people rarely buy the same again"),
            ],
        ),
        Table(
            "baskets.max_items",
            [Setting(unit, *caps[unit]) for unit in units],
            "Of a unit with more distinct items, a sample of so many.",
        ),
        Table(
            "lists",
            [
                Setting(
                    "metrics",
                    ["pearson_residual"],
                    "how far above chance; others are in docs/related-items.md",
                ),
                Setting("min_support", 5 if rows > LARGE else 2, "pairs in fewer units are noise"),
            ],
        ),
        Table(
            "jobs.co_purchases",
            [
                Setting("candidates", 50, "more than top_k, so that delisted items leave no gap"),
                Setting("task_memory_mb", 512, "what the arrays of one counting task may take"),
            ],
        ),
        Table("jobs.related_items", [Setting("top_k", 20, "places per list")]),
    ]
    return tables


def _exclusions(charges: Sequence[NoProduct]) -> list[Table]:
    """What is likely no product, which no list shows."""
    if not charges:
        return []
    ids = [charge.item_id for charge in charges]
    why = f"Likely no products: {', '.join(map(str, charges))}. Take out what is sold."
    return [Table("items.exclude", [Setting("ids", ids)], why)]


def _markets(purchases: Files) -> list[Table]:
    """Which market commands look at, where there are several."""
    market = purchases.column("market")
    if market is None or market.distinct < 2:
        return []
    why = "what show and why are about without --market; markets.groups counts some together"
    return [Table("markets", [Setting("default", market.most_frequent()[0].strip(), why)])]


def _example(items: ColumnFacts | None, charges: set[str]) -> str:
    if items is None:
        return "ITEM"
    ids: list[str] = [item.strip() for item in items.values.to_pylist()]
    most = max(range(len(ids)), key=lambda n: (ids[n] not in charges, items.counts[n]))
    return ids[most].removesuffix(".0") if items.decimal else ids[most]
