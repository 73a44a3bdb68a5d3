"""The items whose factors have the largest products with a customer's, for blocks of customers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from alsobought.compiled.array_types import Int64s

MODEL = "als"
SCORES_PER_BLOCK = 1 << 23  # 32 MiB of scores, and as much to look for the best

Float32s = NDArray[np.float32]


@dataclass(frozen=True)
class ItemFactors:
    """The factors of items, in the order of their ids as text.

    ids: what is listed; codes: what a customer's purchases are named by, ascending; place_of_code:
    the row of `factors` of each of these codes.
    """

    ids: pa.StringArray
    codes: NDArray[np.int32]
    place_of_code: Int64s
    factors: Float32s

    @classmethod
    def of(cls, rows: pa.Table) -> Self:
        """Those of rows with id (the code), item_id and features, in any order."""
        in_order = rows.sort_by("item_id").combine_chunks()
        codes = in_order["id"].to_numpy()
        by_code = np.argsort(codes)
        features = in_order["features"].combine_chunks()
        values = features.flatten().to_numpy(zero_copy_only=False)
        factors = np.asarray(values, np.float32).reshape(len(codes), -1) if len(codes) else values
        ids = in_order["item_id"].cast(pa.string()).combine_chunks()
        return cls(ids, codes[by_code], by_code, factors)

    def places(self, codes: NDArray[np.int32]) -> tuple[Int64s, NDArray[np.bool_]]:
        """The row of each code, and whether it has one."""
        at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return self.place_of_code[at], self.codes[at] == codes


def best_items(
    customers: pa.RecordBatch, items: ItemFactors, top_k: int
) -> Iterator[pa.RecordBatch]:
    """Rows of FACTOR_RECOMMENDATIONS: each customer's `top_k` items of the largest products, but
    those bought. Equal scores are ranked by item_id.

    In: market, customer_id, bought (codes), features. Memory: SCORES_PER_BLOCK scores at a time, or
    those of one customer.
    """
    size = max(1, SCORES_PER_BLOCK // max(1, len(items.ids)))
    for start in range(0, len(customers) if len(items.ids) else 0, size):
        block = customers.slice(start, size)
        yield _as_rows(block, items, *_best_of_block(block, items, top_k))


def _best_of_block(
    block: pa.RecordBatch, items: ItemFactors, top_k: int
) -> tuple[Int64s, Int64s, Float32s]:
    """Of each place the row of the customer and of the item, and the score; best first."""
    features = block["features"].flatten().to_numpy(zero_copy_only=False)
    of_customers = np.asarray(features, np.float32).reshape(len(block), -1)
    with threadpool_limits(limits=1):  # Spark has a worker a core
        scores = of_customers @ items.factors.T
    bought = block["bought"]
    rows = np.repeat(np.arange(len(block)), bought.value_lengths().to_numpy())
    places, is_listed = items.places(bought.flatten().to_numpy())
    scores[rows[is_listed], places[is_listed]] = -np.inf
    return _largest(scores, top_k)


def _largest(scores: Float32s, top_k: int) -> tuple[Int64s, Int64s, Float32s]:
    """The rows, columns and values of each row's `top_k` largest, without -inf; ties by column."""
    most = min(top_k, scores.shape[1])
    least = np.partition(scores, scores.shape[1] - most, axis=1)[:, scores.shape[1] - most]
    rows, columns = np.nonzero((scores >= least[:, None]) & (scores > -np.inf))
    values = scores[rows, columns]
    order = np.lexsort((columns, -values, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    is_best = _place_in_row(rows) < top_k  # ties with the last place are too many
    return rows[is_best], columns[is_best], values[is_best]


def _place_in_row(rows: Int64s) -> Int64s:
    """How many entries of its row come before each; `rows` ascend."""
    return np.arange(len(rows)) - np.searchsorted(rows, rows, side="left")


def _as_rows(
    block: pa.RecordBatch, items: ItemFactors, rows: Int64s, places: Int64s, scores: Float32s
) -> pa.RecordBatch:
    of_customer = {name: block[name].take(pa.array(rows)) for name in ("market", "customer_id")}
    columns = {
        **of_customer,
        "model": pa.repeat(pa.scalar(MODEL), len(rows)),
        "rank": pa.array((_place_in_row(rows) + 1).astype(np.int32)),
        "item_id": items.ids.take(pa.array(places)),
        "score": pa.array(scores.astype(np.float64)),
    }
    return pa.RecordBatch.from_pydict(columns)
