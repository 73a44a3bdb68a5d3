"""What Delta's logs tell of customers: least and greatest values of files; and logs without them.

Statistics are no part of what a version is: without some of them readers skip fewer files.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from alsobought.errors import JobError
from alsobought.runtime.customers_in_rows import CUSTOMER, HOLDS_IDS, Customers

BOUNDS = ("minValues", "maxValues")
TRUNCATED = 32  # characters: other writers keep no more of a text, and perhaps one more for a bound
WITH_FILES = ("add", "remove")
PARSED = "stats_parsed"

Holds = Callable[[str, Any], bool]
"""Whether a bound of a column tells an id."""


def bounds_that_tell(customers: Customers) -> Holds:
    """Whether a column's least or greatest value tells an id of the customers.

    Of texts that have an id as a part, and of those that were cut short, all that may do count.
    """

    def tells(column: str, value: Any) -> bool:
        if column not in HOLDS_IDS or not isinstance(value, str):
            return False
        whole = customers.ids if column == CUSTOMER else customers.ids | customers.offers
        if value in whole:
            return True
        if column != CUSTOMER and any(customer in value for customer in customers.ids):
            return True
        return len(value) >= TRUNCATED and any(
            text.startswith((value, value[:-1])) for text in whole
        )

    return tells


def without_bounds(log: Path, tells: Holds) -> int:
    """Take the bounds that tell an id out of every file of a log; returns how many files had some.

    Each file is replaced in one step and keeps its time, by which versions are dated. Checksums,
    which readers can do without, are removed.
    """
    changed = 0
    for path in files_of(log):
        if not has_bounds(path, tells):
            continue
        changed += 1
        if path.suffix == ".crc":
            _remove(path)
        elif path.suffix == ".parquet":
            _replace(path, partial(_write_checkpoint, path, tells))
        else:
            text = "".join(_line_without(line, tells) for line in _lines(path))
            _replace(path, partial(_write_text, text))
    return changed


def files_of(log: Path) -> list[Path]:
    """The commits, checkpoints and checksums of a log, by name."""
    kinds = (".json", ".crc", ".parquet")
    files = [path for path in log.rglob("*") if path.suffix in kinds and path.is_file()]
    return sorted(path for path in files if not path.name.startswith("."))


def has_bounds(path: Path, tells: Holds) -> bool:
    """Whether a file of a log has a bound that tells an id."""
    if path.suffix == ".parquet":
        rows = (row for rows in _checkpoint_rows(path) for row in rows)
        return any(_scrub(action, tells) for row in rows for action in _actions(row))
    return any(_scrub(action, tells) for line in _lines(path) for action in _in_line(line))


def _in_line(line: str) -> Iterator[dict[str, Any]]:
    """The actions with statistics in a line of JSON: of a commit, or all files of a checksum."""
    try:
        entry = json.loads(line)
    except ValueError:
        return
    if isinstance(entry, dict):
        yield from _actions(entry)
        yield from (file for file in entry.get("allFiles") or [] if isinstance(file, dict))


def _actions(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (entry[kind] for kind in WITH_FILES if isinstance(entry.get(kind), dict))


def _line_without(line: str, tells: Holds) -> str:
    """The line without bounds that tell an id; as it is where it has none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    changed = [_scrub(action, tells) for action in _actions(entry)]
    return json.dumps(entry, separators=(",", ":")) + "\n" if any(changed) else line


def _scrub(action: dict[str, Any], tells: Holds) -> bool:
    """Take the bounds that tell an id out of an action; whether it had some."""
    changed = False
    stats = action.get("stats")
    if stats:
        kept = json.loads(stats)
        changed = _scrub_bounds(kept, tells, dict.pop)
        if changed:
            action["stats"] = json.dumps(kept, separators=(",", ":"))
    if isinstance(action.get(PARSED), dict):

        def make_null(bounds: dict[str, Any], name: str) -> None:
            bounds[name] = None

        changed |= _scrub_bounds(action[PARSED], tells, make_null)
    return changed


def _scrub_bounds(stats: Mapping[str, Any], tells: Holds, drop: Callable[..., Any]) -> bool:
    """Drop both bounds of each column of which one tells an id."""
    bounds = [stats[kind] for kind in BOUNDS if isinstance(stats.get(kind), dict)]
    columns = {name for values in bounds for name, value in values.items() if tells(name, value)}
    for values in bounds:
        for name in columns & values.keys():
            drop(values, name)
    return bool(columns)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def _checkpoint_rows(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The rows of a checkpoint, a row group at a time."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group).to_pylist()


def _write_text(text: str, draft: Path) -> None:
    draft.write_text(text, encoding="utf-8")


def _write_checkpoint(path: Path, tells: Holds, draft: Path) -> None:
    schema = pq.read_schema(path)
    with pq.ParquetWriter(draft, schema) as writer:
        for rows in _checkpoint_rows(path):
            for row in rows:
                for action in _actions(row):
                    _scrub(action, tells)
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    """Put what `write` writes in the place of a file, with its time."""
    draft = path.with_name(f".{uuid.uuid4()}.tmp")
    times = path.stat()
    try:
        write(draft)
        os.utime(draft, ns=(times.st_atime_ns, times.st_mtime_ns))
        _remove(path.with_name(f".{path.name}.crc"))  # Hadoop's checksum is of the old bytes
        draft.replace(path)
    except OSError as error:
        raise JobError(
            f"{path} cannot be replaced ({error.strerror}): correct its permissions, then forget "
            f"again."
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    """Remove a file and its checksum by Hadoop."""
    path.unlink(missing_ok=True)
    path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
