"""The [sources] of a proposed environment: how files are written, and what their columns are."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alsobought.ingest.proposal.heads import Head
from alsobought.ingest.proposal.oddities import Returns
from alsobought.ingest.proposal.roles import Columns
from alsobought.ingest.proposal.toml_text import Setting, Table
from alsobought.ingest.proposal.values import ColumnFacts

UNKNOWN = "?"
"""What stands for a column that only the shop knows."""
ORDER = (
    "customer_id", "order_id", "item_id", "line", "purchased_at", "quantity", "price", "market",
    "title", "brand", "category", "is_available", "first_seen_at", "attributes",
)  # fmt: skip
SHOWN = 8  # columns named in a comment
THOUSANDS = (",", ".", " ", "'")


@dataclass(frozen=True)
class Files:
    """Files of the same columns, and what these seem to be."""

    head: Head
    columns: Columns
    roles: Mapping[str, str | list[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the first."""
        return self.head.paths[0].name

    @property
    def single(self) -> dict[str, str]:
        """The roles of one column that is there."""
        roles = self.roles.items()
        return {r: name for r, name in roles if isinstance(name, str) and name in self.columns}

    def column(self, role: str) -> ColumnFacts | None:
        """The column of a role, if it is one and there."""
        return self.columns.get(self.single.get(role, ""))


def source(name: str, files: Files, home: Path, *more: Setting) -> Table:
    """[sources.<name>]: where the files are and how they are written."""
    head, layout = files.head, files.head.layout
    rows = f"{head.rows.num_rows:,} rows"
    files_read = [f"{len(head.paths):,} files"] * (len(head.paths) > 1)
    read_part = [rows] if head.is_whole else [f"comments tell of the first {rows}"]
    settings = [
        Setting("path", path_of(head.paths, home), ", ".join([*files_read, *read_part])),
        Setting("format", layout.format),
    ]
    if layout.delimiter != ",":
        settings.append(Setting("delimiter", layout.delimiter))
    if not layout.header:
        settings.append(Setting("header", False, "the first line looks like data"))
    why = _encoding_why(head)
    if why:
        settings.append(Setting("encoding", layout.encoding, why))
    if layout.multi_line:
        settings.append(Setting("multi_line", True, "quoted fields hold line breaks"))
    return Table(f"sources.{name}", [*settings, *_of_numbers(files), *_of_times(files), *more])


def mapping(name: str, files: Files, said: Mapping[str, str]) -> Table:
    """[sources.<name>.columns]: the column of each role, and what its values show."""
    roles = sorted(files.roles, key=ORDER.index)
    settings = [Setting(role, files.roles[role], said.get(role, "")) for role in roles]
    mapped = {
        column
        for columns in files.roles.values()
        for column in ([columns] if isinstance(columns, str) else columns)
    }
    unused = [column for column in files.columns if column not in mapped]
    more = f" and {len(unused) - SHOWN} more" if len(unused) > SHOWN else ""
    why = f"Not used: {', '.join(unused[:SHOWN])}{more}." if unused else ""
    return Table(f"sources.{name}.columns", settings, why)


def returns(returned: Returns) -> Table:
    """[sources.purchases.returns]: how returns are marked."""
    settings = [Setting(key, value) for key, value in returned.setting.items()]
    return Table("sources.purchases.returns", settings, f"Returns: {returned.why}.")


def path_of(paths: Sequence[Path], home: Path) -> str:
    """A path or glob that matches the files: relative to the project's folder where they lie in it.

    All files of a folder with one ending are a glob, so that those of the next days match too.
    """
    if len(paths) == 1:
        return _relative(paths[0], home)
    folder = Path(os.path.commonpath([path.parent for path in paths]))
    suffixes = {"".join(path.suffixes[-2:]) for path in paths}
    if len(suffixes) == 1:
        (suffix,) = suffixes
        alike = [path for path in folder.glob(f"*{suffix}") if not path.name.startswith(("_", "."))]
        if {path.resolve() for path in alike} == {path.resolve() for path in paths}:
            return f"{_relative(folder, home)}/*{suffix}".removeprefix("./")
    names = sorted(str(path.relative_to(folder)) for path in paths)
    return f"{_relative(folder, home)}/{{{','.join(names)}}}".removeprefix("./")


def _relative(path: Path, home: Path) -> str:
    whole = path.resolve()
    return str(whole.relative_to(home)) if whole.is_relative_to(home) else str(whole)


def _encoding_why(head: Head) -> str:
    others = sorted(set(head.encodings) - {head.layout.encoding, "US-ASCII", ""})
    of_bytes = ["bytes that are no UTF-8"] * (head.layout.encoding != "UTF-8")
    return "; ".join([*of_bytes, *[f"other files are {', '.join(others)}"] * bool(others)])


def _of_numbers(files: Files) -> list[Setting]:
    if files.head.layout.format == "json":  # whose numbers are written in one way
        return []
    numbers = [column for role in ("quantity", "price") if (column := files.column(role))]
    decimal = "," if any(column.decimal == "," for column in numbers) else "."
    settings = _seen(numbers, "decimal", ",", ",") if decimal == "," else []
    for mark in THOUSANDS:
        if mark != decimal and not any(setting.key == "thousands" for setting in settings):
            settings += _seen(numbers, "thousands", mark, rf"\d{re.escape(mark)}\d{{3}}(?:\D|$)")
    return settings


def _seen(numbers: Sequence[ColumnFacts], key: str, mark: str, regex: str) -> list[Setting]:
    """The setting for a mark where numbers have it, with one of them."""
    for column in numbers:
        examples = column.values.filter(column.like(regex))
        if len(examples):
            return [Setting(key, mark, f"as in {examples[0].as_py().strip()}")]
    return []


def _of_times(files: Files) -> list[Setting]:
    column = files.column("purchased_at") or files.column("first_seen_at")
    times = None if column is None else column.times
    if column is None or times is None:
        return []
    settings = []
    example = column.values[0].as_py().strip()
    if times.pattern:
        why = f"as in {example}"
        if times.other:
            why += f"; no day is above 12, so it may as well be {times.other}: which is it?"
        settings.append(Setting("timestamp_format", times.pattern, why))
    if not times.names_zone:
        local = "the times name no zone: put the shop's, as Europe/London, if they are its own"
        days = "days without a time of day" if not times.has_clock else local
        settings.append(Setting("time_zone", "UTC", days))
    return settings
