"""What the tables say of one night, for the report: the newest of each up to its day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from alsobought.commands.runs import with_usual
from alsobought.ingest.settings import Sources
from alsobought.report import night
from alsobought.report.night import Freshness, Intake
from alsobought.report.page import Empty
from alsobought.runtime.config import Environment
from alsobought.runtime.warehouse import Row, Warehouse, quoted
from alsobought.tables import ALL
from alsobought.tables.evaluate import PROMOTIONS
from alsobought.tables.operations import RUNS
from alsobought.tables.training import REDEMPTION_AUDITS

COMMITS = 100  # how far back the run of a day is looked for
REJECTED = {
    "purchases": "rejected_purchases",
    "offers": "rejected_events",
    "engagements": "rejected_events",
    "redemptions": "rejected_events",
}
"""By source, the table of its rejected rows."""
OPEN_COLUMNS = ("item_id", "purchased_at", "quantity", "price", "issued_at", "engaged_at",
                "redeemed_at")  # fmt: skip
"""Columns of the tables whose values name no customer, order or offer."""


@dataclass(frozen=True)
class NightTables:
    """The tables of an environment as a report of the as-of day `day` reads them."""

    warehouse: Warehouse
    environment: Environment
    name: str
    day: date

    @cached_property
    def promotions(self) -> list[Row]:
        """Every decision on what is served, the oldest first."""
        if not self.warehouse.has(PROMOTIONS.name):
            return []
        query = f"SELECT {', '.join(PROMOTIONS.names)} FROM {PROMOTIONS.name} ORDER BY number"
        return self.warehouse.rows(query, PROMOTIONS.name)

    @cached_property
    def runs(self) -> list[Row]:
        """Every run that is recorded, the oldest first, with its usual time."""
        if not self.warehouse.has(RUNS.name):
            return []
        query = f"SELECT {', '.join(RUNS.names)} FROM {RUNS.name} ORDER BY started_at, job"
        return with_usual(self.warehouse.rows(query, RUNS.name))

    def newest_day(self, table: str) -> str | None:
        """The table's newest as-of day up to the report's; None: there is none, or no table."""
        if not self.warehouse.has(table):
            return None
        return max((d for d in self.warehouse.days(table) if d <= str(self.day)), default=None)

    def run_again(self, job: str) -> Empty:
        """What a section says whose table is not there."""
        options = f"--env {self.name} --as-of {self.day}"
        there = self.warehouse.has(job)
        why = f"{job} has no day up to {self.day}." if there else f"There is no table {job} yet."
        return Empty(why, f"alsobought run {job} --with-upstream {options}")

    def run_of(self, table: str, day: str | None = None) -> Row:
        """The newest run up to the report's day, or of the day, that wrote the table; {}: none is
        recorded."""
        for commit in self._commits.get(table, []):
            as_of = commit["run"].get("as_of", "")
            if as_of and (as_of == day if day else as_of <= str(self.day)):
                run: Row = commit["run"] | {"committed_at": commit["committed_at"]}
                return run
        return {}

    @cached_property
    def _commits(self) -> dict[str, list[Row]]:
        there = [name for name in ALL if self.warehouse.has(name)]
        return {name: self.warehouse.commits(name, COMMITS) for name in there}

    def freshness(self) -> list[Freshness]:
        """What is there of every table, in the order of flow."""
        return [self._fresh(name) for name in ALL]

    def _fresh(self, name: str) -> Freshness:
        table = ALL[name]
        if not self.warehouse.has(name):
            return Freshness(name, table.meaning, is_built=False)
        rows, size = self.warehouse.size(name)
        day = self.newest_day(name)
        run = self.run_of(name, day)
        return Freshness(
            name,
            table.meaning,
            is_built=True,
            newest=day,
            keeps_days=table.kept == "per_as_of",
            rows=rows,
            size=size,
            written_at=f"{run['committed_at']:%Y-%m-%d %H:%M}" if run else "",
            written_by=" ".join((run.get("job", ""), run.get("code_version", ""))).strip(),
        )

    def intakes(self) -> list[Intake]:
        """What came of every source's rows, as its last run up to the day has recorded it."""
        intakes = (
            night.intake(source, self.run_of(source), self._examples(source))
            for source in Sources.model_fields
        )
        return [intake for intake in intakes if intake is not None]

    def _examples(self, source: str) -> dict[str, list[str]]:
        """By reason, some rejected rows of the source with their open columns."""
        table = REJECTED.get(source)
        if table is None or not self.warehouse.has(table):
            return {}
        reasons = self.run_of(source).get("account", {}).get("by_reason", {})
        of_source = f" AND source = {quoted(source)}" if table == "rejected_events" else ""
        names = [*OPEN_COLUMNS, *self._open_columns(source)]
        return {
            reason: [
                night.shown_row(row["row"], names)
                for row in self.warehouse.rows(
                    f"SELECT row FROM {table} WHERE array_has(reasons, {quoted(reason)}){of_source}"
                    f" ORDER BY source_file, row LIMIT {night.EXAMPLES}",
                    table,
                )
            ]
            for reason in reasons
        }

    def _open_columns(self, source: str) -> Iterator[str]:
        """The source's own names of the open columns, where no other column is made of them."""
        sources: Sources | None = getattr(self.environment, Sources.section)
        settings = getattr(sources, source, None)
        if settings is None:
            return
        closed = {
            name
            for column in settings.columns
            if column not in OPEN_COLUMNS
            for name in settings.named(column)
        }
        for column in OPEN_COLUMNS:
            yield from (name for name in settings.named(column) if name not in closed)

    def audits(self) -> Row | None:
        """The newest audits: their day, how many there are, and those that are out of bounds."""
        day = self.newest_day(REDEMPTION_AUDITS.name)
        if day is None:
            return None
        names = ", ".join(f'"{name}"' for name in REDEMPTION_AUDITS.names)
        rows = self.warehouse.rows(
            f"SELECT {names} FROM {REDEMPTION_AUDITS.name} WHERE as_of = DATE {quoted(day)}"
            " ORDER BY audit, method, bucket",
            REDEMPTION_AUDITS.name,
        )
        return {"day": day, "total": len(rows), "alerts": [r for r in rows if r["is_alert"]]}
