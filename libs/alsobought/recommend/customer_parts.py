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
    ItemTexts,
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
from alsobought.recommend.coded_items import ItemCodes
from alsobought.recommend.kernels.histories import combine_lines
from alsobought.recommend.kernels.list_arrays import CustomerLines, FirstItems, GroupedLines

LINES_PER_PART = 1_000_000
MOST_LINES = 1 << 22  # of a part as they come
SECOND_MICROS = 1_000_000
COLUMNS = ["market", "customer_id", "item_id", AT]

Batches = Iterator[pa.RecordBatch]


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
                lines = _coded(of_customers, customers, codes.value, time_zero)
                yield _rows_by_part(LINES, lines, parts)
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


def _coded(
    chunk: pa.RecordBatch, customers: ItemsMet, codes: ItemCodes, time_zero: int
) -> CustomerLines:
    """A chunk's lines; `time_zero` is the window's first day in microseconds since 1970."""
    markets = pc.dictionary_encode(chunk["market"])
    names, market_of = markets.dictionary, markets.indices.to_numpy()
    items = hash_texts(seeds_of(names, SPARK_SEED), market_of, *offsets_and_bytes(chunk["item_id"]))
    hashes = customers.add(names, market_of, chunk["customer_id"])
    seconds = (chunk[AT].cast(pa.int64()).to_numpy() - time_zero) // SECOND_MICROS
    single = np.empty(0, np.int32)
    return CustomerLines(hashes, codes.of_hashes(items), seconds.astype(np.int32), single)


def _rows_by_part(kind: Kind[Any], rows: Any, parts: int) -> pa.RecordBatch:
    order, starts = order_by_part(rows.customers, parts)
    ordered = [column[order] if len(column) else column for column in rows]
    filled = [p for p in range(parts) if starts[p] < starts[p + 1]]
    shares = [kind.of(column[starts[p] : starts[p + 1]] for column in ordered) for p in filled]
    return PARTED.rows(kind, shares, {"part": filled})


def customers_of(batches: Batches) -> Customers | None:
    """The customers of a part's PARTED rows; None: there are none.

    Memory: 40 bytes a line, and the ids of the part's customers. Of a part with more than
    MOST_LINES, as one of a customer that stands for all guests, `combine_lines` keeps two for a
    customer's item: so a customer brings at most twice the shop's items, whatever was bought.
    """
    of_part, tables, ranked = _PartLines(), [], []
    for row in rows_of(batches):
        if LINES.is_in(row):
            of_part.add(LINES.read(row))
        elif TEXTS.is_in(row):
            # a copy, so that the batch, of lines for the most part, is not kept for it
            tables.append(item_table(ItemTexts(TEXTS.read(row).stream.copy())))
        else:
            ranked.append(RankedItems._make(column.copy() for column in RANKED.read(row)))
    if not tables:
        return None
    customers = merge_tables(tables).sort_by([("item_id", "ascending"), ("market", "ascending")])
    lines, hashes = of_part.joined(), customers["hash"].to_numpy()
    places = _places(lines.customers, hashes).astype(np.int64)
    order, starts = order_by_part(places, len(hashes))
    grouped = GroupedLines(order, starts, *lines[1:])
    ids, markets = (customers[name].combine_chunks() for name in ("item_id", "market"))
    return Customers(ids, markets, grouped, _first_items(ranked, hashes))


class _PartLines:
    """The lines of a part as they come. Where these are very many, because one customer has them,
    they are combined: memory is bounded by MOST_LINES, or by twice what that leaves."""

    def __init__(self) -> None:
        self._shares: list[CustomerLines] = []
        self._lines, self._most = 0, MOST_LINES

    def add(self, lines: CustomerLines) -> None:
        """Take some more lines."""
        self._shares.append(lines)
        self._lines += len(lines.codes)
        if self._lines > self._most:
            combined = combine_lines(self.joined())
            self._shares, self._lines = [combined], len(combined.codes)
            self._most = max(MOST_LINES, 2 * self._lines)

    def joined(self) -> CustomerLines:
        """All lines, in arrays of their own."""
        shares = self._shares
        if any(len(share.counts) for share in shares):
            shares = [
                share if len(share.counts) else share._replace(counts=np.ones_like(share.codes))
                for share in shares
            ]
        return CustomerLines._make(map(np.concatenate, zip(*shares, strict=True)))


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
