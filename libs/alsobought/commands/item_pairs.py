"""One item's pairs by one unit, as the tables have them: what `show` and `why` print."""

from dataclasses import dataclass
from functools import cached_property

from alsobought.commands.item_search import Item
from alsobought.commands.view import View
from alsobought.compiled.array_types import Int64s
from alsobought.copurchase.matched_rates import Margins, MatchedRates, matched_rates
from alsobought.copurchase.scores import SHRUNKEN
from alsobought.copurchase.settings import Baskets, Lists
from alsobought.related import explanations
from alsobought.related.explanations import Candidate, Evidence, Histogram, Limits
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
        has_priors = set(self.limits("co_purchases").metrics) & set(SHRUNKEN)
        prior = "prior" if has_priors else "NULL AS prior"
        rows = self.view.warehouse.rows(
            'SELECT related_item_id, "both", expected, buyers, related_buyers, units,'
            f" {prior}, coalesce(is_available, {str(keep).lower()}) AS is_available"
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
                tuple(row["prior"] or ()),
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

    @cached_property
    def rates(self) -> MatchedRates | None:
        """The matched rates of all items; None: E is by shares of purchases.

        As the run of co_purchases had it; where no commit records that, as the environment has it.
        Cost: two scans of the unit's item_statistics.
        """
        baskets = self.run_of("co_purchases").get("parameters", {}).get("baskets")
        now = self.view.environment.section(Baskets).expectation
        if (baskets.get("expectation", "share") if baskets else now) == "share":
            return None
        of_unit = f"FROM item_statistics WHERE {self.view.of_unit(self.unit)}"
        # a unit of d items is among the buyers of each of them, with d - 1 others
        sizes = self._columns(
            "SELECT others + 1 AS size, sum(buyers) / (others + 1) AS units FROM"
            " (SELECT bin['others'] AS others, bin['buyers'] AS buyers FROM"
            f" (SELECT unnest(other_purchases) AS bin {of_unit}))"
            " GROUP BY others ORDER BY others"
        )
        items = self._columns(
            f"SELECT buyers, count(*) AS items {of_unit} GROUP BY buyers ORDER BY buyers"
        )
        return matched_rates(Margins(*sizes, *items))

    def _columns(self, query: str) -> list[Int64s]:
        """The columns of a query's result over item_statistics."""
        table = self.view.warehouse.arrow(query, "item_statistics")
        return [column.to_numpy() for column in table.columns]

    def expected(self, histogram: Histogram, related_statistics: Row) -> float:
        """E of this item, of which a histogram of other purchases is given, and a related one."""
        if self.rates is None:
            return explanations.expected_units(histogram, related_statistics["share"])
        return explanations.matched_units(histogram, related_statistics["buyers"], self.rates)

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
