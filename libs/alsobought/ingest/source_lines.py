"""In which lines of a source's file rejected rows stand."""

import csv
import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

from alsobought.ingest.settings import Source

PLAIN_TEXT = ("csv", "json")
LONGEST_FIELD = 1 << 30  # characters; csv refuses what Spark reads above 131,072
Fields = Mapping[str, str]
WHOLE_AS_FLOAT = re.compile(r"^(-?(?:0|[1-9]\d*))\.0$")
"""An id as it becomes one without .0 in the tables."""


@dataclass(frozen=True)
class RejectedRow:
    """A rejected row as its table has it: the raw line, or JSON of the columns."""

    row: str
    is_duplicate: bool
    copies: int


def lines_of(path: Path, source: Source, wanted: Sequence[RejectedRow]) -> list[list[int]]:
    """For each row the lines of the file, counted from 1, that read so; none: it is not known.

    As many lines as the row has copies are looked for. A duplicate is told in the columns of the
    table and looked for by its ids: one line more, for the row that stayed may be in the same
    file; where still more have these ids it is not known which they are. Empty for files that are
    not there, or no text (Parquet, Delta).
    Cost: one pass over the file, up to the last of the lines; of a duplicate to the file's end.
    """
    places: list[list[int]] = [[] for _ in wanted]
    if source.format not in PLAIN_TEXT or not path.is_file():
        return places
    open_rows = {n: (row, _columns(row)) for n, row in enumerate(wanted)}
    try:
        for line, text, fields in _records(path, source):
            for n in [n for n, row in open_rows.items() if _is_same(*row, (text, fields), source)]:
                places[n].append(line)
                if wanted[n].is_duplicate and len(places[n]) > wanted[n].copies + 1:
                    places[n] = []
                    del open_rows[n]
                elif not wanted[n].is_duplicate and len(places[n]) == wanted[n].copies:
                    del open_rows[n]
            if not open_rows:
                break
    except (OSError, EOFError, UnicodeError, csv.Error):
        pass  # the lines before are right
    return places


def _columns(row: RejectedRow) -> Fields | None:
    """The row's columns by name, those of the table of a duplicate; None: it is a raw line."""
    try:
        columns = json.loads(row.row, parse_int=str, parse_float=str)
    except ValueError:
        return None
    return _texts(columns) if isinstance(columns, dict) else None


def _is_same(
    row: RejectedRow, columns: Fields | None, record: tuple[str, Fields], source: Source
) -> bool:
    text, fields = record
    if columns is None:
        return text.strip() == row.row.strip()
    if not row.is_duplicate:
        names = columns.keys() | fields.keys()
        return all(_stripped(fields, name) == _stripped(columns, name) for name in names)
    return all(columns.get(name, "") == value for name, value in _key(fields, source).items())


def _key(fields: Fields, source: Source) -> Fields:
    """What a record says of its mapped ids, line and market, as the columns of the table."""
    mapped = {name: source.named(name) for name in source.columns}
    names = {name: theirs[0] for name, theirs in mapped.items() if len(theirs) == 1}
    key = {
        name: _stripped(fields, theirs)
        for name, theirs in names.items()
        if name.endswith("_id") or name in ("line", "market")
    }
    key = {name: WHOLE_AS_FLOAT.sub(r"\1", text) for name, text in key.items()}
    if "market" in key:
        key["market"] = key["market"] or "all"
    if "line" in key and not key.get("order_id"):
        key["line"] = f"{key.get('customer_id', '')}-{key['line']}"
    return key


def _stripped(fields: Fields, name: str) -> str:
    return fields.get(name, "").strip()


def _records(path: Path, source: Source) -> Iterator[tuple[int, str, Fields]]:
    """(first line, its text, its fields by name) of each record."""
    csv.field_size_limit(LONGEST_FIELD)
    with closing(_opened(path, source)) as file:
        if source.format == "json":
            for number, text in enumerate(file, 1):
                yield number, text, _fields_of_json(text)
            return
        read: list[str] = []
        lines = _remembered(file, read)
        reader = csv.reader(lines, delimiter=source.delimiter, quotechar=source.quote)
        names = next(reader, []) if source.header else []
        read.clear()
        line = reader.line_num + 1
        for record in reader:
            names = names or [f"_c{i}" for i in range(len(record))]
            yield line, "".join(read), dict(zip(names, record, strict=False))
            read.clear()
            line = reader.line_num + 1


def _remembered(lines: TextIO, read: list[str]) -> Iterator[str]:
    """The lines, each also appended to `read`."""
    for line in lines:
        read.append(line)
        yield line


def _fields_of_json(text: str) -> Fields:
    try:
        columns = json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        return {}
    return _texts(columns) if isinstance(columns, dict) else {}


def _texts(columns: Mapping[str, Any]) -> Fields:
    """The columns as text; those that are null are left out."""
    return {
        name: json.dumps(value) if isinstance(value, bool) else str(value)
        for name, value in columns.items()
        if value is not None
    }


def _opened(path: Path, source: Source) -> TextIO:
    """The file as text, unpacked where its name says that it is packed."""
    encoding = "utf-8-sig" if source.encoding == "UTF-8" else source.encoding
    how: dict[str, Any] = {"encoding": encoding, "errors": "replace", "newline": ""}
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", **how))
    return cast(TextIO, path.open("r", **how))
