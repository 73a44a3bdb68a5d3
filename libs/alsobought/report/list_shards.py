"""The lists of a day as JSON, by shards of items: what the page loads when an item is looked at."""

from collections.abc import Iterator

import pyarrow as pa

from alsobought.report.databases import database

PLACES = 20
"""Of a longer list the page has the first places."""
FEWER = 10
"""So many where the lists have more than MANY places in all: the folder stays a folder to copy."""
MANY = 4_500_000
LISTED = (
    "unit", "market", "relation", "metric", "item", "rank", "related", "score", "both", "expected",
    "buyers", "related_buyers", "units",
)  # fmt: skip
"""What `shard_texts` reads of lists: columns of related_items, with numbers of items for ids."""
KINDS = pa.schema(
    [("market", pa.string()), ("item", pa.int32()), ("related", pa.int32()), ("kind", pa.string())]
)
"""What it reads of related_kinds."""
# Four significant digits, as they are shown.
ROUNDED = (
    "CASE WHEN {0} IS NULL OR NOT isfinite({0}) THEN NULL WHEN {0} = 0 THEN 0"
    " ELSE round({0}, greatest(0, 3 - floor(log10(abs({0}))))::INT) END"
)
QUERY = f"""
WITH places AS (
    SELECT rows.item AS item, unit, rows.market AS market, relation, metric, rank,
        rows.related AS related, {ROUNDED.format("score")} AS score, "both",
        {ROUNDED.format("expected")} AS expected, buyers, related_buyers, units, kind
    FROM rows LEFT JOIN kinds ON kinds.market = rows.market AND kinds.item = rows.item
        AND kinds.related = rows.related
),
lists AS (
    SELECT item, unit, market, relation, metric, any_value(buyers) AS buyers,
        any_value(units) AS units, count(kind) > 0 AS has_kinds,
        list({{y: related, s: score, b: "both", e: expected, o: related_buyers, k: kind}}
            ORDER BY rank) AS ranked
    FROM places GROUP BY item, unit, market, relation, metric
),
others AS (
    SELECT number AS item, unit, market, median_others, mean_others
    FROM statistics JOIN items USING (item_id)
),
of_items AS (
    SELECT item, list({{
        unit: unit, market: market, relation: relation, metric: metric, of_x: buyers, n: units,
        y: list_transform(ranked, lambda p: p.y), scores: list_transform(ranked, lambda p: p.s),
        "both": list_transform(ranked, lambda p: p.b),
        expected: list_transform(ranked, lambda p: p.e),
        of_y: list_transform(ranked, lambda p: p.o),
        kinds: CASE WHEN has_kinds THEN list_transform(ranked, lambda p: p.k) END,
        median: median_others, mean: round(mean_others, 2)
    }} ORDER BY unit DESC, market, relation DESC, metric) AS lists
    FROM lists LEFT JOIN others USING (item, unit, market) GROUP BY item
)
SELECT shard, '{{' || string_agg(
    to_json(key) || ':' || to_json({{n: item, lists: lists}}), ',' ORDER BY item) || '}}'
FROM of_items JOIN items ON number = item GROUP BY shard ORDER BY shard
"""


def places_for(places: int) -> int:
    """How many places of each list the page has, of lists with so many among their first PLACES."""
    return PLACES if places <= MANY else FEWER


def shard_texts(
    rows: pa.Table, items: pa.Table, statistics: pa.Table, kinds: pa.Table | None
) -> Iterator[tuple[int, str]]:
    """The JSON of every shard that has lists among the rows, with the shard's number.

    In: LISTED, all rows of each item; items, with numbers and shards, as `numbered_items.numbered`;
    statistics, as `with_others`; KINDS, or None. An item's JSON has its number and its lists, whose
    places are columns of equal length. Cost: sorts of the rows; memory some hundred bytes a row.
    """
    of_items = items.select(["item_id", "number", "key", "shard"])
    of_pairs = KINDS.empty_table() if kinds is None else kinds
    with database(rows=rows, items=of_items, statistics=statistics, kinds=of_pairs) as connection:
        cursor = connection.execute(QUERY)
        while row := cursor.fetchone():
            yield int(row[0]), str(row[1])
