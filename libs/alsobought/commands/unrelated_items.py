"""What the tables of an earlier run say of items that are likely no products."""

from collections.abc import Sequence

import pyarrow as pa

from alsobought.products import Exclusions, are_named
from alsobought.runtime.warehouse import Row, Warehouse

MANY = 0.05  # of all units: an item of so many, and related to none, is no taste
CLOSEST = 1.1  # times above chance; postage and bags reach less with every other item
LEAST_EXPECTED = 5.0  # below it chance alone lifts a pair
NAMED = 20

QUERY = f"""
SELECT item_id, unit, max(buyers) AS buyers, max(units) AS units,
       max(CASE WHEN expected >= {LEAST_EXPECTED} THEN both / expected ELSE 0 END) AS closest
FROM co_purchases
WHERE as_of = '{{day}}' AND relation = 'together' AND buyers >= {MANY} * units
GROUP BY item_id, unit, market
HAVING closest < {CLOSEST}
"""


def likely_no_products(warehouse: Warehouse, exclude: Exclusions) -> list[str]:
    """A sentence about the items that very many units hold and that go with nothing beyond chance:
    bags, postage, deposits; none where nothing is counted yet, or nothing is like that.

    By the newest day of co_purchases, which keeps each item's best candidates. Cost: a scan of it.
    """
    if not warehouse.has("co_purchases"):
        return []
    days = warehouse.days("co_purchases")
    rows = warehouse.rows(QUERY.format(day=days[-1]), "co_purchases") if days else []
    chosen = _widest_of_each(rows, exclude)[:NAMED]
    if not chosen:
        return []
    named = ", ".join(
        f"{row['item_id']} (in {row['buyers'] / row['units']:.0%} of the {row['unit']}s)"
        for row in chosen
    )
    return [
        f"items.exclude: likely no products, bought with nothing more often than by chance "
        f"(as of {days[-1]}): {named}."
    ]


def _widest_of_each(rows: Sequence[Row], exclude: Exclusions) -> list[Row]:
    """Of each item the row of the largest share of units, largest first, unless it is excluded."""
    by_share = sorted(rows, key=lambda row: (-row["buyers"] / row["units"], row["item_id"]))
    first = {row["item_id"]: row for row in reversed(by_share)}
    ids = pa.array([*first], pa.string())
    excluded = are_named(ids, pa.array(exclude.ids, pa.string()), exclude.patterns)
    kept = {item for item, is_out in zip(first, excluded, strict=True) if not is_out}
    return [row for row in by_share if row["item_id"] in kept and first[row["item_id"]] is row]
