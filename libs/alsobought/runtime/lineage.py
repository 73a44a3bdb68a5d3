"""Which runs made a day's rows of a table, and what these had read, by what commits record."""

from datetime import date
from typing import Any

from alsobought.runtime.store import Store, run_of
from alsobought.tables import ALL


class Lineage:
    """The runs of a warehouse's tables; the log of each is read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._runs: dict[str, list[tuple[int, dict[str, Any]]]] = {}

    def run(self, name: str, day: date, version: int) -> dict[str, Any]:
        """The run that made a table's day, as of a version; {} where none is recorded."""
        if name not in self._runs:
            table = ALL[name]
            self._runs[name] = self._store.runs(table) if self._store.exists(table) else []
        return run_of(self._runs[name], day, version)

    def runs(self, name: str, day: date, version: int) -> dict[str, dict[str, Any]]:
        """The run that made a table's day, and those that made what it had read of that day, by
        table; of a table that was made anew since, none."""
        run = self.run(name, day, version)
        runs = {name: run} if run else {}
        for read, number in run.get("read_versions", {}).items():
            is_of_days = read in ALL and ALL[read].kept == "per_as_of" and read != name
            if is_of_days and self.is_same_table(read, run):
                runs = self.runs(read, day, number) | runs
        return runs

    def is_same_table(self, name: str, run: dict[str, Any]) -> bool:
        """Whether the table that the run had read is the one that is there now."""
        table_id = run.get("read_tables", {}).get(name)
        if not self._store.exists(ALL[name]):
            return False
        return table_id is None or table_id == self._store.newest(ALL[name]).table_id
