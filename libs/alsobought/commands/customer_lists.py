"""One customer's purchases and lists, as the tables have them: what `recommend` prints."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from alsobought.commands.returned_lines import not_returned
from alsobought.commands.served_lists import pin_served
from alsobought.commands.view import chosen_day
from alsobought.runtime import config
from alsobought.runtime.warehouse import Row, Warehouse, quoted
from alsobought.tables.purchases import RETURNED_PURCHASES
from alsobought.tables.recommend import (
    BESTSELLERS,
    BUY_AGAIN,
    FACTOR_RECOMMENDATIONS,
    RECOMMENDATIONS,
)

NEWEST = 10  # purchases that are shown
TABLES = (RECOMMENDATIONS.name, BUY_AGAIN.name, FACTOR_RECOMMENDATIONS.name)
SOURCES = {BUY_AGAIN.name: "buy_again", BESTSELLERS.name: "bestseller"}
"""Where the items of a table are from that does not say so itself."""
COLUMNS = ("market", "customer_id", "model", "rank", "item_id", "score")


@dataclass(frozen=True)
class Shop:
    """The lists of one as-of day, of these tables; `others` of them are other programs'."""

    warehouse: Warehouse
    day: str
    tables: Sequence[str]
    others: Sequence[str] = ()

    def newest_purchases(self, customer: str, market: str | None) -> list[Row]:
        """The customer's newest distinct items that count, each with its last time."""
        query = (
            "SELECT p.market, p.item_id, max(p.purchased_at) AS purchased_at FROM purchases AS p"
            f" WHERE p.customer_id = {quoted(customer)} AND p.quantity > 0"
            f" AND p.purchased_at < TIMESTAMP '{self.day}T00:00:00Z'{_in('p.market', market)}"
        )
        tables = ["purchases"]
        if self._has(RETURNED_PURCHASES.name):
            query += f" AND {not_returned(RETURNED_PURCHASES.name, self.day)}"
            tables.append(RETURNED_PURCHASES.name)
        query += f" GROUP BY p.market, p.item_id ORDER BY 3 DESC, 1, 2 LIMIT {NEWEST}"
        return self.warehouse.rows(query, *tables)

    def lists(self, customer: str, market: str | None) -> list[Row]:
        """The customer's lists by market, model and rank, of every table that has the day."""
        rows = [
            row
            for table in self.tables
            if self._has(table)
            for row in self._rows(table, f"customer_id = {quoted(customer)}{_in('market', market)}")
        ]
        return sorted(rows, key=lambda row: row["market"])

    def bestsellers(self, customer: str, markets: Iterable[str]) -> list[Row]:
        """The bestsellers of the markets, as the customer's list."""
        return self._everyones([BESTSELLERS.name], customer, markets)

    def lists_of_others(self, customer: str, markets: Iterable[str]) -> list[Row]:
        """The lists of other programs' tables that are every customer's, as the customer's."""
        return self._everyones(self.others, customer, markets)

    def titles(self, *tables: Iterable[Row]) -> Callable[[str], str | None]:
        """A function that has the title of each item of these rows and of their reasons."""
        rows = [row for table in tables for row in table]
        ids = {row["item_id"] for row in rows}
        ids |= {reason["item_id"] for row in rows for reason in row.get("reasons", [])}
        if not ids or not self.warehouse.has("items"):
            return lambda _: None
        query = f"SELECT item_id, title FROM items WHERE item_id IN ({', '.join(map(quoted, ids))})"
        titles = {row["item_id"]: row["title"] for row in self.warehouse.rows(query, "items")}
        return titles.get

    def _everyones(self, tables: Sequence[str], customer: str, markets: Iterable[str]) -> list[Row]:
        names = ", ".join(map(quoted, markets))
        rows = [
            row
            for table in tables
            if self._has(table)
            for row in self._rows(table, f"customer_id IS NULL AND market IN ({names})")
        ]
        return [row | {"customer_id": customer} for row in rows]

    def _has(self, table: str) -> bool:
        return self.warehouse.has(table) and self.day in self.warehouse.days(table)

    def _rows(self, table: str, where: str) -> list[Row]:
        names = ", ".join(COLUMNS)
        more = ", source, reasons" if table == RECOMMENDATIONS.name else ""
        query = (
            f"SELECT {names}{more} FROM {table} WHERE as_of = DATE {quoted(self.day)} AND {where}"
            " ORDER BY market, model, rank"
        )
        unsaid: Row = {"source": SOURCES.get(table), "reasons": []}
        return [unsaid | row for row in self.warehouse.rows(query, table)]


def shop_of(root: Path, env: str, as_of: str | None, *, served: bool) -> Shop:
    """The lists of the served day, of `as_of`, or of the latest day: of recommendations, or of the
    first other table that there is.

    Other programs' tables are those that [jobs.evaluations] names. What is served is
    recommendations alone. Raises JobError where there is no such day.
    """
    environment = config.load_sections(root, env)
    warehouse = Warehouse.of(root, environment)
    if served:
        return Shop(warehouse, pin_served(warehouse, RECOMMENDATIONS.name), [RECOMMENDATIONS.name])
    others = environment.jobs.get("evaluations", {}).get("others", [])
    tables = [*TABLES, *others]
    first = next((name for name in tables if warehouse.has(name)), RECOMMENDATIONS.name)
    return Shop(warehouse, chosen_day(warehouse, first, as_of), tables, others)


def _in(column: str, market: str | None) -> str:
    return "" if market is None else f" AND {column} = {quoted(market)}"
