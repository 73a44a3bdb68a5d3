"""Purchase lines that were wholly returned, as SQL: what returns.py says in Spark."""

from alsobought.runtime.warehouse import quoted


def not_returned(returned: str, day: str) -> str:
    """A condition on a line `p` of purchases: that it was not wholly returned before the day.

    `returned`: the name by which the query has returned_purchases.
    """
    return (
        f"NOT EXISTS (SELECT 1 FROM {returned} AS r"
        f" WHERE r.as_of = DATE {quoted(day)} AND r.returned_at IS NOT NULL"
        f" AND r.market = p.market AND r.item_id = p.item_id AND r.line = p.line"
        f" AND coalesce(r.order_id, '') = coalesce(p.order_id, ''))"
    )
