"""Purchase lines by part of each unit: one scan, and no line goes through Spark's row shuffle."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Int32s, Int64s, UInt64s
from alsobought.compiled.hashing import SPARK_SEED, hash_texts, offsets_and_bytes
from alsobought.copurchase.engine.envelopes import (
    LINES,
    MERGED_ITEMS,
    PARTITIONED,
    TEXTS,
    HashedLines,
    item_table,
    item_texts,
    rows_of,
)
from alsobought.copurchase.engine.kernels.basket_arrays import order_by_part
from alsobought.copurchase.engine.layout import Layout
from alsobought.copurchase.engine.stages import item_codes
from alsobought.copurchase.engine.stages.lines import AT, Lines, in_chunks
from alsobought.copurchase.settings import Unit
from alsobought.days import micros

ROWS_PER_PART = 2_000_000
SECOND_MICROS = 1_000_000
UNITS: tuple[Unit, ...] = get_args(Unit)
UnitSeeds = dict[Unit, tuple[UInt64s, Int32s]]


def parts_for(lines: int, cores: int) -> int:
    """Parts of each unit: of about ROWS_PER_PART lines, at least one for each core."""
    return max(cores, -(-lines // ROWS_PER_PART))


def partition_lines(lines: Lines, layout: Layout, first: date, salt: int) -> DataFrame:
    """The lines by part of each unit and the items by range of their hash, as PARTITIONED rows.

    Times are seconds from the day `first`; a text's hash is Spark's xxhash64. Two of n units share
    a hash, and are counted as one, with odds of about n^2 / 3.7e19: 1 in 3,700 for 100 million.
    Cost: one scan, which makes 16 bytes a line and unit (20 with times), and as many for each group
    of markets that the line counts in.
    """
    time_zero = micros(first) if layout.is_timed else None
    ids = [f"{unit.name}_id" for unit in layout.units]
    columns = ["market", "item_id", *ids, *([AT] if layout.is_timed else [])]

    def partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        items = item_codes.ItemsMet(salt)
        for chunk in in_chunks(batches):
            for share in _by_market(chunk, layout.groups):
                yield from _rows_of_share(share, items, layout, time_zero)
        for hash_range, table in items.by_range(layout.parts):
            yield PARTITIONED.row(TEXTS, item_texts(table), hash_range=hash_range)

    return lines.in_workers(partition, PARTITIONED.ddl, columns)


class _MarketLines(NamedTuple):
    """Lines, and the market or group in which each counts: names[market_of[i]].

    `unit_seeds` has for each unit the seeds of its ids, and which of them is that of each line.
    """

    rows: pa.RecordBatch
    names: pa.Array
    market_of: Int32s
    unit_seeds: UnitSeeds


def _by_market(
    chunk: pa.RecordBatch, groups: Mapping[str, Sequence[str]]
) -> Iterator[_MarketLines]:
    """The chunk's lines in their markets, then those of each group in the group."""
    markets = pc.dictionary_encode(chunk["market"])
    names, market_of = markets.dictionary, markets.indices.to_numpy()
    seeds = item_codes.seeds_of(names, SPARK_SEED)
    yield _MarketLines(chunk, names, market_of, dict.fromkeys(UNITS, (seeds, market_of)))
    for group, members in groups.items():
        is_member = pc.is_in(names, value_set=pa.array(members, pa.string()))
        lines = np.flatnonzero(is_member.to_numpy(zero_copy_only=False)[market_of])
        if not len(lines):
            continue
        name, first = pa.array([group]), np.zeros(len(lines), np.int32)
        group_seed = item_codes.seeds_of(name, SPARK_SEED)
        # an order id belongs to its market, a customer may have bought in several
        of_markets = hash_texts(
            group_seed, np.zeros(len(names), np.int32), *offsets_and_bytes(names)
        )
        order_seeds = of_markets.view(np.uint64), market_of[lines]
        unit_seeds: UnitSeeds = {"order": order_seeds, "customer": (group_seed, first)}
        yield _MarketLines(chunk.take(pa.array(lines)), name, first, unit_seeds)


def _rows_of_share(
    share: _MarketLines, items: item_codes.ItemsMet, layout: Layout, time_zero: int | None
) -> Iterator[pa.RecordBatch]:
    """The lines, one row a unit and part; `time_zero` in microseconds since 1970."""
    chunk = share.rows
    item_hashes = items.add(share.names, share.market_of, chunk["item_id"])
    times = untimed = np.empty(0, np.int32)
    if time_zero is not None:
        at = chunk[AT].cast(pa.int64()).to_numpy()  # microseconds, as Spark's times are
        times = ((at - time_zero) // SECOND_MICROS).astype(np.int32)
    for u, unit in enumerate(layout.units):
        ids = chunk[f"{unit.name}_id"]
        lines: Int64s | slice = slice(None)
        if ids.null_count == len(ids):
            continue
        if ids.null_count:  # a line without the unit's id is in no unit
            lines, ids = np.flatnonzero(ids.is_valid()), ids.drop_null()
        seeds, seed_of = share.unit_seeds[unit.name]
        unit_hashes = hash_texts(seeds, seed_of[lines], *offsets_and_bytes(ids))
        times_of_unit = times[lines] if unit.is_timed else untimed
        hashed = HashedLines(unit_hashes, item_hashes[lines], times_of_unit)
        yield _rows_by_part(hashed, u * layout.parts, layout.parts)


def _rows_by_part(lines: HashedLines, first_part: int, parts: int) -> pa.RecordBatch:
    order, starts = order_by_part(lines.unit_hashes, parts)
    ordered = [column[order] if len(column) else column for column in lines]
    filled = [p for p in range(parts) if starts[p] < starts[p + 1]]
    shares = [LINES.of(column[starts[p] : starts[p + 1]] for column in ordered) for p in filled]
    return PARTITIONED.rows(LINES, shares, {"part": [first_part + p for p in filled]})


def collect_items(partitioned: DataFrame, layout: Layout, salt: int) -> item_codes.Items:
    """The items of PARTITIONED rows, numbered.

    Cost: the distinct items are shuffled once from every task, and all come to the driver, about 60
    bytes each. Raises item_codes.Collision where two share a hash.
    """

    def merge(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        tables = [item_table(TEXTS.read(row)) for row in rows_of(batches)]
        if tables:
            yield MERGED_ITEMS.row(TEXTS, item_texts(item_codes.merge_tables(tables)))

    by_range = PARTITIONED.only(partitioned, TEXTS)
    shuffled = by_range.repartitionById(layout.parts, F.col("hash_range"))
    merged = shuffled.mapInArrow(merge, MERGED_ITEMS.ddl).toArrow().to_batches()
    return item_codes.number_items([item_table(TEXTS.read(row)) for row in rows_of(merged)], salt)
