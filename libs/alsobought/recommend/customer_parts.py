"""Purchase lines by customer: read by the workers, shuffled once as packed integers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.compiled.hashing import SPARK_SEED, hash_texts, offsets_and_bytes
from alsobought.copurchase.engine.envelopes import (
    TEXTS,
    Envelope,
    Kind,
    item_table,
    item_texts,
    rows_of,
)
from alsobought.copurchase.engine.kernels.basket_arrays import order_by_part
from alsobought.copurchase.engine.kernels.item_tables import code_table, codes_of
from alsobought.copurchase.engine.stages.item_codes import ItemsMet, merge_tables, seeds_of
from alsobought.copurchase.engine.stages.lines import AT, Lines, in_chunks
from alsobought.days import micros
from alsobought.recommend.item_facts import ItemCodes
from alsobought.recommend.kernels.list_arrays import GroupedLines

LINES_PER_PART = 1_000_000
SECOND_MICROS = 1_000_000
COLUMNS = ["market", "customer_id", "item_id", AT]

Batches = Iterator[pa.RecordBatch]


class CustomerLines(NamedTuple):
    """Purchase lines: the hash of the customer, the code of the item or -1, the time in seconds
    from the window's first day."""

    customers: Int64s
    codes: Int32s
    times: Int32s


LINES = Kind("line", CustomerLines)
PARTED = Envelope(["part"], LINES, TEXTS)
"""The lines of a part's customers, and the customers with their ids as text."""


@dataclass(frozen=True)
class Customers:
    """The customers of a part by id, then by market, and their lines."""

    ids: pa.Array
    markets: pa.Array
    lines: GroupedLines


def lines_by_customer(
    window: Lines, codes: Broadcast[ItemCodes], first: date, cores: int
) -> DataFrame:
    """The lines of customers in parts, as PARTED rows, one partition a part; guests have none.

    A customer of two markets is one in each. Two of n customers share a hash, and have one list,
    with odds of about n^2 / 3.7e19: 1 in 3,700 for 100 million.
    Cost: one scan, and one shuffle of 16 bytes a line and each customer's id once a task; a task
    holds the ids of its customers, and 28 bytes for each.
    """
    parts = max(cores, -(-window.at_most // LINES_PER_PART))
    time_zero = micros(first)

    def partition(batches: Batches) -> Batches:
        customers = ItemsMet(0)
        for chunk in in_chunks(batches):
            of_customers = chunk.filter(chunk["customer_id"].is_valid())
            if len(of_customers):
                lines = _coded(of_customers, customers, codes.value)
                yield _rows_by_part(lines, time_zero, parts)
        for part, table in customers.by_range(parts):
            yield PARTED.row(TEXTS, item_texts(table), part=part)

    rows = window.in_workers(partition, PARTED.ddl, COLUMNS)
    return rows.repartitionById(parts, F.col("part"))


def _coded(chunk: pa.RecordBatch, customers: ItemsMet, codes: ItemCodes) -> CustomerLines:
    """A chunk's lines; their times are microseconds since 1970 still, and of 64 bits."""
    markets = pc.dictionary_encode(chunk["market"])
    names, market_of = markets.dictionary, markets.indices.to_numpy()
    items = hash_texts(seeds_of(names, SPARK_SEED), market_of, *offsets_and_bytes(chunk["item_id"]))
    hashes = customers.add(names, market_of, chunk["customer_id"])
    return CustomerLines(hashes, codes.of_hashes(items), chunk[AT].cast(pa.int64()).to_numpy())


def _rows_by_part(lines: CustomerLines, time_zero: int, parts: int) -> pa.RecordBatch:
    seconds = ((lines.times - time_zero) // SECOND_MICROS).astype(np.int32)
    order, starts = order_by_part(lines.customers, parts)
    ordered = [column[order] for column in lines._replace(times=seconds)]
    filled = [p for p in range(parts) if starts[p] < starts[p + 1]]
    shares = [LINES.of(column[starts[p] : starts[p + 1]] for column in ordered) for p in filled]
    return PARTED.rows(LINES, shares, {"part": filled})


def customers_of(batches: Batches) -> Customers | None:
    """The customers of a part's PARTED rows; None: there are none.

    Memory: 40 bytes a line, and the ids of the part's customers.
    """
    rows = list(rows_of(batches))
    tables = [item_table(TEXTS.read(row)) for row in rows if TEXTS.is_in(row)]
    if not tables:
        return None
    customers = merge_tables(tables).sort_by([("item_id", "ascending"), ("market", "ascending")])
    lines = LINES.read_joined([row for row in rows if LINES.is_in(row)])
    # the lowest bits of a part's hashes are alike, and they choose the slot of a table
    hashes = customers["hash"].to_numpy().byteswap()
    places = codes_of(lines.customers.byteswap(), hashes, code_table(hashes))
    order, starts = order_by_part(places.astype(np.int64), len(hashes))
    grouped = GroupedLines(order, starts, lines.codes, lines.times)
    ids, markets = (customers[name].combine_chunks() for name in ("item_id", "market"))
    return Customers(ids, markets, grouped)
