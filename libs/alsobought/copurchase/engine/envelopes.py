"""The rows that the engine's stages exchange: arrays in binary cells, each in a column of its own.

An envelope is the schema of one exchange: keys, which say where a row belongs, and the kinds of row
that it may hold. A row is of one kind; the columns of the other kinds are null. Arrays become cells
and cells become arrays here and nowhere else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_type_hints

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Bytes, Int32s, Int64s
from alsobought.copurchase.engine.kernels.named_arrays import Baskets, CopiedBaskets, ItemCounts

Arrays = TypeVar("Arrays", bound=tuple[Any, ...])
Row = tuple[pa.RecordBatch, int]  # a batch, and which of its rows


class HashedLines(NamedTuple):
    """Purchase lines of a part: hashes of units and items; times are empty where none are kept."""

    unit_hashes: Int64s
    item_hashes: Int64s
    times: Int32s


class ItemTexts(NamedTuple):
    """Items with their ids as text: a table as the bytes of an Arrow stream."""

    stream: Bytes


class SizeCounts(NamedTuple):
    """Of each size class of units (2^k to 2^(k+1) - 1 distinct items): units, their items after the
    cap, units above the cap, unordered pairs before and after the cap."""

    units: Int64s
    items: Int64s
    sampled_units: Int64s
    pairs_before: Int64s
    pairs: Int64s


class MarketCounts(NamedTuple):
    """Of each market: units, purchase lines, and holdings (the sum of its items' buyers), all after
    the cap; and `lines`, those of all units before it."""

    units: Int64s
    purchases: Int64s
    holdings: Int64s
    lines: Int64s


class BasketSizes(NamedTuple):
    """How many baskets of a market have so many distinct items; sorted by market, then by size."""

    markets: Int32s
    sizes: Int32s
    baskets: Int64s


class ItemHistograms(NamedTuple):
    """How many baskets with so many other lines hold an item, and the item's lines in those.

    Sorted by item, then by others.
    """

    codes: Int32s
    others: Int64s
    buyers: Int64s
    purchases: Int64s


class CopyCounts(NamedTuple):
    """How many items of baskets each block would receive."""

    items: Int64s


class HeadCounts(NamedTuple):
    """A part of a head's counts under one relation.

    both[i] baskets hold item codes[i] beside the head; the head's buyers[j] baskets have others[j]
    other purchases.
    """

    codes: Int32s
    both: Int64s
    others: Int64s
    buyers: Int64s


class CellCounts(NamedTuple):
    """How many pairs are in each bin of market, N and E, as cell_bins numbers them."""

    bins: Int64s
    counts: Int64s


class Kind(Generic[Arrays]):
    """A kind of row: the arrays that it carries, in columns called <name>_<field>."""

    def __init__(self, name: str, arrays: type[Arrays]) -> None:
        hints = get_type_hints(arrays)
        self.columns = tuple(f"{name}_{field}" for field in hints)
        self.dtypes = [_dtype_of(hint) for hint in hints.values()]
        self._made_of: Any = arrays

    def is_in(self, row: Row) -> bool:
        """Whether the row is of this kind."""
        batch, i = row
        return bool(batch[self.columns[0]][i].is_valid)

    def read(self, row: Row) -> Arrays:
        """The arrays of a row, read-only: they lie in Arrow's memory."""
        batch, i = row
        buffers = (batch[column][i].as_buffer() for column in self.columns)
        return self.of(map(np.frombuffer, buffers, self.dtypes))

    def read_joined(self, rows: Sequence[Row]) -> Arrays:
        """The arrays of several rows, one after the other. Raises ValueError for no rows."""
        return self.of(map(np.concatenate, zip(*map(self.read, rows), strict=True)))

    def read_all(self, batches: Iterable[pa.RecordBatch]) -> Arrays:
        """The arrays of all rows of batches, one after the other; all rows are of this kind.

        Cost: the memory of the arrays and of one batch, where `read_joined` takes that of all.
        """
        joined = [np.empty(0, dtype) for dtype in self.dtypes]
        for batch in batches:
            self._append(batch, joined)
        return self.of(joined)

    def read_sum(self, rows: Sequence[Row]) -> Arrays:
        """The arrays of several rows, added up element by element."""
        return self.of(np.sum(arrays, axis=0) for arrays in zip(*map(self.read, rows), strict=True))

    def cells(self, arrays: Arrays) -> list[bytes]:
        """The arrays as the columns store them. Raises TypeError for one of another type."""
        for column, array, dtype in zip(self.columns, arrays, self.dtypes, strict=True):
            if array.dtype != dtype:
                raise TypeError(f"{column} holds {dtype}, not {array.dtype}")
        return [array.tobytes() for array in arrays]

    def _append(self, batch: pa.RecordBatch, joined: Sequence[np.ndarray]) -> None:
        rows = [self.read((batch, i)) for i in range(batch.num_rows)]
        for array, cells in zip(joined, zip(*rows, strict=True), strict=bool(rows)):
            end = len(array)
            array.resize(end + sum(map(len, cells)), refcheck=False)  # by realloc: no copy
            np.concatenate(cells, out=array[end:])

    def of(self, arrays: Iterable[np.ndarray]) -> Arrays:
        """The arrays under their names."""
        made: Arrays = self._made_of(*arrays)
        return made


def _dtype_of(hint: Any) -> np.dtype[Any]:
    """The element type of an annotation such as NDArray[np.int32]."""
    dtype: np.dtype[Any] = np.dtype(get_args(get_args(hint)[1])[0])
    return dtype


class Envelope:
    """The rows of one exchange: int keys, of which a row may lack some, and kinds of arrays."""

    def __init__(self, keys: Sequence[str], *kinds: Kind[Any]) -> None:
        self.kinds = kinds
        self._keys = tuple(keys)
        self._types = dict.fromkeys(keys, pa.int32())
        self._types |= {column: pa.binary() for kind in kinds for column in kind.columns}
        self.ddl = ", ".join(
            f"{name} {'int' if type_ == pa.int32() else 'binary'}"
            for name, type_ in self._types.items()
        )

    def row(self, kind: Kind[Arrays], arrays: Arrays, **keys: int) -> pa.RecordBatch:
        """A batch of one row."""
        return self.rows(kind, [arrays], {key: [value] for key, value in keys.items()})

    def rows(
        self, kind: Kind[Arrays], arrays: Sequence[Arrays], keys: Mapping[str, Sequence[int]]
    ) -> pa.RecordBatch:
        """A batch of rows of one kind; keys[name][i] is a key of row i."""
        cells = zip(*map(kind.cells, arrays), strict=True)
        filled = {
            name: pa.array(c, pa.binary()) for name, c in zip(kind.columns, cells, strict=True)
        }
        filled |= {key: pa.array(values, pa.int32()) for key, values in keys.items()}
        columns = [
            filled[name] if name in filled else pa.nulls(len(arrays), type_)
            for name, type_ in self._types.items()
        ]
        return pa.record_batch(columns, names=list(self._types))

    def only(self, rows: DataFrame, *kinds: Kind[Any]) -> DataFrame:
        """The rows of these kinds, without the other kinds' columns."""
        is_one = reduce(Column.__or__, [F.col(kind.columns[0]).isNotNull() for kind in kinds])
        columns = [column for kind in kinds for column in kind.columns]
        return rows.where(is_one).select(*self._keys, *columns)


def rows_of(batches: Iterable[pa.RecordBatch]) -> Iterator[Row]:
    """Every row of the batches."""
    return ((batch, i) for batch in batches for i in range(batch.num_rows))


def key_of(row: Row, key: str) -> int:
    """A key of a row."""
    batch, i = row
    value: int = batch[key][i].as_py()
    return value


def rows_by_key(batches: Iterable[pa.RecordBatch], key: str) -> dict[int, list[Row]]:
    """Every row of the batches by the value of a key."""
    rows: dict[int, list[Row]] = {}
    for row in rows_of(batches):
        rows.setdefault(key_of(row, key), []).append(row)
    return rows


def item_texts(table: pa.Table) -> ItemTexts:
    """A table of items as a cell holds it."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return ItemTexts(np.frombuffer(sink.getvalue(), np.uint8))


def item_table(texts: ItemTexts) -> pa.Table:
    """The table of items of a cell."""
    return pa.ipc.open_stream(pa.py_buffer(texts.stream)).read_all()


LINES = Kind("line", HashedLines)
TEXTS = Kind("texts", ItemTexts)
PARTITIONED = Envelope(["part", "hash_range"], LINES, TEXTS)
"""partition to pack: the lines of a part of a unit, and the items of a range of hashes."""
MERGED_ITEMS = Envelope([], TEXTS)
"""partition to the driver: the distinct items."""

BASKETS = Kind("basket", Baskets)
SIZES = Kind("size", SizeCounts)
MARKETS = Kind("market", MarketCounts)
ITEMS = Kind("item", ItemCounts)
BASKET_SIZES = Kind("basket_size", BasketSizes)
HISTOGRAMS = Kind("histogram", ItemHistograms)
PACKED = Envelope(["part", "item_range"], BASKETS, SIZES, MARKETS, ITEMS, BASKET_SIZES)
"""pack to all that follows: a part's baskets (times and lines empty where they say nothing) and
their counts; those of items are cut into ranges of codes, those of sizes are there where the
expectation is matched."""
SHARED_HISTOGRAMS = Envelope(["unit", "share"], HISTOGRAMS)
"""within histograms: those of a part's baskets, cut into ranges of codes, by their unit."""
SUMMED = Envelope(["unit"], SIZES, MARKETS, ITEMS, BASKET_SIZES)
"""totals to the driver: the counts of all parts of a unit, by its position."""

COPY_COUNTS = Kind("copy_count", CopyCounts)
COUNTED_COPIES = Envelope([], COPY_COUNTS)
"""replicate to the driver: what the blocks would receive of a part."""
COPIES = Kind("copy", CopiedBaskets)
HEADS = Kind("head", HeadCounts)
REPLICATED = Envelope(["task", "head", "relation"], COPIES, HEADS)
"""replicate to count: baskets of a block (times and lines empty where they say nothing), and parts
of the counts of a head under a relation, both by their positions."""

CELLS = Kind("cell", CellCounts)
COUNTED_CELLS = Envelope(["unit", "relation"], CELLS)
"""prior_cells to the driver: the pairs of some items, by the positions of unit and relation."""
