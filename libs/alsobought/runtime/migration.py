"""Tables that an earlier version wrote get the columns and constraints of today's contracts.

Their rows and files stay as they are. Without Spark where a warehouse lies on a path, in one commit
a table; by Spark's SQL on a URI, in several.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import functions as F

from alsobought import __version__
from alsobought.errors import JobError
from alsobought.runtime import commits, creation
from alsobought.runtime.acceptance import broken_checks
from alsobought.runtime.commits import Log
from alsobought.runtime.faults import CONCURRENT
from alsobought.runtime.parquet_writer import FileLayout, faults_of
from alsobought.runtime.staging import layout_of
from alsobought.runtime.store import Store
from alsobought.tables.differences import Difference, differences, refusal
from alsobought.tables.table import CONSTRAINT, Table


@dataclass(frozen=True)
class Migrated:
    """The changes that a table has got, or would get, in words; none: there is nothing to do."""

    table: str
    changes: tuple[str, ...] = ()


def migrated_by_files(warehouse: str, table: Table, *, is_rehearsal: bool) -> Migrated:
    """Put a table on a path in order by one commit of its log; a rehearsal changes nothing.

    Raises JobError where only other rows would do, or rows break what the contract asks.
    Cost: the log; where a check is new, one pass over the columns that it is of, a batch at a time.
    """
    path = f"{warehouse}/{table.name}"
    for _ in range(commits.ATTEMPTS):
        log = commits.log_of(path, table.name)
        differing = differences(table, *log.contract)
        changes = _changes(table, path, differing)
        if not changes:
            return Migrated(table.name)
        if not log.is_plain:
            raise JobError(
                f"{table.name} has a feature of Delta (deletion vectors or renamed columns) by "
                f"which its files alone do not tell its rows, so nothing was changed: purge them "
                f"(REORG TABLE … APPLY (PURGE)), take the feature off the table, then migrate."
            )
        _require_none(table, _broken_in_files(log, table, differing))
        if is_rehearsal or _commit(log, table, changes):
            return Migrated(table.name, changes)
    raise JobError(f"{CONCURRENT}.")


def migrated_by_spark(store: Store, table: Table, *, is_rehearsal: bool) -> Migrated:
    """The same by Spark, on any storage: a commit for the columns, and for each check.

    One that died is ended by the next. Raises JobError also where a column would be required, which
    Delta makes of none.
    Cost: a pass over the rows for each check, and one before.
    """
    differing = differences(table, *store.stored_contract(table))
    path = store.path(table)
    required = [difference.required for difference in differing if difference.required]
    if required:
        raise JobError(
            f"{table.name} at {path}: Spark cannot make {', '.join(required)} required: move the "
            f"table away and run the job {table.name} again."
        )
    changes = _changes(table, path, differing)
    checks = {d.check: table.checks[d.check] for d in differing if d.check}
    if checks:
        absent = [field for field in table.stored if f"missing {field.name}" in _words(differing)]
        nulls = {field.name: F.lit(None).cast(field.dataType) for field in absent}
        rows = store.read_version(table, store.version(table)).withColumns(nulls)
        _require_none(table, broken_checks(checks, rows))
    if not is_rehearsal:
        for statement in _statements(table, path, differing):
            store.spark.sql(statement)
    return Migrated(table.name, changes)


def _changes(table: Table, path: str, differing: Sequence[Difference]) -> tuple[str, ...]:
    """What is to be done, in words. Raises JobError where only other rows would do."""
    if not all(difference.change for difference in differing if difference.is_fault):
        raise JobError(refusal(table, path, differing))
    return tuple(str(difference.change) for difference in differing)


def _words(differing: Iterable[Difference]) -> set[str]:
    return {difference.words for difference in differing}


def _require_none(table: Table, broken: Mapping[str, int]) -> None:
    """Raise JobError where rows of the table break what it would ask of them."""
    if broken:
        which = "; ".join(f"{words} in {count:,} rows" for words, count in broken.items())
        raise JobError(
            f"{table.name}: rows of it break today's contract, so it was not changed: {which}. "
            f"Correct or delete them, or move the table away and run the job {table.name} again."
        )


def _broken_in_files(log: Log, table: Table, differing: Sequence[Difference]) -> dict[str, int]:
    """The rows that break what is new, by the fault in words."""
    required = tuple(difference.required for difference in differing if difference.required)
    checks = {d.check: table.checks[d.check] for d in differing if d.check}
    if not (required or checks):
        return {}
    layout = replace(layout_of(table, log.path, ""), required=required, checks=checks)
    broken: dict[str, int] = {}
    for rows in _batches(log, table, layout):
        for words, count in faults_of(rows, layout).items():
            broken[words] = broken.get(words, 0) + count
    return dict(sorted(broken.items()))


def _batches(log: Log, table: Table, layout: FileLayout) -> Iterator[pa.Table]:
    """The columns that the layout asks about; null where the table does not have one."""
    asked = " ".join([*layout.required, *layout.checks.values()])
    stored = log.delta.to_pyarrow_dataset()
    names = [field.name for field in table.stored if re.search(rf"\b{field.name}\b", asked)]
    there = [name for name in names if name in stored.schema.names]
    for batch in stored.to_batches(columns=there):
        rows = pa.Table.from_batches([batch])
        for name in set(names) - set(there):
            rows = rows.append_column(name, pa.nulls(len(rows), layout.schema.field(name).type))
        yield rows


def _commit(log: Log, table: Table, changes: Sequence[str]) -> bool:
    """Make the version after this one; False: another commit has come first."""
    metadata, protocol = log.delta.metadata(), log.delta.protocol()
    properties = {**table.properties, **metadata.configuration}
    properties |= {k: v for k, v in table.properties.items() if k.startswith(CONSTRAINT)}
    writer = creation.WRITER_OF_CHECKS if table.checks else creation.WRITER
    actions: dict[str, Any] = {
        "commitInfo": {
            "timestamp": commits.time_of_writing(),
            # no userMetadata: it is no run, and the record of loaded files stays true
            "operation": "MIGRATE",
            "operationParameters": {"changes": json.dumps(changes)},
            "isolationLevel": "Serializable",
            "isBlindAppend": False,
            "engineInfo": f"alsobought/{__version__}",
        },
        "metaData": {
            "id": str(metadata.id),
            "description": table.meaning,
            "format": {"provider": "parquet", "options": {}},
            "schemaString": table.stored.json(),
            "partitionColumns": list(metadata.partition_columns),
            "configuration": properties,
            "createdTime": metadata.created_time,
        },
    }
    if protocol.min_writer_version < writer:
        reader = protocol.min_reader_version
        actions["protocol"] = {"minReaderVersion": reader, "minWriterVersion": writer}
    try:
        creation.write_version(Path(log.path, "_delta_log"), log.version + 1, actions)
    except FileExistsError:
        return False
    return True


def _statements(table: Table, path: str, differing: Sequence[Difference]) -> Iterator[str]:
    """The same changes in Spark's SQL; every text in them is of the contract."""
    alter, words = f"ALTER TABLE delta.`{path}`", _words(differing)
    for field in table.stored:
        if f"missing {field.name}" in words:
            kind = field.dataType.simpleString()
            yield f"{alter} ADD COLUMNS ({field.name} {kind} COMMENT {_literal(field.metadata)})"
        if f"{field.name} may not be null" in words:
            yield f"{alter} ALTER COLUMN {field.name} DROP NOT NULL"
    for name in (difference.check for difference in differing if difference.check):
        yield f"{alter} DROP CONSTRAINT IF EXISTS {name}"
        yield f"{alter} ADD CONSTRAINT {name} CHECK ({table.checks[name]})"
    unset = [name for name in table.properties if f"{name} is not set" in words]
    if unset:
        pairs = ", ".join(f"'{name}' = '{table.properties[name]}'" for name in unset)
        yield f"{alter} SET TBLPROPERTIES ({pairs})"


def _literal(metadata: Mapping[str, Any]) -> str:
    text = str(metadata["comment"]).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
