"""What a job has read and written, in rows and bytes, as far as that is known without reading."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from alsobought.runtime import commits
from alsobought.runtime.store import Store, TableVersion
from alsobought.tables.table import Table


class Amount(NamedTuple):
    """Rows, and the size of the files that hold them; None: not known."""

    rows: int | None
    size: int | None


NOT_KNOWN = Amount(None, None)


@dataclass(frozen=True)
class Done:
    """What a job has done: in words, in sentences, and the amounts that are known."""

    what: str
    sentences: list[str]
    read: Amount = NOT_KNOWN
    rows_written: int | None = None
    is_unchanged: bool = False
    """There was nothing to do."""


def amount_of_inputs(
    store: Store, tables: Iterable[Table], versions: Mapping[str, TableVersion], as_of: date
) -> Amount:
    """Rows of the as-of day (all where a table keeps no days) at the versions that a job has read.

    By the files' statistics; where only Spark can read the log, nothing is known.
    """
    if not store.opens_files:
        return NOT_KNOWN
    amounts = [_of_table(store, table, versions[table.name].number, as_of) for table in tables]
    rows = [amount.rows for amount in amounts if amount.rows is not None]
    size = sum(amount.size or 0 for amount in amounts)
    return Amount(sum(rows) if len(rows) == len(amounts) else None, size)


def _of_table(store: Store, table: Table, version: int, as_of: date) -> Amount:
    log = commits.log_of(store.path(table), table.name, version)
    return Amount(*log.amount(as_of if table.kept == "per_as_of" else None))
