"""Which item a reader means: by its id, or by words of its title, brand and category."""

import difflib
from dataclasses import dataclass

from alsobought.commands.view import View, quoted

SUGGESTED = 10
TEXT = "lower(concat_ws(' ', title, brand, array_to_string(category, ' ')))"


@dataclass(frozen=True)
class Item:
    """An item of the catalogue, or an id that was bought without being in it."""

    item_id: str
    title: str | None
    brand: str | None
    buyers: int
    is_listed: bool
    is_available: bool

    @property
    def name(self) -> str:
        """What a reader calls the item: its title, else its id."""
        return self.title or self.item_id

    def __str__(self) -> str:
        """The item's name and id, and whether it can be bought."""
        known = f"{self.title} ({self.item_id})" if self.title else self.item_id
        missing = "" if self.is_available else ", which is not available"
        return known + (missing if self.is_listed else ", which is not in the catalogue")


def find(asked: View, text: str) -> list[Item]:
    """The item whose id is `text`; else the items with all its words, most bought first."""
    words = text.lower().split()
    items = _with_words(asked, words, f"hits = {len(words)}", text)
    return items[:1] if items and items[0].item_id == text else items


def closest(asked: View, text: str) -> list[Item]:
    """The items with most words of `text`, each word spelled as the nearest one that there is."""
    texts = asked.warehouse.rows("items", f"SELECT DISTINCT {TEXT} AS text FROM items")
    known = sorted({word for row in texts for word in row["text"].split()})
    near = [difflib.get_close_matches(word, known, n=1) for word in text.lower().split()]
    return _with_words(asked, [word for found in near for word in found], "hits >= 1")


def _with_words(asked: View, words: list[str], enough: str, item_id: str = "") -> list[Item]:
    hits = [f"CAST(strpos(text, {quoted(word)}) > 0 AS INT)" for word in words] or ["NULL"]
    query = f"""
        WITH catalogue AS (SELECT item_id, title, brand, is_available, {TEXT} AS text FROM items),
        bought AS (SELECT item_id AS bought_id, buyers FROM item_statistics
            WHERE {asked.statistics(asked.units[0])}),
        every AS (SELECT coalesce(item_id, bought_id) AS item_id, title, brand,
            coalesce(buyers, 0) AS buyers, item_id IS NOT NULL AS is_listed,
            coalesce(is_available, false) AS is_available, {" + ".join(hits)} AS hits
            FROM catalogue FULL JOIN bought ON item_id = bought_id)
        SELECT * EXCEPT (hits) FROM every WHERE {enough} OR item_id = {quoted(item_id)}
        ORDER BY item_id = {quoted(item_id)} DESC, hits DESC, buyers DESC, item_id
        LIMIT {SUGGESTED + 1}"""
    return [Item(**row) for row in asked.warehouse.rows("items item_statistics", query)]
