"""Looking at the tables without Spark: their rows, and the lists that are asked for."""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from alsobought.copurchase.settings import Baskets, Lists
from alsobought.errors import JobError
from alsobought.runtime import config
from alsobought.runtime.config import Environment
from alsobought.runtime.store import warehouse_path

Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """The options of a look-up as they were given; None where one was not."""

    env: str
    unit: str | None
    metric: str | None
    relation: str | None
    market: str | None
    as_of: str | None

    def __str__(self) -> str:
        """The options as they are typed."""
        given = {name.replace("_", "-"): value for name, value in asdict(self).items() if value}
        return " ".join(f"--{name} {shlex.quote(value)}" for name, value in given.items())


class Warehouse:
    """The Delta tables of one environment, each as it was when it was first looked at."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._tables: dict[str, DeltaTable] = {}
        self._queries = QueryBuilder()

    def has(self, name: str) -> bool:
        """Whether the table is built."""
        with _told(name):
            return DeltaTable.is_deltatable(f"{self.path}/{name}")

    def table(self, name: str) -> DeltaTable:
        """The table's newest version. Raises JobError where it is not built or not readable."""
        if name not in self._tables:
            with _told(name):
                self._tables[name] = DeltaTable(f"{self.path}/{name}")
                self._queries.register(name, self._tables[name])
        return self._tables[name]

    def rows(self, tables: str, query: str) -> list[Row]:
        """What the query in SQL finds in the `tables` (names with spaces between)."""
        return list(self.arrow(tables, query).to_struct_array().to_pylist())

    def arrow(self, tables: str, query: str) -> Any:
        """The same as an Arrow table."""
        for name in tables.split():
            self.table(name)
        with _told(tables.replace(" ", " or ")):
            return self._queries.execute(query).read_all()

    def days(self, name: str) -> list[str]:
        """The as-of days of the table, ascending; none where it keeps no days."""
        return sorted({part["as_of"] for part in self.table(name).partitions() if "as_of" in part})

    def commits(self, name: str, most: int) -> list[Row]:
        """The table's last commits, the newest first, each with its `run` ({}: none is known)."""
        with _told(name):
            commits = self.table(name).history(most)
        return [{**commit, "run": _run(commit)} for commit in commits]


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except TableNotFoundError:
        raise JobError(f"{name} is not built yet: run the job {name} first.") from None
    except Exception as error:  # the reader raises many kinds, bare Exception among them
        said = str(error).splitlines()[0].rstrip(".")
        raise JobError(f"{name} cannot be read: {said}.") from error


def _run(commit: Row) -> Row:
    try:
        run = json.loads(commit.get("userMetadata", "{}"))
    except json.JSONDecodeError:
        return {}
    return run if isinstance(run, dict) else {}


def quoted(text: str) -> str:
    """The text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class View:
    """The lists that a look-up is about."""

    warehouse: Warehouse
    environment: Environment
    day: str
    market: str
    relation: str
    units: list[str]
    metrics: list[str]

    def __str__(self) -> str:
        """Which lists these are, for the reader."""
        return f"as of {self.day}, market {self.market}, {self.relation}"

    def statistics(self, unit: str) -> str:
        """The statistics of one unit, as a condition of SQL."""
        day, market = quoted(self.day), quoted(self.market)
        return f"as_of = DATE {day} AND market = {market} AND unit = {quoted(unit)}"

    def pairs(self, unit: str) -> str:
        """The pairs and lists of one unit, as a condition of SQL."""
        return f"{self.statistics(unit)} AND relation = {quoted(self.relation)}"


def view(home: Path, asked: Asked) -> View:
    """The lists that are asked for; raises JobError where there is nothing of the kind.

    Where nothing is asked: the latest day, the only market, 'together', every unit and metric of
    the environment.
    """
    environment = config.load_sections(home, asked.env, Baskets, Lists)
    tables = Warehouse(warehouse_path(home, environment.warehouse))
    day = day_of(tables, "related_items", asked.as_of)
    kinds = "unit, metric, relation, market"
    query = f"SELECT DISTINCT {kinds} FROM related_items WHERE as_of = DATE {quoted(day)}"
    rows = tables.rows("related_items", query)
    there = {kind: sorted({row[kind] for row in rows}) for kind in kinds.split(", ")}
    if asked.market is None and len(there["market"]) > 1:
        raise JobError(f"Choose a market with --market: {', '.join(there['market'])}.")
    units: list[str] = [asked.unit] if asked.unit else [*environment.section(Baskets).units]
    metrics = [asked.metric] if asked.metric else environment.section(Lists).metrics
    _one_of("unit", asked.unit or there["unit"][0], there["unit"])
    _one_of("metric", metrics[0], there["metric"])
    market = _one_of("market", asked.market or there["market"][0], there["market"])
    relation = _one_of("relation", asked.relation or "together", there["relation"])
    return View(tables, environment, day, market, relation, units, metrics)


def day_of(tables: Warehouse, name: str, as_of: str | None) -> str:
    """The day that is asked for, else the table's latest. Raises JobError where there is none."""
    days = tables.days(name)
    if not days:
        raise JobError(f"{name} is empty: run the job {name} first.")
    return _one_of("as-of day", as_of or days[-1], days, name)


def _one_of(kind: str, given: str, there: list[str], table: str = "related_items") -> str:
    if given in there:
        return given
    raise JobError(f"{table} has no {kind} {given!r}; it has {', '.join(there[-10:])}.")
