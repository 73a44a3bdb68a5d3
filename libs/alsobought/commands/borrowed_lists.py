"""The list that an item with few buyers, or none, has with the help of items like it."""

from alsobought.commands.item_pairs import ItemPairs
from alsobought.commands.printing import Id, Number, Text, grid, number, say
from alsobought.runtime.warehouse import Row, quoted

TABLE = "cold_start_items"


def print_borrowed_list(pairs: ItemPairs, metric: str, top: int | None) -> bool:
    """Print the item's list in cold_start_items, with how much of it is borrowed; True where there
    is one."""
    rows = _rows(pairs, metric)
    if not rows:
        return False
    like = f"{rows[0]['likes']:,} item{'s' * (rows[0]['likes'] > 1)} of the same"
    say(
        "",
        f"By {pairs.unit}, borrowed from {like} {rows[0]['likeness']}; {borrowed_share(rows):.0%} "
        f"of the score:",
    )
    evidence = map(Number, ("score", "N", "E", "borrowed"))
    headings = [Number("rank"), Text("title"), Id("item"), *evidence]
    grid(headings, [_cells(row) for row in rows[:top]])
    return True


def borrowed_share(rows: list[Row]) -> float:
    """How much of a list's difference from chance is borrowed, in [0, 1]; no rows: 0."""
    sizes = [abs(row["both"] - row["expected"]) for row in rows]
    parts = (size * row["borrowed_share"] for size, row in zip(sizes, rows, strict=True))
    return float(sum(parts) / (sum(sizes) or 1.0))


def _rows(pairs: ItemPairs, metric: str) -> list[Row]:
    """The item's rows of cold_start_items, by rank, with the titles of the catalogue."""
    warehouse = pairs.view.warehouse
    if not warehouse.has(TABLE):
        return []
    return warehouse.rows(
        'SELECT rank, title, related_item_id, score, "both", expected, likes, likeness,'
        f" borrowed_share FROM {TABLE} LEFT JOIN items ON items.item_id = related_item_id"
        f" WHERE {pairs.view.of_relation(pairs.unit)} AND metric = {quoted(metric)}"
        f" AND {TABLE}.item_id = {quoted(pairs.item.item_id)} ORDER BY rank",
        TABLE,
        "items",
    )


def _cells(row: Row) -> list[str]:
    item = [row["title"] or row["related_item_id"], row["related_item_id"]]
    evidence = [number(row[name]) for name in ("score", "both", "expected")]
    return [str(row["rank"]), *item, *evidence, f"{row['borrowed_share']:.0%}"]
