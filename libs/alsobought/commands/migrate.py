"""The command `migrate`: tables of an earlier version as today's contracts say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from alsobought.commands.options import RowOptions, command
from alsobought.commands.printing import Id, Text, grid, rows_for_programs, say
from alsobought.errors import JobError
from alsobought.runtime import config, home, session
from alsobought.runtime.arguments import Env
from alsobought.runtime.config import Environment
from alsobought.runtime.faults import said_of
from alsobought.runtime.migration import Migrated, migrated_by_files, migrated_by_spark
from alsobought.runtime.run import require_writable
from alsobought.runtime.store import Store, warehouse_path
from alsobought.runtime.warehouse import Row, Warehouse
from alsobought.tables import ALL
from alsobought.tables.operations import RUNS
from alsobought.tables.table import Table

EXAMPLES = (
    "alsobought migrate --env shop --dry-run",
    "alsobought migrate --env shop",
)


@dataclass(frozen=True, kw_only=True)
class MigrateOptions(RowOptions):
    """What `migrate` takes."""

    env: Env
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")
    ] = False


@command
def migrate(options: MigrateOptions) -> None:
    """Give tables of an earlier version the columns and constraints of this one.

    No row changes. A table whose rows break a new constraint stays as it is, and is named; it keeps
    no other from being migrated. Given again, the command has nothing left to do.
    """
    root = home.find()
    environment = config.load_sections(root, options.env)
    warehouse = warehouse_path(root, environment.warehouse)
    require_writable(warehouse)
    with _store(warehouse, environment, debug=options.debug) as store:
        results = list(_results(warehouse, store, is_rehearsal=options.dry_run))
    if options.is_for_programs:
        rows_for_programs([_row(*result) for result in results], as_csv=options.as_csv)
    else:
        _print(results, is_rehearsal=options.dry_run)
    faults = [fault for _, fault in results if fault]
    if faults:
        raise JobError(" ".join(faults))


@contextmanager
def _store(warehouse: str, environment: Environment, *, debug: bool) -> Iterator[Store | None]:
    """A store with a session where the warehouse lies on a URI, for which only Spark has keys."""
    if "://" not in warehouse:
        yield None
        return
    spark = session.build("migrate", environment.spark, debug=debug)
    try:
        yield Store(spark, warehouse)
    finally:
        spark.stop()


def _results(
    warehouse: str, store: Store | None, *, is_rehearsal: bool
) -> Iterator[tuple[Migrated, str | None]]:
    """What was done with each table that is there, and what kept it from being done."""
    tables = Warehouse(warehouse)
    for table in (*ALL.values(), RUNS):
        if not (tables.has(table.name) if store is None else store.exists(table)):
            continue
        try:
            yield _migrated(warehouse, store, table, is_rehearsal=is_rehearsal), None
        except (JobError, PySparkException, Py4JError, OSError) as error:
            yield Migrated(table.name), said_of(error)


def _migrated(warehouse: str, store: Store | None, table: Table, *, is_rehearsal: bool) -> Migrated:
    if store is None:
        return migrated_by_files(warehouse, table, is_rehearsal=is_rehearsal)
    return migrated_by_spark(store, table, is_rehearsal=is_rehearsal)


def _row(migrated: Migrated, fault: str | None) -> Row:
    return {"table": migrated.table, "changes": "; ".join(migrated.changes), "fault": fault}


def _print(results: list[tuple[Migrated, str | None]], *, is_rehearsal: bool) -> None:
    changed = [result for result in results if result[0].changes or result[1]]
    if changed:
        rows = [_row(*result) for result in changed]
        cells = [[row["table"], row["changes"], row["fault"] or ""] for row in rows]
        grid((Id("table"), Text("changes"), Text("fault")), cells)
    same = len(results) - len(changed)
    say(f"{same:,} of {len(results):,} tables are as this version has them.")
    if is_rehearsal and changed:
        say("Nothing was changed.")
