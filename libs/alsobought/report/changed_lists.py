"""What changed from one day's lists to another's: counts by kind of list, the largest changes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from alsobought.report.databases import database

Row = dict[str, Any]

SHOWN = 20
"""Lists, moves and items that are named."""
KIND = ("unit", "market", "relation", "metric")
PLACES = (*KIND, "item", "related", "rank")
"""What `changes` reads of both days: the kind of the list, numbers of items, the rank."""
COUNTS = (
    "lists", "unchanged", "changed", "appeared", "gone", "entered", "left_out", "moved",
)  # fmt: skip
LISTS = """
CREATE TABLE places AS SELECT unit, market, relation, metric, item, related,
    n.rank AS rank_now, b.rank AS rank_before
FROM now AS n FULL JOIN before AS b USING (unit, market, relation, metric, item, related);
CREATE TABLE lists AS SELECT unit, market, relation, metric, item, count(rank_now) AS length,
    count(rank_before) AS length_before,
    count(*) FILTER (WHERE rank_before IS NULL) AS entered,
    count(*) FILTER (WHERE rank_now IS NULL) AS left_out,
    count(*) FILTER (WHERE rank_now <> rank_before) AS moved
FROM places GROUP BY unit, market, relation, metric, item
"""
BY_KIND = """
SELECT unit, market, relation, metric, count(*) FILTER (WHERE length > 0) AS lists,
    count(*) FILTER (WHERE entered + left_out + moved = 0) AS unchanged,
    count(*) FILTER (WHERE length > 0 AND length_before > 0 AND entered + left_out + moved > 0)
        AS changed,
    count(*) FILTER (WHERE length_before = 0) AS appeared,
    count(*) FILTER (WHERE length = 0) AS gone,
    sum(entered) FILTER (WHERE length > 0 AND length_before > 0)::BIGINT AS entered,
    sum(left_out) FILTER (WHERE length > 0 AND length_before > 0)::BIGINT AS left_out,
    sum(moved)::BIGINT AS moved
FROM lists GROUP BY unit, market, relation, metric
"""
MOST_CHANGED = f"""
SELECT unit, market, relation, metric, item, length, length_before, entered, left_out, moved
FROM lists WHERE length > 0 AND length_before > 0 AND entered + left_out > 0
ORDER BY entered + left_out DESC, item, unit, market, relation, metric LIMIT {SHOWN}
"""
BIGGEST_MOVES = f"""
SELECT unit, market, relation, metric, item, related, rank_before, rank_now FROM places
WHERE rank_now <> rank_before
ORDER BY abs(rank_now - rank_before) DESC, item, related, unit, market, relation, metric
LIMIT {SHOWN}
"""
LOST = """
SELECT item, sum(length_before)::BIGINT AS places FROM lists GROUP BY item
HAVING sum(length) = 0 ORDER BY item
"""


@dataclass(frozen=True)
class Changes:
    """Counts by kind of list; the lists, places and items of the largest changes, the largest
    first.

    Items are numbers; `lost` are the first SHOWN of `lost_count` that had lists and have none.
    """

    by_kind: list[Row] = field(default_factory=list)
    most_changed: list[Row] = field(default_factory=list)
    biggest_moves: list[Row] = field(default_factory=list)
    lost: list[Row] = field(default_factory=list)
    lost_count: int = 0


def changes(now: pa.Table, before: pa.Table) -> Changes:
    """What changed in the lists of some items; both tables have all PLACES of these items.

    A list is changed where an item entered, left or has another rank. Cost: a join of the places.
    """
    with database(now=now, before=before) as connection:
        connection.execute(LISTS)

        def rows(query: str) -> list[Row]:
            table: list[Row] = connection.sql(query).to_arrow_table().to_pylist()
            return table

        lost = rows(LOST)
        return Changes(
            rows(BY_KIND), rows(MOST_CHANGED), rows(BIGGEST_MOVES), lost[:SHOWN], len(lost)
        )


def together(parts: Iterable[Changes]) -> Changes:
    """The changes of all items, from those of parts of them."""
    by_kind: dict[tuple[str, ...], Row] = {}
    whole = Changes()
    lost_count = 0
    for part in parts:
        for row in part.by_kind:
            kind = tuple(row[name] for name in KIND)
            so_far = by_kind.get(kind, dict.fromkeys(COUNTS, 0))
            sums = {name: so_far[name] + (row[name] or 0) for name in COUNTS}
            by_kind[kind] = dict(zip(KIND, kind, strict=True)) | sums
        whole.most_changed.extend(part.most_changed)
        whole.biggest_moves.extend(part.biggest_moves)
        whole.lost.extend(part.lost)
        lost_count += part.lost_count
    return Changes(
        [by_kind[kind] for kind in sorted(by_kind)],
        sorted(whole.most_changed, key=_by_places)[:SHOWN],
        sorted(whole.biggest_moves, key=_by_ranks)[:SHOWN],
        sorted(whole.lost, key=lambda row: row["item"])[:SHOWN],
        lost_count,
    )


def _by_places(row: Row) -> tuple[Any, ...]:
    return -row["entered"] - row["left_out"], row["item"], *(row[name] for name in KIND)


def _by_ranks(row: Row) -> tuple[Any, ...]:
    moved = abs(row["rank_now"] - row["rank_before"])
    return -moved, row["item"], row["related"], *(row[name] for name in KIND)
