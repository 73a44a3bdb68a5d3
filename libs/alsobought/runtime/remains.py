"""What still tells of given customers in any file below a warehouse on a path: the proof."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alsobought.runtime import log_statistics
from alsobought.runtime.customer_files import LEFT_BEHIND, LOG, in_threads
from alsobought.runtime.customers_in_rows import CUSTOMER, Customers, columns_of, is_theirs
from alsobought.runtime.judged_files import row_groups
from alsobought.runtime.loaded_files import FOLDER
from alsobought.tables import ALL
from alsobought.tables.table import Table

CHUNK = 1 << 24  # bytes of a file that is no table's
NO_TABLE = "a file of no table"
COMMIT = "the predicate of a commit"
BOUNDS = "the least and greatest values of a file"


@dataclass(frozen=True)
class Place:
    """Where an id stands: the file, by its path below the warehouse, and what of it."""

    file: str
    what: str

    def __str__(self) -> str:
        """The place as it is printed."""
        return f"{self.file} ({self.what})"


@dataclass(frozen=True)
class Remains:
    """The places with an id of the customers, of so many files that were read to their end.

    namesakes: places where the same text stands and is something else's: an item's id, say.
    """

    files: int
    places: Sequence[Place] = ()
    namesakes: Sequence[Place] = ()


def remains(warehouse: Path, customers: Customers) -> Remains:
    """Read every file below the warehouse, whether a version names it or not.

    Of a Parquet file every text is looked at, with dictionaries and footers, which may tell more
    than the rows; of logs the statistics; of other files every word.
    Cost: one pass over all texts, in as many threads as there are cores.
    """
    paths = sorted(path for path in warehouse.rglob("*") if path.is_file())
    look = _Look(warehouse, customers)
    by_file = in_threads(look.at, paths)
    said = list(chain.from_iterable(by_file))
    places = [place for is_theirs, place in said if is_theirs]
    return Remains(len(paths), places, [place for is_theirs, place in said if not is_theirs])


Said = list[tuple[bool, Place]]


@dataclass(frozen=True)
class _Look:
    """One look at the files of a warehouse."""

    warehouse: Path
    customers: Customers

    def at(self, path: Path) -> Said:
        """What a file tells: places, and whether they tell of the customers; none: nothing."""
        inner = path.relative_to(self.warehouse)
        try:
            if LOG in inner.parts:
                whats = self._in_log(path)
            elif path.suffix == ".parquet":
                whats = self._in_table(path, inner.parts[0])
            else:
                whats = self._in_text(path, inner.parts)
            return [(is_theirs, Place(str(inner), what)) for what, is_theirs in whats.items()]
        except FileNotFoundError:
            return []  # a run that is under way has removed it
        except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
            said = str(error).splitlines()[0]
            return [(True, Place(str(inner), f"cannot be read: {said}"))]

    def _in_table(self, path: Path, folder: str) -> dict[str, bool]:
        """By column of a Parquet file with such a text, whether that is an id of theirs."""
        of_run = LEFT_BEHIND.fullmatch(folder)
        table = ALL.get(of_run["table"] if of_run else folder)
        holds = {} if table is None else self.customers.holds
        ids = pa.array(sorted(self.customers.ids), pa.string())
        whats: dict[str, bool] = {}
        with pq.ParquetFile(path, read_dictionary=_plain_texts(path)) as file:
            for name, texts in _texts_of(file):
                if name in holds and any(map(holds[name], texts.to_pylist())):
                    whats[name] = True
                elif pc.any(pc.is_in(texts, value_set=ids)).as_py():
                    whats.setdefault(name, table is None and name == CUSTOMER)
        if table is not None and any(self._has_rows(path, table)):
            whats["rows"] = True
        return whats

    def _has_rows(self, path: Path, table: Table) -> Iterator[bool]:
        """For each row group whether it has a row of theirs, by all columns that tell."""
        there = pq.read_schema(path).names
        names = [name for name in columns_of(table) if name in there]
        if names:
            for rows in row_groups(str(path.parent), path.name, names):
                yield bool(is_theirs(rows, self.customers).any())

    def _in_log(self, path: Path) -> dict[str, bool]:
        tells = log_statistics.bounds_that_tell(self.customers)
        whats = {}
        if path.suffix in (".json", ".crc", ".parquet") and not path.name.startswith("."):
            if log_statistics.has_bounds(path, tells):
                whats[BOUNDS] = True
            if path.suffix == ".json" and any(map(self._in_predicate, _lines(path))):
                whats[COMMIT] = True
        return whats

    def _in_predicate(self, line: str) -> bool:
        """Whether a commit says by an id of theirs which rows it deleted or changed."""
        try:
            commit = json.loads(line).get("commitInfo") or {}
        except (ValueError, AttributeError):
            return False
        predicate = str((commit.get("operationParameters") or {}).get("predicate"))
        return any(
            f"{mark}{id_}{mark}" in predicate for id_ in self.customers.ids for mark in "'\""
        )

    def _in_text(self, path: Path, parts: Sequence[str]) -> dict[str, bool]:
        """Whether any other file has an id of theirs as a word; a record of loaded files has none,
        but sizes and names."""
        words = b"|".join(re.escape(id_.encode()) for id_ in sorted(self.customers.ids))
        pattern = re.compile(rb"(?<![0-9A-Za-z])(?:" + words + rb")(?![0-9A-Za-z])")
        longest = max(len(id_.encode()) for id_ in self.customers.ids) + 1
        with path.open("rb") as file:
            text, chunk, is_first = b"", file.read(CHUNK), True
            while chunk:
                following = file.read(CHUNK)
                text += chunk
                for match in pattern.finditer(text):
                    is_begun = match.start() > 0 or is_first
                    if is_begun and (match.end() < len(text) or not following):
                        return {NO_TABLE: FOLDER not in parts}
                is_first = is_first and len(text) <= longest
                text, chunk = text[-longest:], following
        return {}


def _plain_texts(path: Path) -> list[str]:
    """The plain text columns of a Parquet file, to be read with their dictionaries."""
    return [field.name for field in pq.read_schema(path) if _is_text(field.type)]


def _texts_of(file: pq.ParquetFile) -> Iterator[tuple[str, pa.Array]]:
    """The texts of each column, row group by row group: least and greatest, values, dictionaries.

    Of columns with lists, maps or structs all texts within them; of one that is called as the
    customer's id also numbers, as text.
    """
    names = [f.name for f in file.schema_arrow if _has_text(f.type) or f.name == CUSTOMER]
    for group in range(file.num_row_groups):
        footer = file.metadata.row_group(group)
        for index in range(footer.num_columns):
            chunk = footer.column(index)
            bounds = chunk.statistics
            if bounds is not None and bounds.has_min_max:
                texts = [value for value in (bounds.min, bounds.max) if isinstance(value, str)]
                yield chunk.path_in_schema.split(".")[0], pa.array(texts, pa.string())
        if names:
            rows = file.read_row_group(group, names, use_threads=False)
            for name in rows.column_names:
                for chunk in rows[name].chunks:
                    yield from ((name, texts) for texts in _texts_in(chunk))


def _texts_in(array: Any) -> Iterator[pa.Array]:
    """The distinct texts of an array at any depth, and those of its dictionaries."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        yield from _texts_in(array.dictionary)
    elif pa.types.is_map(kind):
        yield from _texts_in(array.keys)
        yield from _texts_in(array.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _texts_in(array.values)
    elif pa.types.is_struct(kind):
        for index in range(kind.num_fields):
            yield from _texts_in(array.field(index))
    elif _is_text(kind) or pa.types.is_integer(kind):
        yield pc.unique(array).drop_null().cast(pa.string())


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _has_text(kind: pa.DataType) -> bool:
    """Whether a type holds text at any depth."""
    if _is_text(kind):
        return True
    return any(_has_text(kind.field(index).type) for index in range(kind.num_fields))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
