"""Empty tables: version 0 of Delta's log, on a path without Spark."""

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from alsobought import __version__
from alsobought.runtime import commits
from alsobought.tables.table import Table

FIRST_VERSION = "00000000000000000000.json"
READER, WRITER, WRITER_OF_CHECKS = 1, 2, 3  # the protocol's versions that a new table asks for


def create(path: str, table: Table) -> bool:
    """Make version 0 of the table at `path`: its columns, comments and constraints, and no rows.

    What Spark's Delta writes for the same, in a thousandth of the time; delta-rs refuses to create
    a table with constraints. A table that is there already is left as it is. False: there is none,
    because the file system has no hard links.
    """
    log = Path(path, "_delta_log")
    log.mkdir(parents=True, exist_ok=True)
    with _draft(log, _first_entry(table)) as draft, suppress(OSError):
        os.link(draft, log / FIRST_VERSION)  # whole or not at all, and never over another's
    if (log / FIRST_VERSION).exists():
        return True
    with suppress(OSError):
        log.rmdir()  # Spark takes a log without versions for a broken table
    return False


def _first_entry(table: Table) -> dict[str, Any]:
    """The actions of version 0 of a table's log."""
    now = commits.time_of_writing()
    partition = ["as_of"] if table.kept == "per_as_of" else []
    commit = {
        "timestamp": now,
        "operation": "CREATE TABLE",
        "operationParameters": {
            "partitionBy": json.dumps(partition),
            "clusterBy": "[]",
            "description": table.meaning,
            "isManaged": "false",
            "properties": json.dumps(table.properties),
        },
        "isolationLevel": "Serializable",
        "isBlindAppend": True,
        "operationMetrics": {},
        "engineInfo": f"alsobought/{__version__}",
    }
    metadata = {
        "id": str(uuid.uuid4()),
        "description": table.meaning,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": table.stored.json(),
        "partitionColumns": partition,
        "configuration": table.properties,
        "createdTime": now,
    }
    writer = WRITER_OF_CHECKS if table.checks else WRITER
    protocol = {"minReaderVersion": READER, "minWriterVersion": writer}
    return {"commitInfo": commit, "metaData": metadata, "protocol": protocol}


def write_version(log: Path, version: int, actions: Mapping[str, Any]) -> None:
    """Write a version of the log: whole or not at all, and never over another's.

    Raises FileExistsError where there is that version, OSError where files have no hard links.
    """
    with _draft(log, actions) as draft:
        os.link(draft, log / f"{version:020}.json")


@contextmanager
def _draft(log: Path, actions: Mapping[str, Any]) -> Iterator[Path]:
    """A file with the actions, which is removed again, also where the disk has no room for it."""
    lines = (json.dumps({name: action}) + "\n" for name, action in actions.items())
    draft = log / f".{uuid.uuid4()}.tmp"
    try:
        draft.write_text("".join(lines))
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def create_by_spark(spark: SparkSession, path: str, table: Table) -> None:
    """The same at a path that may be a URI. Cost: two seconds."""
    path = path.replace("file:///", "file:/", 1)  # as Delta writes it itself
    builder = DeltaTable.createIfNotExists(spark).location(path)
    builder = builder.comment(table.meaning)
    for field in table.stored:
        builder = builder.addColumn(
            field.name,
            field.dataType,
            nullable=field.nullable,
            comment=field.metadata["comment"],
        )
    if table.kept == "per_as_of":
        builder = builder.partitionedBy("as_of")
    for name, value in table.properties.items():
        builder = builder.property(name, value)
    builder.execute()
