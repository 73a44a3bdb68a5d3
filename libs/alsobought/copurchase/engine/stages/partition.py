"""Purchase lines by part of each unit: one scan, and no line goes through Spark's row shuffle."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Int64s
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
from alsobought.days import micros

ROWS_PER_PART = 2_000_000
SECOND_MICROS = 1_000_000


def parts_for(lines: Lines, cores: int) -> int:
    """Parts of each unit: of about ROWS_PER_PART lines, at least one for each core."""
    return max(cores, -(-lines.at_most // ROWS_PER_PART))


def partition_lines(lines: Lines, layout: Layout, first: date, salt: int) -> DataFrame:
    """The lines by part of each unit and the items by range of their hash, as PARTITIONED rows.

    Times are seconds from the day `first`; a text's hash is Spark's xxhash64. Two of n units share
    a hash, and are counted as one, with odds of about n^2 / 3.7e19: 1 in 3,700 for 100 million.
    Cost: one scan, which makes 16 bytes a line and unit (20 with times).
    """
    time_zero = micros(first) if layout.is_timed else None
    ids = [f"{unit.name}_id" for unit in layout.units]
    columns = ["market", "item_id", *ids, *([AT] if layout.is_timed else [])]

    def partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        items = item_codes.ItemsMet(salt)
        for chunk in in_chunks(batches):
            yield from _rows_of_chunk(chunk, items, layout, time_zero)
        for hash_range, table in items.by_range(layout.parts):
            yield PARTITIONED.row(TEXTS, item_texts(table), hash_range=hash_range)

    return lines.in_workers(partition, PARTITIONED.ddl, columns)


def _rows_of_chunk(
    chunk: pa.RecordBatch,
    items: item_codes.ItemsMet,
    layout: Layout,
    time_zero: int | None,
) -> Iterator[pa.RecordBatch]:
    """The chunk's lines, one row a unit and part; `time_zero` in microseconds since 1970."""
    markets = pc.dictionary_encode(chunk["market"])
    names, market_of = markets.dictionary, markets.indices.to_numpy()
    item_hashes = items.add(names, market_of, chunk["item_id"])
    times = untimed = np.empty(0, np.int32)
    if time_zero is not None:
        at = chunk[AT].cast(pa.int64()).to_numpy()  # microseconds, as Spark's times are
        times = ((at - time_zero) // SECOND_MICROS).astype(np.int32)
    seeds = item_codes.seeds_of(names, SPARK_SEED)
    for u, unit in enumerate(layout.units):
        ids = chunk[f"{unit.name}_id"]
        lines: Int64s | slice = slice(None)
        if ids.null_count == len(ids):
            continue
        if ids.null_count:  # a line without the unit's id is in no unit
            lines, ids = np.flatnonzero(ids.is_valid()), ids.drop_null()
        unit_hashes = hash_texts(seeds, market_of[lines], *offsets_and_bytes(ids))
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
