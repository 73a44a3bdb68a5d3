"""Why a column is taken for what it is: what its values show, in words."""

import pyarrow.compute as pc

from alsobought.ingest.proposal.oddities import NEGATIVE
from alsobought.ingest.proposal.roles import ALMOST, IDS, Columns, Roles, ids_of
from alsobought.ingest.proposal.values import ColumnFacts, distinct_pairs

MUCH = 0.05  # of the rows, for one customer
UNLIKE = 10  # times the rows of a customer on average
WITH_ZERO = r"^\s*\d+\.0\s*$"
PADDED = r"^[\s\xa0]|[\s\xa0]$"


def of_purchases(columns: Columns, roles: Roles) -> dict[str, str]:
    """What the values of each role's column show."""
    said = {}
    for role, name in roles.items():
        column = columns[name]
        parts = [_distinct(column)] if role in (*IDS, "market", "line") else []
        if role in IDS:
            parts += _spelling(column)
        said[role] = "; ".join([*parts, *_of_role(role, columns, roles)])
    return said


def _of_role(role: str, columns: Columns, roles: Roles) -> list[str]:
    column = columns[roles[role]]
    if role == "customer_id":
        return _of_customers(column, "order_id" in roles)
    if role == "order_id":
        return _of_orders(columns, roles)
    if role == "item_id":
        return _of_items(column)
    if role == "purchased_at":
        times = column.times
        return [] if times is None else [f"from {times.first} to {times.last}"]
    if role == "market" and column.given:
        value, rows = column.most_frequent()
        return [f"{value} in {share(rows, column.rows)} of the rows"]
    if role in ("quantity", "price"):
        return _of_numbers(column)
    return []


def _distinct(column: ColumnFacts) -> str:
    return f"{column.distinct:,} distinct of {column.rows:,} rows"


def _spelling(column: ColumnFacts) -> list[str]:
    parts = []
    with_zero = column.rows_like(WITH_ZERO) if column.decimal else 0
    if with_zero:
        example = column.values.filter(column.like(WITH_ZERO))[0].as_py().strip()
        parts.append(f"{example} is read as {example[:-2]}")
    padded = column.rows_like(PADDED)
    if padded:
        parts.append(f"blanks around {padded:,} ids are left out")
    return parts


def _of_customers(column: ColumnFacts, has_orders: bool) -> list[str]:
    parts = []
    if column.missing:
        then = "guests, who count by order only" if has_orders else "these rows will be rejected"
        parts.append(f"{share(column.missing, column.rows)} of the rows have none: {then}")
    value, rows = column.most_frequent()
    if rows > max(MUCH * column.rows, UNLIKE * column.given / column.distinct):
        parts.append(
            f"{value} has {share(rows, column.rows)} of the rows: if it stands for guests, "
            "deliver these rows without it"
        )
    return parts  # fmt: skip


def _of_orders(columns: Columns, roles: Roles) -> list[str]:
    orders = columns[roles["order_id"]]
    parts = []
    if orders.missing:
        only = "they count by customer only" if "customer_id" in roles else "they will be rejected"
        parts.append(f"{share(orders.missing, orders.rows)} of the rows have none: {only}")
    if "market" in roles:
        repeated = distinct_pairs(columns[roles["market"]], orders) - orders.distinct
        if repeated > 0:
            parts.append(f"{repeated:,} numbers are in several markets, as orders of their own")
    if "customer_id" in roles:
        several = distinct_pairs(orders, columns[roles["customer_id"]]) - orders.distinct
        if several > (1 - ALMOST) * orders.distinct and "market" not in roles:
            parts.append("many numbers have several customers: is it an order?")
    return parts


def _of_items(column: ColumnFacts) -> list[str]:
    ids = ids_of(column)
    alike = len(ids) - len(pc.unique(pc.utf8_lower(ids)))
    return [f"{alike:,} differ only in capitals, and are items of their own"] if alike else []


def _of_numbers(column: ColumnFacts) -> list[str]:
    negative = column.rows_like(NEGATIVE)
    missing = [f"{share(column.missing, column.rows)} of the rows have none"] * bool(column.missing)
    values = ", ".join(value.strip() for value in column.values[:3].to_pylist())
    return [f"as in {values}", *[f"{negative:,} rows negative"] * bool(negative), *missing]


def share(rows: int, whole: int) -> str:
    """A share of rows in words, never a zero that is none."""
    part = rows / max(1, whole)
    if 0.995 <= part < 1:
        return f"{part:.2%}" if part < 0.99995 else f"all but {whole - rows:,}"
    return f"{part:.0%}" if part >= 0.01 else f"{part:.2%}" if part >= 0.0001 else f"{rows:,}"
