"""Purchase lines by customer: read by the workers, shuffled once as packed integers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any, NamedTuple

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
from alsobought.recommend.kernels.list_arrays import FirstItems, GroupedLines

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


class RankedItems(NamedTuple):
    """Places of lists: the hash of the customer, the code of the item, the rank."""

    customers: Int64s
    codes: Int32s
    ranks: Int32s


LINES = Kind("line", CustomerLines)
RANKED = Kind("ranked", RankedItems)
PARTED = Envelope(["part"], LINES, TEXTS, RANKED)
"""The lines of a part's customers, the customers with their ids as text, and the items that their
lists begin with."""


@dataclass(frozen=True)
class Customers:
    """The customers of a part by id, then by market, their lines, and their first items."""

    ids: pa.Array
    markets: pa.Array
    lines: GroupedLines
    first_items: FirstItems


def parts_for(window: Lines, cores: int) -> int:
    """Parts of about LINES_PER_PART lines, at least one for each core."""
    return max(cores, -(-window.at_most // LINES_PER_PART))


def by_customer(rows: Sequence[DataFrame], parts: int) -> DataFrame:
    """PARTED rows, one partition a part. Cost: one shuffle."""
    return reduce(DataFrame.union, rows).repartitionById(parts, F.col("part"))


def lines_by_part(window: Lines, codes: Broadcast[ItemCodes], first: date, parts: int) -> DataFrame:
    """The lines of customers, and the customers, as PARTED rows; guests have none.

    A customer of two markets is one in each. Two of n customers share a hash, and have one list,
    with odds of about n^2 / 3.7e19: 1 in 3,700 for 100 million.
    Cost: one scan; 16 bytes a line, and each customer's id once a task; a task holds the ids of its
    customers, and 28 bytes for each.
    """
    time_zero = micros(first)

    def partition(batches: Batches) -> Batches:
        customers = ItemsMet(0)
        for chunk in in_chunks(batches):
            of_customers = chunk.filter(chunk["customer_id"].is_valid())
            if len(of_customers):
                lines = _coded(of_customers, customers, codes.value)
                seconds = ((lines.times - time_zero) // SECOND_MICROS).astype(np.int32)
                yield _rows_by_part(LINES, lines._replace(times=seconds), parts)
        for part, table in customers.by_range(parts):
            yield PARTED.row(TEXTS, item_texts(table), part=part)

    return window.in_workers(partition, PARTED.ddl, COLUMNS)


def ranked_by_part(places: DataFrame, codes: Broadcast[ItemCodes], parts: int) -> DataFrame:
    """Places of lists (market, customer_id, item_id, rank) as PARTED rows.

    Cost: 16 bytes a place.
    """
    customer, item = (F.xxhash64("market", name).alias(name) for name in COLUMNS[1:3])

    def partition(batches: Batches) -> Batches:
        for batch in batches:
            customers, items, ranks = (column.to_numpy() for column in batch.columns)
            if len(batch):
                ranked = RankedItems(customers, codes.value.of_hashes(items), ranks)
                yield _rows_by_part(RANKED, ranked, parts)

    return places.select(customer, item, "rank").mapInArrow(partition, PARTED.ddl)


def _coded(chunk: pa.RecordBatch, customers: ItemsMet, codes: ItemCodes) -> CustomerLines:
    """A chunk's lines; their times are microseconds since 1970 still, and of 64 bits."""
    markets = pc.dictionary_encode(chunk["market"])
    names, market_of = markets.dictionary, markets.indices.to_numpy()
    items = hash_texts(seeds_of(names, SPARK_SEED), market_of, *offsets_and_bytes(chunk["item_id"]))
    hashes = customers.add(names, market_of, chunk["customer_id"])
    return CustomerLines(hashes, codes.of_hashes(items), chunk[AT].cast(pa.int64()).to_numpy())


def _rows_by_part(kind: Kind[Any], rows: Any, parts: int) -> pa.RecordBatch:
    order, starts = order_by_part(rows.customers, parts)
    ordered = [column[order] for column in rows]
    filled = [p for p in range(parts) if starts[p] < starts[p + 1]]
    shares = [kind.of(column[starts[p] : starts[p + 1]] for column in ordered) for p in filled]
    return PARTED.rows(kind, shares, {"part": filled})


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
    hashes = customers["hash"].to_numpy()
    places = _places(lines.customers, hashes).astype(np.int64)
    order, starts = order_by_part(places, len(hashes))
    grouped = GroupedLines(order, starts, lines.codes, lines.times)
    ids, markets = (customers[name].combine_chunks() for name in ("item_id", "market"))
    ranked = [RANKED.read(row) for row in rows if RANKED.is_in(row)]
    return Customers(ids, markets, grouped, _first_items(ranked, hashes))


def _places(wanted: Int64s, hashes: Int64s) -> Int32s:
    """The position of each wanted hash; -1 where it is not there.

    The lowest bits of a part's hashes are alike, and it is the lowest that choose a table's slot.
    """
    swapped = hashes.byteswap()
    places: Int32s = codes_of(wanted.byteswap(), swapped, code_table(swapped))
    return places


def _first_items(ranked: Sequence[RankedItems], hashes: Int64s) -> FirstItems:
    """The ranked items of each customer, the best first; of others, or without a code: none."""
    empty = RankedItems(*(np.empty(0, dtype) for dtype in RANKED.dtypes))
    joined = RankedItems(*map(np.concatenate, zip(empty, *ranked, strict=True)))
    places = _places(joined.customers, hashes)
    order = np.lexsort((joined.ranks, places))
    order = order[(places[order] >= 0) & (joined.codes[order] >= 0)]
    starts = np.searchsorted(places[order], np.arange(len(hashes) + 1))
    return FirstItems(starts, joined.codes[order])
