"""One item's pairs by one unit, as the tables have them: what `show` and `why` print."""

from dataclasses import dataclass

from alsobought.commands.item_search import Item
from alsobought.commands.view import View
from alsobought.copurchase.settings import Lists
from alsobought.related.explanations import Candidate, Evidence, Limits
from alsobought.runtime.warehouse import Row, quoted

COMMITS = 100  # how far back the run that wrote a day is looked for
VERBS = {"order": "held", "customer": "bought"}


@dataclass(frozen=True)
class ItemPairs:
    """One item's pairs, by one unit."""

    view: View
    item: Item
    unit: str

    def related_items(self, metric: str) -> list[Row]:
        """The item's list as it is served, by rank, with the titles of the catalogue."""
        return self.view.warehouse.rows(
            'SELECT rank, title, related_item_id, score, "both", expected, buyers, related_buyers,'
            " units FROM related_items LEFT JOIN items ON items.item_id = related_item_id"
            f" WHERE {self.view.of_relation(self.unit)} AND metric = {quoted(metric)}"
            f" AND related_items.item_id = {quoted(self.item.item_id)} ORDER BY rank",
            "related_items",
            "items",
        )

    def candidates(self) -> list[Candidate]:
        """The item's pairs in co_purchases, each with whether its related item may be listed."""
        keep = self.view.environment.section(Lists).unknown_items == "keep"
        rows = self.view.warehouse.rows(
            'SELECT related_item_id, "both", expected, buyers, related_buyers, units,'
            f" coalesce(is_available, {str(keep).lower()}) AS is_available"
            " FROM co_purchases LEFT JOIN items ON items.item_id = related_item_id"
            f" WHERE {self.view.of_counts(self.unit)}"
            f" AND co_purchases.item_id = {quoted(self.item.item_id)}",
            "co_purchases",
            "items",
        )
        return [
            Candidate(
                row["related_item_id"],
                Evidence(*(row[name] for name in Evidence._fields)),
                row["is_available"],
            )
            for row in rows
        ]

    def statistics(self, item: Item) -> Row | None:
        """The row of item_statistics of this or another item; None where no unit has it."""
        rows = self.view.warehouse.rows(
            "SELECT buyers, share, units, other_purchases FROM item_statistics"
            f" WHERE {self.view.of_unit(self.unit)} AND item_id = {quoted(item.item_id)}",
            "item_statistics",
        )
        return rows[0] if rows else None

    def run_of(self, table: str) -> Row:
        """The run that wrote the table's as-of day; {} where no commit records it."""
        runs = (commit["run"] for commit in self.view.warehouse.commits(table, COMMITS))
        return next((run for run in runs if run.get("as_of") == self.view.day), {})

    def limits(self, table: str) -> Limits:
        """The limits of the run that wrote the table's as-of day.

        Where no commit records that run, they are what the environment has now.
        """
        environment = self.view.environment
        now = {
            "lists": environment.section(Lists).model_dump(),
            **environment.jobs.get(table, {}),
        }
        parameters = {**now, **self.run_of(table).get("parameters", {})}
        lists = parameters["lists"]
        return Limits(lists["min_support"], parameters.get("candidates"), lists["metrics"])
