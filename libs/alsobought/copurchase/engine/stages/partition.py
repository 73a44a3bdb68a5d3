"""Purchase lines scattered by unit: one scan, and no row of it goes through Spark's row shuffle."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.copurchase.engine.kernels import basket_arrays
from alsobought.copurchase.engine.kernels.hashing import SPARK_SEED, hash_texts
from alsobought.copurchase.engine.stages import item_codes
from alsobought.copurchase.engine.stages.lines import AT, Lines, chunks
from alsobought.copurchase.engine.stages.pack import blob_row, blobs_of
from alsobought.days import micros
from alsobought.errors import JobError

ROWS_PER_PART = 2_000_000
SCATTERED = "part int, a binary, b binary, c binary"
SECOND = 1_000_000  # microseconds


@dataclass(frozen=True)
class Scattered:
    """SCATTERED rows, persisted, and the items that they hold.

    Unit u's share p is part u * parts + p: a the hashes of the units, b of the items, c times
    (seconds from the first day) or nothing. Two of n units share a hash, and are counted as one,
    with odds of about n^2 / 3.7e19: 1 in 3,700 for 100 million.
    """

    rows: DataFrame
    items: item_codes.Items
    parts: int


def scattered(
    lines: Lines, units: tuple[str, ...], first: date, cores: int, *, timed: bool
) -> Scattered:
    """The lines by part of each unit, and their items.

    Parts have about ROWS_PER_PART lines; there is at least one for each core.
    Cost: one scan, which keeps 16 bytes a line and unit (20 with times) in Spark's storage; the
    distinct items are shuffled once from every task, and all come to the driver, about 60 bytes
    each. Raises JobError for hashes of items that collide under every salt.
    """
    parts = max(cores, -(-lines.at_most // ROWS_PER_PART))
    columns = ["market", "item_id", *(f"{unit}_id" for unit in units), *([AT] if timed else [])]
    for salt in range(item_codes.SALTS):

        def scatter(
            batches: Iterator[pa.RecordBatch], salt: int = salt
        ) -> Iterator[pa.RecordBatch]:
            seen = item_codes.Seen(salt)
            for chunk in chunks(batches):
                yield from _chunk(chunk, seen, units, parts, micros(first) if timed else None)
            for r, table in seen.by_range(parts):
                yield blob_row({"part": len(units) * parts + r}, _packed(table), *2 * [EMPTY])

        rows = lines.in_workers(scatter, SCATTERED, columns)
        rows.persist(StorageLevel.MEMORY_AND_DISK)  # read for the items, then for the baskets
        try:
            return Scattered(rows, _items(rows, len(units) * parts, parts, salt), parts)
        except item_codes.Collision:
            rows.unpersist()
    raise JobError(f"Items share 64-bit hashes under {item_codes.SALTS} salts: report this.")


EMPTY = np.empty(0, np.uint8)


def _chunk(
    chunk: pa.RecordBatch,
    seen: item_codes.Seen,
    units: tuple[str, ...],
    parts: int,
    origin: int | None,
) -> Iterator[pa.RecordBatch]:
    """The chunk's lines, one row a unit and part. `origin`: microseconds that are time 0."""
    markets = pc.dictionary_encode(chunk["market"])
    names, market_of = markets.dictionary, markets.indices.to_numpy()
    items = seen.add(names, market_of, chunk["item_id"])
    times = np.empty(0, np.int32)
    if origin is not None:
        at = chunk[AT].cast(pa.int64()).to_numpy()  # microseconds, as Spark's times are
        times = ((at - origin) // SECOND).astype(np.int32)
    seeds = item_codes.seeds_of(names, SPARK_SEED)
    for u, unit in enumerate(units):
        hashes = hash_texts(seeds, market_of, *item_codes.of_texts(chunk[f"{unit}_id"]))
        yield _by_part(hashes, items, times, u * parts, parts)


def _by_part(
    units: np.ndarray, items: np.ndarray, times: np.ndarray, base: int, parts: int
) -> pa.RecordBatch:
    order, starts = basket_arrays.scattered(units, parts)
    columns = [units[order], items[order], times[order] if len(times) else times]
    filled = [p for p in range(parts) if starts[p] < starts[p + 1]]
    blobs = [
        [c[starts[p] : starts[p + 1]].tobytes() if len(c) else b"" for p in filled] for c in columns
    ]
    numbers = pa.array([base + p for p in filled], pa.int32())
    return pa.record_batch([numbers, *blobs_of(blobs)], names=["part", "a", "b", "c"])


def _items(rows: DataFrame, base: int, ranges: int, salt: int) -> item_codes.Items:
    """The items of all tasks: parts from `base` on hold them, by range of their hash."""

    def merge(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        tables = [_unpacked(cell) for batch in batches for cell in batch["a"]]
        if tables:
            yield blob_row({}, _packed(item_codes.merged(tables)))

    by_range = rows.where(F.col("part") >= base)
    shuffled = by_range.repartitionById(ranges, F.col("part") - base).mapInArrow(merge, "a binary")
    found = [_unpacked(cell) for cell in shuffled.toArrow()["a"].combine_chunks()]
    return item_codes.numbered(found, salt) if found else item_codes.none(salt)


def _packed(table: pa.Table) -> np.ndarray:
    """The table as the bytes of an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return np.frombuffer(sink.getvalue(), np.uint8)


def _unpacked(cell: pa.Scalar) -> pa.Table:
    return pa.ipc.open_stream(cell.as_buffer()).read_all()
