"""Which lines of purchases were returned: each return, with the lines that it takes back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from alsobought.days import midnight
from alsobought.ingest.settings import Returns
from alsobought.tables.outcome import Batches, Outcome
from alsobought.tables.purchases import RETURNED_PURCHASES

WHOSE = "_whose"  # the customer, or the order of a guest
GROUP = ("market", WHOSE, "item_id")
ROUNDING = 1e-9  # of a quantity: what is left of 0.3 after three returns of 0.1
AT_MOST_NAMED = 3  # returns of nothing
ROWS_PER_BATCH = 1 << 14
MATCHED = pa.schema(
    {
        "is_return": pa.bool_(),
        "market": pa.string(),
        "order_id": pa.string(),
        "item_id": pa.string(),
        "line": pa.string(),
        "purchased_at": pa.timestamp("us", "UTC"),
        "quantity": pa.float64(),
        "returned": pa.float64(),
        "returned_at": pa.timestamp("us", "UTC"),
    }
)
MATCHED_DDL = f"is_return boolean, {RETURNED_PURCHASES.ddl}"

Event = dict[str, Any]


def returned_purchases(purchases: DataFrame, returns: Returns, as_of: date) -> Outcome:
    """Every line of which something was returned before `as_of`, and an account of all returns.

    Out:   `returned_purchases`. A return takes back the last line of its market, customer and item
           that was bought before it, or at the same time, and of which something is left; the rest
           of a larger return takes back the line before that one. A guest's returns are matched by
           order instead.
    Cost:  a scan to find the returns; the lines of their customers and items are shuffled and
           sorted once; a task holds those of one customer and item. The account scans once more.
    """
    before = purchases.where(F.col("purchased_at") < midnight(as_of))
    events = before.withColumn(WHOSE, _whose(returns.order_prefix))
    with_returns = events.where("quantity < 0").select(*GROUP).distinct()
    contested = events.join(with_returns, [*GROUP], "left_semi").repartition(*GROUP)
    is_return = F.col("quantity") < 0
    in_order = contested.sortWithinPartitions(*GROUP, "purchased_at", is_return, "order_id", "line")
    columns = [*GROUP, "order_id", "line", "purchased_at", "quantity"]
    matched = in_order.select(*columns).mapInArrow(_match_batches, MATCHED_DDL)
    rows = matched.where("NOT is_return").drop("is_return").sort("purchased_at")
    return Outcome(rows, _account(before, matched), judge, reused=(matched,))


def _whose(prefix: str) -> Column:
    """The customer, or the order of a guest; of a return's order without the prefix."""
    order = F.col("order_id")
    if prefix:
        is_marked = (F.col("quantity") < 0) & order.startswith(prefix)
        order = F.when(is_marked, F.substr("order_id", F.lit(len(prefix) + 1))).otherwise(order)
    of_customer, of_order = F.concat(F.lit("c"), "customer_id"), F.concat(F.lit("o"), order)
    return F.coalesce(of_customer, of_order)


@dataclass
class _Line:
    """A line that was bought, and how many units of it are left."""

    event: Event
    left: float
    returned_at: datetime | None = None

    def give_back(self, units: float, at: datetime) -> float:
        """Take back up to so many units; returns how many."""
        taken = min(units, self.left)
        self.left -= taken
        if self.left <= ROUNDING * self.event["quantity"]:
            self.left, self.returned_at = 0.0, at
        return taken


def match_returns(events: Iterable[Event]) -> Iterator[Event]:
    """The lines of which something is returned, and the returns that found less than they are.

    In:  lines (quantity > 0) and returns (quantity < 0) of GROUP after GROUP, each by time, a line
         before a return of the same time.
    Out: rows of MATCHED. Of a line `returned` are the units taken back; of a return (`is_return`)
         those that it found, fewer than it has.
    """
    for _, of_group in groupby(events, itemgetter(*GROUP)):
        lines: list[_Line] = []
        open_lines: list[_Line] = []  # of which something is left, the last on top
        for event in of_group:
            if event["quantity"] > 0:
                open_lines.append(_Line(event, event["quantity"]))
                lines.append(open_lines[-1])
            else:
                given_back = _give_back(event, open_lines)
                if given_back < -event["quantity"] * (1 - ROUNDING):
                    yield _row(event, is_return=True, returned=given_back)
        for line in lines:
            if line.left < line.event["quantity"]:
                units = line.event["quantity"] - line.left
                row = _row(line.event, is_return=False, returned=units)
                yield row | {"returned_at": line.returned_at}


def _give_back(event: Event, open_lines: list[_Line]) -> float:
    """Take what a return gives back off the lines; returns how many units these had."""
    units, given_back = -event["quantity"], 0.0
    while open_lines and given_back < units * (1 - ROUNDING):
        given_back += open_lines[-1].give_back(units - given_back, event["purchased_at"])
        if not open_lines[-1].left:
            open_lines.pop()
    return given_back


def _row(event: Event, *, is_return: bool, returned: float) -> Event:
    same = {name: event[name] for name in MATCHED.names if name in event}
    return {**same, "is_return": is_return, "returned": returned, "returned_at": None}


def _match_batches(batches: Batches) -> Batches:
    events = (event for batch in batches for event in batch.to_pylist())
    rows: list[Event] = []
    for row in match_returns(events):
        rows.append(row)
        if len(rows) == ROWS_PER_BATCH:
            yield pa.RecordBatch.from_pylist(rows, MATCHED)
            rows = []
    if rows:
        yield pa.RecordBatch.from_pylist(rows, MATCHED)


def _account(before: DataFrame, matched: DataFrame) -> DataFrame:
    """One row: lines, of these returned and returned in part, returns, of these unmatched, and the
    first few of the unmatched (order_id, item_id, purchased_at)."""
    bought = before.agg(
        F.count_if(F.col("quantity") > 0).alias("lines"),
        F.count_if(F.col("quantity") < 0).alias("returns"),
    )
    is_return, is_whole = F.col("is_return"), F.col("returned_at").isNotNull()
    totals = matched.agg(
        F.count_if(~is_return & is_whole).alias("returned"),
        F.count_if(~is_return & ~is_whole).alias("in_part"),
        F.count_if(is_return).alias("unmatched"),
    )
    named = ("purchased_at", "order_id", "item_id", "line")
    first = matched.where("is_return").select(*named).sort(*named).limit(AT_MOST_NAMED)
    first = first.agg(F.array_sort(F.collect_list(F.struct(*named))).alias("first_unmatched"))
    return bought.crossJoin(totals).crossJoin(first)


def judge(account: Row) -> list[str]:
    """The account as sentences; nothing is refused."""
    lines, returned = account["lines"], account["returned"]
    kept = f"{lines:,} lines = {lines - returned:,} kept + {returned:,} returned"
    if account["in_part"]:
        kept += f"; of {account['in_part']:,} of the kept a part was returned"
    sentences = [kept]
    if account["unmatched"]:
        first = [_in_words(unmatched) for unmatched in account["first_unmatched"]]
        more = account["unmatched"] - len(first)
        sentences.append(
            f"{account['unmatched']:,} of {account['returns']:,} returns are of more than was "
            f"bought before: {', '.join(first)}{f' and {more:,} more' if more else ''}"
        )
    return sentences


def _in_words(unmatched: Row) -> str:
    order = f" in order {unmatched['order_id']}" if unmatched["order_id"] is not None else ""
    return f"{unmatched['item_id']}{order} on {unmatched['purchased_at']:%Y-%m-%d}"
