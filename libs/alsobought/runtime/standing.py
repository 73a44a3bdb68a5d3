"""What readers have of a table after a run that failed, for its message."""

from datetime import date

from pyspark.sql import SparkSession

from alsobought.runtime.serving import decisions
from alsobought.runtime.store import Store
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.evaluate import PROMOTIONS
from alsobought.tables.table import Table


def standing(table: Table, warehouse: str, as_of: date, spark: SparkSession | None) -> str | None:
    """As of which day the table stands, and which lists are served, as a sentence; None: there are
    no rows yet, or nothing is known.

    On a URI by the table's log alone, which only a session can read. Raises JobError where that
    cannot be read. Cost: the logs of two tables.
    """
    if "://" not in warehouse:
        files = Warehouse(warehouse)
        latest = _latest(files, table)
        return None if latest is None else f"{_stands(table, latest, as_of)}{_served(files)}."
    if spark is None:
        return None
    store = Store(spark, warehouse)
    runs = store.runs(table) if store.exists(table) else []
    days = [date.fromisoformat(run["as_of"]) for _, run in runs if "as_of" in run]
    newest = days[:1] if table.kept != "per_as_of" else days
    return f"{_stands(table, max(newest), as_of)}." if newest else None


def _latest(files: Warehouse, table: Table) -> date | None:
    """The table's latest as-of day; of one that keeps no days, that of its last run."""
    if not files.has(table.name):
        return None
    if table.kept == "per_as_of":
        days = files.days(table.name)
        return date.fromisoformat(days[-1]) if days else None
    runs = (commit["run"] for commit in files.commits(table.name, 1))
    return next((date.fromisoformat(run["as_of"]) for run in runs if "as_of" in run), None)


def _stands(table: Table, latest: date, as_of: date) -> str:
    if latest == as_of:
        return f"{table.name} of {as_of} is as the last run that ended well has made it"
    return f"{table.name} stays as of {latest}"


def _served(files: Warehouse) -> str:
    """Which lists are served, after a semicolon; nothing where none are."""
    so_far = decisions(files) if files.has(PROMOTIONS.name) else []
    state = so_far[-1].served if so_far else None
    return f"; the lists of {state.as_of} are served" if state else ""
