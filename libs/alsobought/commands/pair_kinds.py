"""Of which kind related items are, and by what evidence, as the table related_kinds has it."""

from dataclasses import dataclass

from alsobought.commands.item_search import Item
from alsobought.commands.printing import number
from alsobought.commands.view import View
from alsobought.runtime.warehouse import Row, quoted

TABLE = "related_kinds"
EVIDENCE = (
    "customers_together", "customers", "apart", "orders", "orders_expected", "ratio", "ratio_low",
    "ratio_high", "order_lift", "customer_lift", "shared_levels", "is_same_category", "price_ratio",
    "likeness", "is_same_maker",
)  # fmt: skip


@dataclass(frozen=True)
class PairKind:
    """A row of related_kinds; None: the pair has none."""

    row: Row | None

    @property
    def columns(self) -> Row:
        """The kind and its evidence, for programs."""
        row = self.row or {}
        return {"kind": row.get("kind")} | {f"kind_{name}": row.get(name) for name in EVIDENCE}

    def in_words(self) -> list[str]:
        """The kind and its evidence, in sentences."""
        if self.row is None:
            return ["Kind: not known, as the pair is in no co_purchases of bought together."]
        return [f"Kind: {self.row['kind']}.", *_orders(self.row), f"  {_catalogue(self.row)}"]


def kinds_of(view: View, item: Item) -> dict[str, str] | None:
    """The kind of each of the item's related items, by id; None: there is no table of kinds."""
    rows = _rows(view, item, "related_item_id, kind", "true")
    return None if rows is None else {row["related_item_id"]: row["kind"] for row in rows}


def pair_kind(view: View, item: Item, related: Item) -> PairKind | None:
    """The kind of a pair; None: there is no table of kinds."""
    condition = f"related_item_id = {quoted(related.item_id)}"
    rows = _rows(view, item, ", ".join(("kind", *EVIDENCE)), condition)
    return None if rows is None else PairKind(rows[0] if rows else None)


def _rows(view: View, item: Item, columns: str, condition: str) -> list[Row] | None:
    if not view.warehouse.has(TABLE):
        return None
    return view.warehouse.rows(
        f"SELECT {columns} FROM {TABLE} WHERE {view.of_market}"
        f" AND item_id = {quoted(item.item_id)} AND {condition}",
        TABLE,
    )


def _orders(row: Row) -> list[str]:
    """How often customers have both in one order, and how often by chance."""
    if not row["customers"]:
        return ["  No customer with two orders or more bought both."]
    bounds = " to ".join(number(row[name]) for name in ("ratio_low", "ratio_high"))
    return [
        f"  {row['customers']:,} customers with two orders or more bought both, "
        f"{row['apart']:,} of them never in one order.",
        f"  {row['orders']:,} of their orders held both, and {number(row['orders_expected'])} "
        f"would by chance: {number(row['ratio'])} times as many, shrunk to 1 ({bounds}).",
    ]


def _catalogue(row: Row) -> str:
    """What the catalogue and the prices say, in a sentence."""
    levels = row["shared_levels"]
    of_category = f"{levels} level{'s' * (levels != 1)} of the category in common"
    facts = ["the same category" if row["is_same_category"] else of_category]
    if row["is_same_maker"] is not None:
        facts.append("the same maker" if row["is_same_maker"] else "another maker")
    if row["likeness"] is not None:
        facts.append(f"{row['likeness']:.0%} of the titles' words in common")
    if row["price_ratio"] is not None:
        facts.append(f"{number(row['price_ratio'])} times the price")
    said = ", ".join(facts)
    return f"{said[0].upper()}{said[1:]}."
