"""The command `maintain`: drop old as-of days, join small files, remove files nobody needs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from alsobought import __version__
from alsobought.commands.options import RowOptions, command
from alsobought.commands.printing import Id, Number, Text, grid, rows_for_programs, say
from alsobought.errors import ConfigError, JobError
from alsobought.evaluate.gate.decisions import may_be_served
from alsobought.runtime import config, home, session
from alsobought.runtime import job as jobs
from alsobought.runtime.arguments import AsOf, EnvArgument, day
from alsobought.runtime.config import Maintenance, sections_of
from alsobought.runtime.faults import said_of
from alsobought.runtime.job import Job
from alsobought.runtime.journal import Journal, new_run_id
from alsobought.runtime.maintenance import Upkeep, Upkept, upkept_by_files, upkept_by_spark
from alsobought.runtime.run import Context, require_writable
from alsobought.runtime.serving import decisions, decisions_in
from alsobought.runtime.store import Store
from alsobought.runtime.warehouse import Row, Warehouse
from alsobought.tables import ALL
from alsobought.tables.operations import RUNS
from alsobought.tables.table import Table

EXAMPLES = (
    "alsobought maintain shop --as-of 2026-02-01 --dry-run",
    "alsobought maintain shop --as-of 2026-02-01",
)
HEADINGS = (
    Id("table"),
    Number("days dropped"),
    Id("first"),
    Id("last"),
    Number("files joined"),
    Number("files removed"),
    Number("MB removed"),
    Text("fault"),
)


@dataclass(frozen=True, kw_only=True)
class MaintainOptions(RowOptions):
    """What `maintain` takes."""

    env: EnvArgument
    as_of: AsOf
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would go, and change nothing.")
    ] = False


@command
def maintain(options: MaintainOptions) -> None:
    """Drop old as-of days, join small files, remove files that nobody needs any more.

    By [maintenance] of the TOML. Lists that are served, and those that a rollback may serve again,
    stay readable. A fault of one table keeps no other from its upkeep.
    """
    root = home.find()
    where = replace(_context(root, options), run_id=None if options.dry_run else new_run_id())
    require_writable(where.warehouse)
    with _store(where, debug=options.debug) as store, _journal(where, store).recorded("maintain"):
        results = _upkept(where, store, options)
        rows = [_row(upkept, fault) for upkept, fault in results]
        if options.is_for_programs:
            rows_for_programs(rows, as_csv=options.as_csv)
        else:
            grid(HEADINGS, map(_cells, rows))
            if options.dry_run:
                say("Nothing was changed; which small files would be joined is not known before.")
        faults = [fault for _, fault in results if fault]
        if faults:
            raise JobError(" ".join(faults))


def _context(root: Path, options: MaintainOptions) -> Context:
    """The environment, checked: no job may want days that would be dropped."""
    every = jobs.all_jobs(root)
    kinds = sections_of(job.params for job in every.values())
    environment = config.load_sections(root, options.env, *kinds.values())
    path = config.path_of(root, options.env)
    if environment.maintenance is None:
        raise ConfigError(f"{path} has no [maintenance]: add it, as docs/configuration.md says.")
    where = Context(root, options.env, environment, day(options.as_of))
    chosen, _ = jobs.configured(jobs.with_upstream(every, list(every)), environment)
    faults = list(_days_wanted(chosen, where, environment.maintenance))
    if faults:
        raise ConfigError(f"{path}: {'; '.join(faults)}.", faults)
    return where


def _days_wanted(chosen: Iterable[Job], where: Context, settings: Maintenance) -> Iterator[str]:
    """Every table of which fewer days would be kept than a job reads, and every name that is none,
    as a phrase."""
    for name in settings.keep_days_of:
        if name not in ALL or ALL[name].kept != "per_as_of":
            yield f"maintenance.keep_days_of.{name}: no table that is so called keeps days"
    for job in chosen:
        if job.earlier is None:
            continue
        params = where.environment.params(job.name, job.params)
        first = min(job.earlier.days(params, where.as_of), default=where.as_of)
        span, inputs = (where.as_of - first).days, job.inputs_in(where.environment)
        for name in job.earlier.inputs:
            table = inputs.get(name)
            if not isinstance(table, Table) or table.kept != "per_as_of":
                continue
            days = settings.keep_days_of.get(table.name, settings.keep_days)
            if days < span:
                yield (
                    f"[maintenance] keeps {days} days of {table.name}, of which {job.name} reads "
                    f"the lists of {span} days before: keep {span} or more"
                )


def _upkept(
    where: Context, store: Store | None, options: MaintainOptions
) -> list[tuple[Upkept, str | None]]:
    """What was done with each table that is there, and what kept it from being done."""
    settings, warehouse = where.environment.maintenance, Warehouse(where.warehouse)
    assert settings is not None  # _context has looked
    so_far = decisions(warehouse) if store is None else decisions_in(store)[1]
    since = where.as_of - timedelta(days=settings.rollback_days)
    served = may_be_served(so_far, since)
    return [
        _of_table(where, store, Upkeep(table, where.as_of, settings, served), options)
        for table in (*ALL.values(), RUNS)
        if (warehouse.has(table.name) if store is None else store.exists(table))
    ]


def _journal(where: Context, store: Store | None) -> Journal:
    return where.journal if store is None else where.journal.with_session(store.spark)


@contextmanager
def _store(where: Context, *, debug: bool) -> Iterator[Store | None]:
    """A store with a session where the warehouse lies on a URI, for which only Spark has keys."""
    if "://" not in where.warehouse:
        yield None
        return
    spark = session.build("maintain", where.environment.spark, debug=debug)
    try:
        yield Store(spark, where.warehouse)
    finally:
        spark.stop()


def _of_table(
    where: Context, store: Store | None, upkeep: Upkeep, options: MaintainOptions
) -> tuple[Upkept, str | None]:
    run = {"job": "maintain", "environment": where.name, "code_version": __version__}
    run |= {} if where.run_id is None else {"run_id": where.run_id}
    is_rehearsal = options.dry_run
    try:
        if store is None:
            return upkept_by_files(where.warehouse, upkeep, run, is_rehearsal=is_rehearsal), None
        return upkept_by_spark(store, upkeep, run, is_rehearsal=is_rehearsal), None
    except (JobError, PySparkException, Py4JError, OSError) as error:
        return Upkept(upkeep.table.name), said_of(error)


def _row(upkept: Upkept, fault: str | None) -> Row:
    days = [str(day) for day in upkept.dropped_days]
    return {
        "table": upkept.table, "dropped_days": len(days), "first": days[0] if days else None,
        "last": days[-1] if days else None, "files_joined": upkept.files_joined,
        "files_removed": upkept.files_removed, "bytes_removed": upkept.bytes_removed,
        "fault": fault,
    }  # fmt: skip


def _cells(row: Row) -> list[str]:
    counts = [f"{row[name]:,}" for name in ("files_joined", "files_removed")]
    return [
        row["table"],
        f"{row['dropped_days']:,}",
        row["first"] or "",
        row["last"] or "",
        *counts,
        f"{row['bytes_removed'] / 1e6:,.1f}",
        row["fault"] or "",
    ]
