"""The record of loaded files: one file a run, named by the commit whose rows it tells of.

It is written before the commit, which names it in its userMetadata: a reader sees both or neither.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from py4j.java_gateway import JavaObject
from py4j.protocol import Py4JJavaError

from alsobought.ingest.files import java_virtual_machine
from alsobought.ingest.loaded import LoadedFile, LoadedFiles, SourceFile
from alsobought.runtime.commits import recorded_run
from alsobought.runtime.store import ALL_COMMITS, COMMITS, Store
from alsobought.tables.table import Table

FOLDER = "_loaded_files"  # VACUUM leaves folders alone that begin so
POINTER = "loaded_files"  # what the run in a commit's userMetadata calls it
OVERWRITES = ("CREATE OR REPLACE TABLE", "REPLACE TABLE", "TRUNCATE", "CLONE")


def latest(store: Store, table: Table) -> tuple[int | None, LoadedFiles]:
    """The table's newest version (None: there is no table), and the record that is true of it.

    An empty record, so that everything is read again, where no commit names one, where the file
    that it names cannot be read, or where another program has overwritten the table.
    """
    if not store.exists(table):
        return None, LoadedFiles()
    commits = store.commits(table, COMMITS)
    name = pointer(commits)
    if name is None and commits[-1]["version"] > 0:
        name = pointer(store.commits(table, ALL_COMMITS))
    text = None if name is None else _read(store, f"{store.path(table)}/{FOLDER}/{name}")
    return int(commits[0]["version"]), LoadedFiles() if text is None else parsed(text)


def pointer(commits: Sequence[dict[str, Any]]) -> str | None:
    """The name of the record that is true of the newest of these commits, which come newest first.

    A RESTORE continues from the version that it restored. Commits of other programs that overwrite
    nothing (OPTIMIZE, a new property, a DELETE) are passed over. None: no record is true.
    """
    until: int | None = None
    for commit in commits:
        if until is not None and commit["version"] > until:
            continue
        run = recorded_run(commit.get("userMetadata"))
        if run:
            name = run.get(POINTER)
            return name if isinstance(name, str) else None
        operation, given = commit.get("operation", ""), commit.get("operationParameters") or {}
        if operation == "RESTORE":
            restored = given.get("version")
            if restored in (None, "", "null"):  # restored to a time, whose version is not told
                return None
            until = int(restored)
        elif operation.startswith(OVERWRITES) or given.get("mode") == "Overwrite":
            return None
    return None


def write(store: Store, table: Table, loaded: LoadedFiles) -> str:
    """Write a record beside the table; returns its name, for the commit to name.

    Records that none of the last commits names are removed, once there are many.
    """
    text = as_text(loaded)
    name = f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    fs, folder = _folder(store, table)
    stream = fs.create(_path(store, f"{store.path(table)}/{FOLDER}/{name}"), True)
    try:
        stream.write(bytearray(text.encode()))
    finally:
        stream.close()
    records = [status.getPath() for status in fs.listStatus(folder)]
    if len(records) > 2 * COMMITS:
        runs = [recorded_run(c.get("userMetadata")) for c in store.commits(table, COMMITS)]
        needed = {name, *(run.get(POINTER) for run in runs)}
        for record in records:
            if record.getName() not in needed:
                fs.delete(record, False)
    return name


def as_text(loaded: LoadedFiles) -> str:
    """The record as JSON; files are named once, and by their number where they overlap."""
    files = [loaded.files[path] for path in sorted(loaded.files)]
    others = {path for file in files for path in file.overlaps} - loaded.files.keys()
    paths = [*sorted(loaded.files), *sorted(others)]
    number = {path: i for i, path in enumerate(paths)}
    entries = [
        {
            "size": entry.file.size,
            "modified_ms": entry.file.modified_ms,
            "version": entry.file.version,
            "rows": entry.rows,
            "ahead_from": entry.ahead_from and entry.ahead_from.isoformat(),
            "overlaps": sorted(number[path] for path in entry.overlaps),
        }
        for entry in files
    ]
    record = {
        "as_of": loaded.as_of.isoformat(),
        "settings": loaded.settings,
        "paths": paths,
        "files": entries,
    }
    return json.dumps(record)


def parsed(text: str) -> LoadedFiles:
    """The record of a text that `as_text` made; an empty one where it did not."""
    try:
        record = json.loads(text)
        paths = record["paths"]
        files = {
            path: LoadedFile(
                SourceFile(path, entry["size"], entry["modified_ms"], entry["version"]),
                rows=entry["rows"],
                ahead_from=entry["ahead_from"] and datetime.fromisoformat(entry["ahead_from"]),
                overlaps=frozenset(paths[i] for i in entry["overlaps"]),
            )
            for path, entry in zip(paths, record["files"], strict=False)
        }
        return LoadedFiles(files, date.fromisoformat(record["as_of"]), record["settings"])
    except (ValueError, KeyError, TypeError, IndexError):
        return LoadedFiles()


def _read(store: Store, path: str) -> str | None:
    """The text of a file; None where it cannot be read."""
    where = _path(store, path)
    try:
        stream = where.getFileSystem(_conf(store)).open(where)
        try:
            return bytes(stream.readAllBytes()).decode()
        finally:
            stream.close()
    except (Py4JJavaError, UnicodeDecodeError):
        return None


def _folder(store: Store, table: Table) -> tuple[JavaObject, JavaObject]:
    folder = _path(store, f"{store.path(table)}/{FOLDER}")
    fs = folder.getFileSystem(_conf(store))
    fs.mkdirs(folder)
    return fs, folder


def _path(store: Store, path: str) -> JavaObject:
    return java_virtual_machine(store.spark).org.apache.hadoop.fs.Path(path)


def _conf(store: Store) -> JavaObject:
    return store.spark.sparkContext._jsc.hadoopConfiguration()
