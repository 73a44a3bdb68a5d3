"""Which item a reader means: by its id, or by words of its title, brand and category."""

import difflib
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer

from alsobought.commands.printing import Id, Number, Text, grid, say
from alsobought.commands.view import View
from alsobought.errors import AmbiguousError, NotFoundError
from alsobought.runtime.warehouse import quoted

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
        identity = f"{self.title} ({self.item_id})" if self.title else self.item_id
        missing = "" if self.is_available else ", which is not available"
        return identity + (missing if self.is_listed else ", which is not in the catalogue")


def the_item(views: Sequence[View], text: str, command: Callable[[str], str]) -> Item:
    """The one item that `text` means; where it is not one, print suggestions on stderr and exit.

    The views are of one day. An item that the catalogue lacks must be bought in one of them.

    `command` makes of an item's id the command to suggest. The exit codes are those of
    NotFoundError and AmbiguousError.
    """
    items = matches(views, text)
    if len(items) == 1:
        return items[0]
    suggested = items or closest(views, text)
    count = f"More than {SUGGESTED}" if len(items) > SUGGESTED else f"{len(items)}"
    how_many = f"{count} items have" if items else "No item has"
    order = "the most bought:" if items else "the closest:" if suggested else "nothing is like it."
    how_many += f" all of {text!r} in title, brand and category"
    say(f"{how_many}; {order}", to_stderr=True)
    if suggested:
        rows = [[i.item_id, i.title or "", i.brand or "", f"{i.buyers:,}"] for i in suggested]
        headings = [Id("item"), Text("title"), Text("brand"), Number(f"{views[0].units[0]}s")]
        grid(headings, rows[:SUGGESTED], to_stderr=True)
        chosen = command(shlex.quote(suggested[0].item_id))
        say(f"Choose one: alsobought {chosen}", to_stderr=True)
    raise typer.Exit(AmbiguousError.exit_code if items else NotFoundError.exit_code)


def matches(views: Sequence[View], text: str) -> list[Item]:
    """The item whose id is `text`; else the items with all its words, most bought first."""
    words = text.lower().split()
    items = _with_words(views, words, f"hits = {len(words)}", text)
    return items[:1] if items and items[0].item_id == text else items


def closest(views: Sequence[View], text: str) -> list[Item]:
    """The items with most words of `text`, each word replaced by the closest one that occurs."""
    texts = views[0].warehouse.rows(f"SELECT DISTINCT {TEXT} AS text FROM items", "items")
    vocabulary = sorted({word for row in texts for word in row["text"].split()})
    corrections = [
        difflib.get_close_matches(word, vocabulary, n=1) for word in text.lower().split()
    ]
    return _with_words(views, [word for words in corrections for word in words], "hits >= 1")


def _with_words(
    views: Sequence[View], words: list[str], enough: str, item_id: str = ""
) -> list[Item]:
    """Items with `enough` of the words, or of the id; their buyers are those of the first unit of
    the first view."""
    first = views[0]
    units, markets = first.units, [view.market for view in views]
    hits = [f"CAST(strpos(text, {quoted(word)}) > 0 AS INT)" for word in words] or ["NULL"]
    query = f"""
        WITH catalogue AS (SELECT item_id, title, brand, is_available, {TEXT} AS text FROM items),
        bought AS (SELECT item_id AS bought_id,
            max(CASE WHEN {first.of_unit(units[0])} THEN buyers END) AS buyers FROM item_statistics
            WHERE as_of = DATE {quoted(first.day)} AND unit IN ({_list(units)})
            AND market IN ({_list(markets)}) GROUP BY item_id),
        every AS (SELECT coalesce(item_id, bought_id) AS item_id, title, brand,
            coalesce(buyers, 0) AS buyers, item_id IS NOT NULL AS is_listed,
            coalesce(is_available, false) AS is_available, {" + ".join(hits)} AS hits
            FROM catalogue FULL JOIN bought ON item_id = bought_id)
        SELECT * EXCEPT (hits) FROM every WHERE {enough} OR item_id = {quoted(item_id)}
        ORDER BY item_id = {quoted(item_id)} DESC, hits DESC, buyers DESC, item_id
        LIMIT {SUGGESTED + 1}"""
    return [Item(**row) for row in first.warehouse.rows(query, "items", "item_statistics")]


def _list(texts: Sequence[str]) -> str:
    """Texts as SQL, with commas."""
    return ", ".join(map(quoted, texts))
